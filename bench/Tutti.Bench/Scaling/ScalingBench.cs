using Tutti.Distributed;
using Tutti.Torch;

namespace Tutti.Bench.Scaling;

/// <summary>
/// Time per update from 1 to 1,024 ranks, as the simulator predicts it from one process's measured update, its messages, and links' figures; and the same simulator beside real processes of this machine.
/// </summary>
sealed record ScalingBench() : Measurement("scaling", "time per update from 1 to 1,024 ranks, simulated from one process's measured update; checked against 2, 3 and 4 processes", [.. TrainCase.All.Where(one => one is { PeerGroups: false, PeerPrecision: null }).Select(one => one.Name)])
{
    const long Bucket = 25 << 20;

    /// <summary>Sustained rate of a GPU's products, where none was measured: a stated figure.</summary>
    const double GpuRate = 2e14;

    static readonly int[] counts = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
    static readonly int[] batches = [64, 4096];

    // Stated: messages' latency through Gloo over TCP, and 94 % of Ethernet's rate; NVLink 4 and 400 Gb/s InfiniBand as NCCL's own tests commonly reach them.
    static readonly Cluster[] clusters =
    [
        new("Gloo, 1 Gb Ethernet", 1, new("none", 0, double.PositiveInfinity), new("1 Gb/s", 60e-6, 0.1175e9), Trees: false),
        new("Gloo, 10 Gb Ethernet", 1, new("none", 0, double.PositiveInfinity), new("10 Gb/s", 40e-6, 1.175e9), Trees: false),
        new("Gloo, 25 Gb Ethernet", 1, new("none", 0, double.PositiveInfinity), new("25 Gb/s", 35e-6, 2.94e9), Trees: false),
        new("NCCL, 8 GPUs on NVLink a machine, InfiniBand", 8, new("NVLink 4", 3e-6, 300e9), new("400 Gb/s", 6e-6, 46e9), Trees: true),
    ];

    public override void Run(IReadOnlyList<string> cases, int? rounds, Format format)
    {
        // One case unless it is named: a check takes minutes.
        var one = TrainCase.Find(cases.Count == Cases.Count ? "bert-tiny-tweets-fp32" : cases[0]);
        var alone = Measured(one, 1, rounds ?? UsualRounds);
        var shape = alone.Shape;
        Simulate(one, shape, format);
        if (ProcessGroup.Has(GroupKind.Gloo)) Check(one, [alone, .. Enumerable.Range(2, 3).Select(processes => Measured(one, processes, rounds ?? UsualRounds))], format);
        Grid.Notes(
        [
            .. Machine.Notes(),
            FormattableString.Invariant($"one process, one thread, {one.Batch} examples: {1000 * shape.Forward:0.0} ms before the last backward pass, {1000 * shape.Backward:0.0} ms in it, and {1000 * (shape.Least.Forward + shape.Least.Backward):0.0} ms of both however few examples there are; {1000 * shape.Fixed:0.0} ms fixed"),
            FormattableString.Invariant($"summed: {shape.Buckets.Sum() / 1e6:0.0} MB of gradients in {shape.Buckets.Count} buckets, and behind backward {shape.Behind.Sum() / 1e6:0.00} MB of rows and words in {shape.Behind.Count} sums (ids at random; NCCL's columns: whole tables, in buckets)"),
            .. clusters.Select(cluster => FormattableString.Invariant($"{cluster.Name}: {(cluster.PerNode > 1 ? FormattableString.Invariant($"inside {1e6 * cluster.Inside.Latency:0} us, {cluster.Inside.Bandwidth / 1e9:0} GB/s; ") : "")}between {1e6 * cluster.Between.Latency:0} us, {cluster.Between.Bandwidth / 1e9:0.##} GB/s (stated, not measured)")),
            FormattableString.Invariant($"Gloo's columns: every rank computes as one core of this machine; NCCL's: products at {GpuRate / 1e12:0} TFLOP/s, optimizer in no time (stated, not measured)"),
        ], format);
    }

    /// <param name="Processes">That compute side by side, one thread each.</param>
    /// <param name="Shape">The whole update in each of them.</param>
    /// <param name="Loopback">What joins them.</param>
    /// <param name="Together">Seconds of the update that they share.</param>
    sealed record SideBySide(int Processes, UpdateShape Shape, Link Loopback, double Together);

    /// <summary>A pass of few examples takes longer than its share: two sizes of updates give a line.</summary>
    static SideBySide Measured(TrainCase one, int processes, int rounds)
    {
        Console.Error.WriteLine(FormattableString.Invariant($"{one.Name}: {processes} real process(es)"));
        var buckets = BucketsOf(one, tables: false);
        var (small, large) = (1 << 10, Math.Clamp((int)buckets.Max(), 1 << 20, (int)Bucket));
        var lines = BenchRanks.Run(processes, "scaling", one.Name, Figures.Exact(rounds), Figures.Exact(small), Figures.Exact(large));
        double Of(string key, string kind, int size) => Figures.Median(lines.Where(line => line[kind] is { } found && (int)found == size).Select(line => (double)line[key]!));
        (double Forward, double Backward, double Fixed) Parts(int examples)
        {
            double Part(string key) => Of(key, "examples", examples);
            var (micro, forward, backward) = (Part("micro"), Part("forward"), Part("backward"));
            return (forward + (backward * (1 - (1 / micro))), backward / micro, Part("update") - forward - backward);
        }

        var few = Math.Max(1, one.Batch / RankWork.Small);
        var (whole, part) = (Parts(one.Batch), Parts(few));
        double Slope(double all, double some) => Math.Clamp((all - some) / (1 - ((double)few / one.Batch)), 0, all);
        var (forward, backward) = (Slope(whole.Forward, part.Forward), Slope(whole.Backward, part.Backward));
        var shape = new UpdateShape(forward, backward, whole.Fixed, buckets) { Least = (whole.Forward - forward, whole.Backward - backward), Behind = BehindOf(one, one.Batch) };
        var loopback = processes == 1 ? new("", 0, double.PositiveInfinity) : Loopback(processes, (small, Of("seconds", "bytes", small)), (large, Of("seconds", "bytes", large)));
        return new(processes, shape, loopback, Figures.Median(lines.Where(line => line["together"] is not null).Select(line => (double)line["together"]!)));
    }

