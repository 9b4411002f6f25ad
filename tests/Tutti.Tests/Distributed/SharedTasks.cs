using System.Text.Json.Nodes;
using Tutti.Distributed;
using Tutti.Models;
using Tutti.Tests.Models;
using Tutti.Tests.Training;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Distributed;

/// <summary>What is computed by one process and by several, to be compared: numbers by name.</summary>
static class SharedTasks
{
    static readonly double[] classWeights = [0.3, 2, 1];
    static readonly TrainConfig config = new() { LabelSmoothing = 0.1, Batch = 16, Epochs = 3, LearningRate = 3e-3, MicroTokens = 60, MaxGradientNorm = 0.5, Warmup = 0 };

    static TextModel Model(DType dtype) => Tiny.Model(classes: 3, dropout: 0.1, dtype: dtype);

    /// <summary>The gradient of an update of ragged texts, with class weights, label smoothing and dropout, and its loss.</summary>
    /// <param name="limit">Bytes that tensors may take beside what is in use when the update begins; 0: no limit.</param>
    /// <param name="shortage">Where memory ends once.</param>
    public static Dictionary<string, double[]> Gradients(Ranks? ranks, int count, DType dtype, bool checkpointing = false, long limit = 0, List<int>? cuts = null, Shortage? shortage = null)
    {
        using var model = Model(dtype);
        var examples = SomeExamples.Of(count, classes: 3);
        using var sum = new GradientSum(model, config, 5, classWeights);
        using var shared = ranks is null ? null : new SharedFit(ranks, model, config, new ShuffledRows(examples, count, 1));
        double loss = 0;
        using (sum.Update(3, checkpointing))
        {
            shared?.Begin();
            var whole = new Accumulation(examples, sum.Divisor(examples), shared?.Mine(examples));
            var cut = new MicroCut(config.MicroTokens);
            if (limit > 0) Memory.Limit(Memory.Stats(Device.Cpu).InUse + limit);
            while (whole.Next(cut.Tokens) is { } part)
            {
                if (whole.IsLast(part)) shared?.Last();
                shortage?.Before(part, whole.IsLast(part));
                whole.Add(part, sum.Add(part, whole.Divisor, (cutPart, _) =>
                {
                    shared?.Replayed();
                    shortage?.Met();
                    cut.Shrink(cutPart.Length * cutPart[0].Length);
                }), 0, 0);
            }
            Memory.Limit(null);
            if (shortage is { WasMet: false }) throw new InvalidOperationException($"memory was to end in the {shortage.Where} micro-batch, and did not");
            loss = whole.Loss;
            cuts?.Add(cut.Tokens);
            if (shared is not null)
            {
                var word = shared.Reduce(loss, new(0, cut.Tokens, false, false));
                loss = word.Loss;
                cuts?.Add(word.Tokens);
            }
        }
        var result = model.Params.Items.ToDictionary(item => item.Name, item => Scope.Run(() => item.Value.Grad!.To(DType.Float64)).ToArray<double>());
        result["loss"] = [loss];
        return result;
    }

    /// <summary>Memory that ends once, in one micro-batch of a process's share, and is there again when that is computed in pieces.</summary>
    /// <param name="where">"first", "middle" or "last".</param>
    /// <param name="share">Of what the micro-batch takes by itself: how far it comes.</param>
    public sealed class Shortage(string where, double share)
    {
        int seen;

        public string Where => where;
        public bool WasMet { get; private set; }

        public void Before(Example[] part, bool last)
        {
            var here = (seen++, last) switch { (0, _) => "first", (_, true) => "last", _ => "middle" };
            if (here == where && !WasMet) Memory.Limit(Memory.Stats(Device.Cpu).InUse + (long)(share * PeakOf(part)));
        }

        public void Met()
        {
            WasMet = true;
            Memory.Limit(null);
        }

        static long PeakOf(Example[] part)
        {
            using var model = Model(DType.Float64);
            using var sum = new GradientSum(model, config, 5, classWeights);
            using var mode = sum.Update(3);
            var (before, divisor) = (Memory.Stats(Device.Cpu, resetPeak: true).InUse, sum.Divisor(part));
            sum.AddOnce(part, divisor);
            return Memory.Stats(Device.Cpu).Peak - before;
        }
    }

    /// <summary>The bytes beside what is in use with which a fit of one process is planned with half the micro-batches that its settings allow, or less.</summary>
    public static long TightLimit()
    {
        List<double> planned = [];
        for (var limit = 4L << 20; limit > 0; limit -= limit / 16)
        {
            planned.Clear();
            try
            {
                Fit(null, DType.Float64, limit: limit, planned: planned);
            }
            catch (Exception e) when (e is ConfigException or TorchMemoryException)
            {
                throw new InvalidOperationException("no limit makes micro-batches smaller and has room for them", e);
            }
            if (planned[0] <= config.MicroTokens / 2.0) return limit;
        }
        throw new InvalidOperationException("no limit makes micro-batches smaller");
    }

