using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Tests.Models;
using Tutti.Tests.Nn;
using Tutti.Tests.OtherDevice;
using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Training;

/// <summary>A fit on a device that is not the CPU: everything is there, nothing waits for it but one read per update, and the numbers are the CPU's.</summary>
public sealed class DeviceFitTests() : EngineTest(threads: 1)
{
    static readonly TrainConfig config = new() { Batch = 16, Epochs = 3, LearningRate = 5e-3, MicroTokens = 60, LabelSmoothing = 0.1, MaxGradientNorm = 0.5 };
    static readonly double[] classWeights = [0.5, 2];
    static readonly Example[] train = SomeExamples.Of(40), valid = SomeExamples.Of(12, seed: 2);

    static TextModel Model(Device device, string type = "bert", double dropout = 0) => Tiny.Model(type, dropout: dropout, device: device);

    static Dictionary<string, float[]> Weights(TextModel model) => model.Params.Items.ToDictionary(item => item.Name, item => item.Value.ToArray<float>());

    [Theory, InlineData("other", "bert"), InlineData("other", "roberta"), InlineData("cuda", "bert")]
    public void It_learns_what_the_CPU_learns_and_leaves_everything_on_the_device(string on, string type)
    {
        (double[] Losses, double[] Norms, Dictionary<string, float[]> Weights, double[] Predictions) Fit(Device device)
        {
            using var model = Model(device, type);
            var steps = new SomeExamples.Kept<StepResult>();
            new Learner(model, config with { Tf32 = false }, 1, classWeights).FitInTest(train, valid, new(steps));
            Assert.All(model.Params.Items, item => Assert.Equal(device, item.Value.Device));
            return ([.. steps.Select(step => step.Loss)], [.. steps.Select(step => step.GradientNorm)], Weights(model), SomeExamples.Predict(model, valid));
        }
        var (cpu, other) = (Fit(Device.Cpu), Fit(Other.Named(on)));
        Assert.Equal(9, cpu.Losses.Length);
        // The same arithmetic in another order (padding by an index, AdamW by another kernel): float32's rounding, which nine updates enlarge.
        Assert.InRange(Check.Worst(cpu.Losses, other.Losses), 0, 1e-4);
        Assert.InRange(Check.Worst(cpu.Norms, other.Norms), 0, 1e-3);
        Assert.InRange(Check.Worst(cpu.Predictions, other.Predictions), 0, 1e-3);
        foreach (var (name, values) in cpu.Weights)
            Assert.InRange(values.Zip(other.Weights[name]).Max(pair => Math.Abs(pair.First - pair.Second)), 0, name.EndsWith("key.bias", StringComparison.Ordinal) ? 0.1 : 5e-3);
    }

    [Fact]
    public void An_update_waits_for_the_device_once_however_many_micro_batches_it_has()
    {
        using var model = Model(Other.Device, dropout: 0.1);
        var (seen, micro) = (new List<(int Epoch, OtherCounts Counts)>(), Batches.Epoch(train, config.Batch, 1, 1)[0]);
        Assert.True(Batches.Micro(micro, config.MicroTokens).Count > 1);
        new Learner(model, config, 1, classWeights).FitInTest(train, valid, new(new Counting(step => seen.Add((step.Epoch, Other.Counts)))));
        for (var i = 1; i < seen.Count; i++)
            if (seen[i].Epoch == seen[i - 1].Epoch) Assert.Equal((1L, 0L), ((seen[i].Counts - seen[i - 1].Counts).Reads, (seen[i].Counts - seen[i - 1].Counts).BlockingWrites));
        Assert.Equal(9, seen.Count);
    }

    [Theory, InlineData(0.0), InlineData(0.2)]
    public void Activations_computed_again_give_the_same_gradient(double dropout)
    {
        using var model = Model(Other.Device, dropout: dropout);
        (double, Dictionary<string, float[]>) Gradients(bool checkpointing)
        {
            var loss = new Learner(model, config, 5, classWeights).Gradients(Batches.Micro(train, 60), 3, checkpointing);
            var gradients = model.Params.Items.ToDictionary(item => item.Name, item => item.Value.Grad!.ToArray<float>());
            foreach (var item in model.Params.Items) item.Value.SetGrad(null);
            return (loss, gradients);
        }
        var (plain, again) = (Gradients(false), Gradients(true));
        Assert.Equal(plain.Item1, again.Item1);
        foreach (var (name, values) in plain.Item2) Assert.Equal(values, again.Item2[name], (a, b) => Math.Abs(a - b) <= 1e-5f);
        Assert.True(plain.Item1 > 0);
    }