    /// <summary>Bytes of the buckets that gradients are summed in; those of tables that come by rows are not among them.</summary>
    static IReadOnlyList<double> BucketsOf(TrainCase one, bool tables)
    {
        using var model = Berts.New(one.Size, 1);
        (long Bytes, DType Type)[] sizes = [.. model.Params.Items.Where(item => tables || !item.ByRows).Reverse().Select(item => (item.Stored.Count * item.Stored.DType.Size(), item.Stored.DType))];
        return [.. Buckets.Divide(sizes, Bucket).Zip(sizes).GroupBy(pair => pair.First).OrderBy(group => group.Key).Select(group => (double)group.Sum(pair => pair.Second.Bytes))];
    }

    /// <summary>What is summed behind backward: the loss, what ranks tell each other, and of the tables of words and positions how many rows each rank names, which, and their gradients.</summary>
    static double[] BehindOf(TrainCase one, int examples)
    {
        var lengths = one.Lengths(one.Batch * one.Updates);
        double words = one.Size.Vocabulary, tokens = examples * lengths.Average();
        double Rows(double rows) => rows * sizeof(float) * one.Size.Hidden;
        var (named, positions) = (words * (1 - Math.Pow(1 - (1 / words), tokens)), (double)lengths.Max());
        return [sizeof(double), sizeof(double), sizeof(double), sizeof(long) * named, Rows(named), sizeof(double), sizeof(long) * positions, Rows(positions)];
    }

    static void Simulate(TrainCase one, UpdateShape shape, Format format)
    {
        var lengths = one.Lengths(4096);
        var flops = new Products(one.Size) is var products ? (products.Forward(lengths) + products.Backward(lengths)) / lengths.Length : 0;
        foreach (var batch in batches)
        {
            var scale = (double)batch / one.Batch;
            var cpu = shape with { Forward = (shape.Forward * scale) + (shape.Backward * (scale - 1)), Behind = BehindOf(one, batch) };
            var gpu = new UpdateShape(batch * flops / GpuRate / 3, batch * flops / GpuRate * 2 / 3, 0, BucketsOf(one, tables: true));
            Console.WriteLine(FormattableString.Invariant($"{one.Name}, {batch} examples an update: seconds an update (times one rank)"));
            Grid.Print([["ranks", .. clusters.Select(cluster => cluster.Name)], .. counts.Select(ranks => (string[])[FormattableString.Invariant($"{ranks}"), .. clusters.Select(cluster => Cell(cluster.PerNode > 1 ? gpu : cpu, cluster, lengths, batch, ranks))])], format);
        }
    }

    static string Cell(UpdateShape shape, Cluster cluster, int[] lengths, int batch, int ranks)
    {
        double Of(int count) => SimulatedUpdate.Of(shape, cluster, DrawnShares.Of(lengths, batch, count)).Seconds;
        var seconds = Of(ranks);
        return FormattableString.Invariant($"{seconds:G3} ({Of(1) / seconds:0.0})");
    }

    /// <summary>
    /// Predicted and real processes of this machine. Its processes share cores and memory: their compute is what as many of them take side by side without exchanging anything. What joins them is the
    /// loopback, measured by sums of two sizes. What is predicted is what training together adds: shares, sums, and what of them backward hides.
    /// </summary>
    static void Check(TrainCase one, SideBySide[] measured, Format format)
    {
        List<string[]> rows = [];
        foreach (var (processes, shape, loopback, together) in measured)
        {
            var update = SimulatedUpdate.Of(shape, new("", 1, loopback, loopback, Trees: false), DrawnShares.Of(one.Lengths(one.Batch * one.Updates), one.Batch, processes));
            rows.Add([FormattableString.Invariant($"{processes}"), Figures.Number(1000 * together), Figures.Number(1000 * update.Seconds), FormattableString.Invariant($"{100 * ((update.Seconds / together) - 1):+0;-0;0} %"),
                Figures.Number(1000 * (shape.Compute(1) + shape.Fixed)), Figures.Number(1000 * update.Waited), processes == 1 ? "" : FormattableString.Invariant($"{1e6 * loopback.Latency:0} us, {loopback.Bandwidth / 1e9:0.00} GB/s")]);
        }
        Console.WriteLine(FormattableString.Invariant($"{one.Name}, {one.Batch} examples an update: real processes of one thread on {Environment.ProcessorCount} cores, ms an update"));
        Grid.Print([["processes", "real", "predicted", "error", "whole update, side by side", "predicted to wait for sums", "loopback"], .. rows], format);
    }

    /// <summary>The alpha-beta model of one message, from all-reduces of two sizes.</summary>
    static Link Loopback(int processes, (double Bytes, double Seconds) small, (double Bytes, double Seconds) large)
    {
        // A ring of n has 2 (n - 1) messages of 1/n of the bytes.
        var messages = 2.0 * (processes - 1);
        var bandwidth = messages * (large.Bytes - small.Bytes) / processes / Math.Max(1e-9, large.Seconds - small.Seconds);
        return new("loopback", Math.Max(0, (small.Seconds / messages) - (small.Bytes / processes / bandwidth)), bandwidth);
    }
}