    /// <summary>The bytes that one process's part of an update takes at the peak, computed without the others; 0 where a limit has no room for it.</summary>
    public static long PeakOfShare(int rank, int ranks, long limit)
    {
        using var model = Model(DType.Float64);
        var examples = SomeExamples.Of(64, classes: 3);
        using var sum = new GradientSum(model, config, 5, classWeights);
        using var mode = sum.Update(3);
        var share = new Accumulation(examples, sum.Divisor(examples), [.. Shares.Of(examples, rank, ranks).Select(place => examples[place])]);
        var (before, cut) = (Memory.Stats(Device.Cpu, resetPeak: true).InUse, new MicroCut(config.MicroTokens));
        try
        {
            if (limit > 0) Memory.Limit(before + limit);
            while (share.Next(cut.Tokens) is { } part) share.Add(part, sum.Add(part, share.Divisor, (tooMuch, _) => cut.Shrink(tooMuch.Length * tooMuch[0].Length)), 0, 0);
            return Memory.Stats(Device.Cpu).Peak - before;
        }
        catch (TorchMemoryException)
        {
            return 0;
        }
        finally
        {
            Memory.Limit(null);
        }
    }

    /// <summary>A whole fit whose last update of every epoch is short: losses, norms, what its evaluations said, and its weights at the end.</summary>
    /// <param name="limit">Bytes that tensors may take beside what is in use; 0: no limit.</param>
    /// <param name="planned">Gets the most tokens of a micro-batch.</param>
    public static Dictionary<string, double[]> Fit(Ranks? ranks, DType dtype, FitStore? store = null, int stopAfter = 0, bool stopHere = true, List<string>? notes = null, long limit = 0, List<double>? planned = null)
    {
        var inUse = Memory.Stats(Device.Cpu).InUse;
        using var model = Model(dtype);
        var (train, valid) = (SomeExamples.Of(42, classes: 3), SomeExamples.Of(23, classes: 3, seed: 2));
        using var stop = new CancellationTokenSource();
        List<double> losses = [], norms = [], scores = [], examples = [];
        var progress = new FitProgress(new Told<StepResult>(step =>
        {
            losses.Add(step.Loss);
            norms.Add(step.GradientNorm);
            examples.Add(step.Examples);
            if (step.Update == stopAfter && stopHere) stop.Cancel();
        }), new Told<EvaluationResult>(result => scores.AddRange([result.Loss, result.Accuracy, result.MacroF1])), Notes: new Told<string>(note => notes?.Add(note)), Plans: new Told<MemoryReport>(report => planned?.Add(report.Plan.MicroTokens)));
        try
        {
            if (limit > 0) Memory.Limit(inUse + limit);
            new Learner(model, config, 5, classWeights, store: store) { Ranks = ranks }.Fit(train, valid, progress, stop.Token);
        }
        catch (OperationCanceledException) when (stopAfter > 0)
        {
            // as it was asked to
        }
        finally
        {
            Memory.Limit(null);
        }
        var result = model.Params.Items.ToDictionary(item => item.Name, item => Scope.Run(() => item.Value.To(DType.Float64)).ToArray<double>());
        (result["losses"], result["norms"], result["scores"], result["examples"]) = ([.. losses], [.. norms], [.. scores], [.. examples]);
        return result;
    }

    /// <summary>A fit that ends after an update and leaves a resume point.</summary>
    public static void Half(Ranks? ranks, string folder, bool stopHere = true) => Fit(ranks, DType.Float64, ranks is { IsFirst: false } ? null : Store(folder), stopAfter: 4, stopHere);

    /// <summary>Goes on from such a point.</summary>
    public static Dictionary<string, double[]> Rest(Ranks? ranks, string folder) => Fit(ranks, DType.Float64, ranks is { IsFirst: false } ? null : Store(folder));

    static FitStore Store(string folder) => new(new ResumeFolder(folder), TimeSpan.FromHours(1), new JsonObject { ["fit"] = 1 });

    sealed class Told<T>(Action<T> to) : IProgress<T>
    {
        public void Report(T value) => to(value);
    }

    public static void Write(string file, Dictionary<string, double[]> numbers)
    {
        using var writer = new BinaryWriter(File.Create(file));
        writer.Write(numbers.Count);
        foreach (var (name, values) in numbers)
        {
            writer.Write(name);
            writer.Write(values.Length);
            foreach (var value in values) writer.Write(value);
        }
    }

    public static Dictionary<string, double[]> Read(string file)
    {
        using var reader = new BinaryReader(File.OpenRead(file));
        var numbers = new Dictionary<string, double[]>();
        for (var count = reader.ReadInt32(); count > 0; count--)
        {
            var name = reader.ReadString();
            var values = new double[reader.ReadInt32()];
            for (var i = 0; i < values.Length; i++) values[i] = reader.ReadDouble();
            numbers[name] = values;
        }
        return numbers;
    }
}