    [Fact]
    public void Memory_that_ends_in_an_update_is_replayed_there_too()
    {
        using var model = SmallEncoder.Model(device: Other.Device, dropout: 0);   // a generator's masks would depend on the cut
        using var sum = new GradientSum(model, config, 5);
        var examples = SmallEncoder.Examples(24);
        double Update(Action<Example[], bool>? replayed)
        {
            using var mode = sum.Update(3);
            return sum.Add(examples, sum.Divisor(examples), replayed) + sum.ReadWaiting();
        }
        var before = Memory.Stats(Device.Cpu, resetPeak: true).InUse;
        var loss = Update(null);
        var peak = Memory.Stats(Device.Cpu).Peak;
        var gradients = model.Params.Items.ToDictionary(item => item.Name, item => item.Value.Grad!.ToArray<float>());
        foreach (var item in model.Params.Items) item.Value.SetGrad(null);
        var replays = 0;
        Memory.Limit(Other.Device, before + ((peak - before) / 2));
        try
        {
            Assert.Equal(loss, Update((_, _) => replays++), 1e-5);
        }
        finally
        {
            Memory.Limit(Other.Device, null);
        }
        Assert.True(replays > 0);
        foreach (var item in model.Params.Items) Assert.Equal(gradients[item.Name], item.Value.Grad!.ToArray<float>(), (a, b) => Math.Abs(a - b) <= 1e-5f);
        foreach (var item in model.Params.Items) item.Value.SetGrad(null);
    }

    [Fact]
    public void A_loss_that_breaks_names_its_row()
    {
        using var model = Model(Other.Device);
        using (Modes.NoGrad()) model.Params.Items[0].Value.Narrow(0, train[0].Ids[1], 1).Fill(double.NaN);
        var error = Assert.Throws<TrainingException>(() => new Learner(model, config with { Batch = 40 }, 1).FitInTest(train, valid));
        Assert.Contains("update 1: the loss is NaN", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Cancelled in the middle of the fourth update, on one device, and gone on with on another.</summary>
    [Theory, InlineData(true, true), InlineData(false, true), InlineData(true, false)]
    public void A_fit_that_is_cut_goes_on_from_its_point_also_on_another_device(bool first, bool second)
    {
        using var temp = Shared.Temp();
        var notes = new SomeExamples.Kept<string>();
        Device On(bool other) => other ? Other.Device : Device.Cpu;
        float[] Fit(string folder, Device device, int? cancelAt)
        {
            using var cancel = new CancellationTokenSource();
            using var model = Model(device);
            var store = new FitStore(new ResumeFolder(temp.File(folder)), TimeSpan.Zero, new JsonObject { ["fit"] = 1 });
            try
            {
                new Learner(model, config, 1, classWeights, store: store).Fit(train, valid, new(new Counting(step =>
                {
                    if (step.Update == cancelAt) cancel.Cancel();
                }), Notes: notes), cancel.Token);
            }
            catch (OperationCanceledException) when (cancelAt is not null)
            {
                return [];
            }
            return [.. Weights(model).OrderBy(pair => pair.Key, StringComparer.Ordinal).SelectMany(pair => pair.Value)];
        }
        var whole = Fit("whole", On(second), null);
        Fit("cut", On(first), 4);
        var resumed = Fit("cut", On(second), null);
        Assert.Contains(notes, note => note.StartsWith("goes on after update 4", StringComparison.Ordinal));
        if (first == second) Assert.Equal(whole, resumed);
        else
        {
            Assert.Contains(notes, note => note == $"the resume point was written on {On(first)}, this is {On(second)}: results may differ in the last bits");
            Assert.Equal(whole, resumed, (a, b) => Math.Abs(a - b) <= 0.1f);
        }
    }

    [Fact]
    public void The_optimizers_state_stays_in_memory_where_a_file_cannot_hold_it()
    {
        using var model = SmallEncoder.Model(device: Other.Device);
        using var sum = new GradientSum(model, config, 5);
        Assert.Null(new MemoryPlanner(model, config, 1, sum, Path.GetTempPath()).Try(SmallEncoder.Examples(24), checkpointing: true, paged: true));
        using var onCpu = SmallEncoder.Model();
        Assert.True(MemoryNeed.Smallest(model, 80, 4) >= MemoryNeed.Smallest(onCpu, 80, 4) + (2 * MemoryNeed.WeightBytes(onCpu)));       // both moments
        Assert.Contains("optimizer's state beside it", MemoryNeed.TooSmall(onCpu, 80, 4, 1000, device: Device.Cuda()).Message, StringComparison.Ordinal);
    }

    sealed class Counting(Action<StepResult> then) : IProgress<StepResult>
    {
        public void Report(StepResult value) => then(value);
    }
}
