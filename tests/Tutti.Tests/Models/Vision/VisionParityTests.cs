using Tutti.Models;
using Tutti.Nn;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Models.Vision;

/// <summary>
/// Every folder of 08_vision against the recorded values of transformers and timm: states, logits, loss, gradients of every parameter, with batch norms also by the statistics of the batch, and what these
/// leave behind. Nothing about a particular folder is written here.
/// </summary>
public sealed class VisionParityTests() : EngineTest(threads: 1)
{
    const double Tolerance = 1e-5;

    public static TheoryData<string> Folders() => VisionFixture.Folders();

    [Fact]
    public void There_are_folders_to_compare_with() => Assert.True(Folders().Count > 3);

    [Theory, MemberData(nameof(Folders))]
    public void States_logits_loss_and_gradients_equal_the_reference(string folder)
    {
        using var fixture = new VisionFixture(folder);
        using var model = fixture.Model();
        Assert.Empty(fixture.Report!.Missing);
        Assert.Empty(fixture.Report.Unexpected);
        List<Tensor> states = [];
        var logits = model.Logits(fixture.Batch, states.Add);
        Same(fixture.Case("logits"), logits, "logits");
        Same(fixture.Case("loss").Reshape(), Loss(fixture, logits), "loss");
        for (var i = 0; fixture.Has($"hidden_states.{i}"); i++) Same(fixture.Case($"hidden_states.{i}"), VisionFixture.Like(model, states[i], fixture.Case($"hidden_states.{i}")), $"hidden state {i}");
        if (fixture.Has("forward_features")) Same(fixture.Case("forward_features"), VisionFixture.Like(model, model.Features(fixture.Batch), fixture.Case("forward_features")), "features");
        Loss(fixture, logits).Backward();
        Gradients(fixture, model, "grads");
    }

    // The last norms see three numbers per channel, some of nearly no variance: there rounding grows. The reference's own float32 lies up to 2.5e-5 from its float64, with channels last 6e-5 (measured
    // with torch alone), gradients up to 5e-5 of the largest; so these bounds, and 4e-5 for logits in float64, say what the record itself is off.
    [Theory, MemberData(nameof(Folders))]
    public void In_training_batch_norms_go_by_the_batch_and_remember_it_as_the_reference(string folder)
    {
        using var fixture = new VisionFixture(folder);
        Assert.SkipUnless(fixture.Has("logits_train"), "the network has no batch norms");
        foreach (var (dtype, tolerance, slope) in new[] { (DType.Float64, 4e-5, 1e-4), (DType.Float32, 1e-4, 1e-4) })
        {
            using var model = fixture.Model(dtype);
            model.Params.Run.Training = true;
            foreach (var checkpointing in new[] { false, true })
            {
                model.Params.Run.Checkpointing = checkpointing;
                foreach (var item in model.Params.Items) item.Stored.SetGrad(null);
                var logits = model.Logits(fixture.Batch);
                Same(fixture.Case("logits_train"), logits, $"logits in training, {dtype}", tolerance);
                var loss = Loss(fixture, logits);
                Same(fixture.Case("loss_train").Reshape(), loss, "loss in training", tolerance);
                loss.Backward();
                Gradients(fixture, model, "grads_train", slope);
            }
            model.Params.Run.Statistics.Settle();
            var buffers = model.Params.Items.Where(item => item.Name.Contains(".running_", StringComparison.Ordinal)).ToArray();
            Assert.NotEmpty(buffers);
            foreach (var item in buffers) Same(fixture.Case("buffer_after_one_train_forward." + item.Name), item.Value, item.Name);
        }
    }

    [Theory, MemberData(nameof(Folders))]
    public void A_saved_folder_read_back_gives_identical_bits(string folder)
    {
        using var fixture = new VisionFixture(folder);
        using var temp = Shared.Temp();
        using var model = fixture.Model();
        ModelFolder.Save(model, temp.Path);
        using var again = ModelFolder.LoadPictures(temp.Path, null, 0, out var report);
        Assert.Empty(report.Missing);
        Assert.Empty(report.Unexpected);
        Assert.Equal(model.Forward(fixture.Batch).ToArray<float>(), again.Forward(fixture.Batch).ToArray<float>());
    }

    // Other paths of the code: no kernels of ours. The recorded logits of float64 are exact.
    [Theory, MemberData(nameof(Folders))]
    public void Logits_in_float64_equal_those_of_the_reference(string folder)
    {
        using var fixture = new VisionFixture(folder);
        using var model = fixture.Model(DType.Float64);
        var (expected, actual) = (fixture.Case("logits_f64").To(DType.Float64).ToArray<double>(), model.Forward(fixture.Batch).ToArray<double>());
        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], Tolerance);
    }

    // As for texts: bfloat16 keeps 8 bits, and errors of the layers add up like noise.
    [Theory, MemberData(nameof(Folders))]
    public void Logits_in_bf16_stay_near_those_in_fp32(string folder)
    {
        using var fixture = new VisionFixture(folder);
        using var model = fixture.Model();
        using var none = Modes.NoGrad();
        var exact = model.Forward(fixture.Batch);
        using var mode = Modes.Autocast(Device.Cpu, DType.BFloat16);
        var rough = model.Forward(fixture.Batch).To(DType.Float32);
        Modes.ClearAutocast();
        Assert.NotEqual(exact.ToArray<float>(), rough.ToArray<float>());
        Assert.True((rough - exact).Abs().Max().Item() <= 3e-2 * Math.Max(1, exact.Abs().Max().Item()), $"{(rough - exact).Abs().Max().Item()}");
    }

    static Tensor Loss(VisionFixture fixture, Tensor logits) => Losses.CrossEntropy(logits, fixture.Case("labels")) / fixture.Batch.Count;

    static void Gradients(VisionFixture fixture, VisionModel model, string name, double slope = 5e-6)
    {
        using var expected = fixture.Gradients(name);
        var compared = 0;
        var largest = expected.Entries.Keys.Max(key => Scope.Run(() => expected.Read(key).Abs().Max()).Item());
        foreach (var item in model.Params.Items)
        {
            if (!expected.Entries.ContainsKey(item.Name)) Assert.Null(item.Stored.Grad);
            else
            {
                Same(expected.Read(item.Name), item.Stored.Grad!, "gradient of " + item.Name, slope * Math.Max(1, largest));
                compared++;
            }
        }
        Assert.Equal(expected.Entries.Count, compared);
    }

    static void Same(Tensor expected, Tensor actual, string what, double tolerance = Tolerance)
    {
        Assert.True(expected.Shape.SequenceEqual(actual.Shape), $"{what}: {actual} instead of {expected}");
        var worst = (actual.To(DType.Float64) - expected.To(DType.Float64)).Abs().Max().Item();
        Assert.True(worst <= tolerance, FormattableString.Invariant($"{what} differs by {worst:0.0e0}, allowed {tolerance:0.0e0}"));
    }
}
