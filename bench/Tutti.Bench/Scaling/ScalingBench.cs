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
        var shape = Measured(one, rounds ?? UsualRounds);
        Simulate(one, shape, format);
        if (ProcessGroup.Has(GroupKind.Gloo)) Check(one, shape, rounds ?? UsualRounds, format);
        Grid.Notes(
        [
            .. Machine.Notes(),
            FormattableString.Invariant($"one process, one thread, {one.Batch} examples: {1000 * shape.Forward:0.0} ms before the last backward pass, {1000 * shape.Backward:0.0} ms in it, {1000 * shape.Fixed:0.0} ms fixed; {shape.Buckets.Sum() / 1e6:0} MB of gradients in {shape.Buckets.Count} buckets"),
            .. clusters.Select(cluster => FormattableString.Invariant($"{cluster.Name}: {(cluster.PerNode > 1 ? FormattableString.Invariant($"inside {1e6 * cluster.Inside.Latency:0} us, {cluster.Inside.Bandwidth / 1e9:0} GB/s; ") : "")}between {1e6 * cluster.Between.Latency:0} us, {cluster.Between.Bandwidth / 1e9:0.##} GB/s (stated, not measured)")),
            FormattableString.Invariant($"Gloo's columns: every rank computes as one core of this machine; NCCL's: products at {GpuRate / 1e12:0} TFLOP/s, optimizer in no time (stated, not measured)"),
        ], format);
    }

    /// <summary>The update of one process with one thread.</summary>
    static UpdateShape Measured(TrainCase one, int rounds)
    {
        var lines = BenchRanks.Run(1, "parts", one.Name, Figures.Exact(rounds))[1..];
        double Of(string key) => Figures.Median(lines.Select(line => (double)line[key]!)) / 1000;
        var (micro, forward, backward) = ((double)lines[0]["micro"]!, Of("forward"), Of("backward"));
        using var model = Berts.New(one.Size, 1);
        (long Bytes, DType Type)[] sizes = [.. model.Params.Items.Reverse().Select(item => (item.Stored.Count * item.Stored.DType.Size(), item.Stored.DType))];
        var buckets = Buckets.Divide(sizes, Bucket).Zip(sizes).GroupBy(pair => pair.First).OrderBy(group => group.Key).Select(group => (double)group.Sum(pair => pair.Second.Bytes));
        return new(forward + (backward * (1 - (1 / micro))), backward / micro, Of("update") - forward - backward, [.. buckets]);
    }

    static void Simulate(TrainCase one, UpdateShape shape, Format format)
    {
        var lengths = one.Lengths(4096);
        var flops = new Products(one.Size) is var products ? (products.Forward(lengths) + products.Backward(lengths)) / lengths.Length : 0;
        foreach (var batch in batches)
        {
            var scale = (double)batch / one.Batch;
            var cpu = shape with { Forward = (shape.Forward * scale) + (shape.Backward * (scale - 1)) };
            var gpu = new UpdateShape(batch * flops / GpuRate / 3, batch * flops / GpuRate * 2 / 3, 0, shape.Buckets);
            Console.WriteLine(FormattableString.Invariant($"{one.Name}, {batch} examples an update: seconds an update (times one rank)"));
            Grid.Print([["ranks", .. clusters.Select(cluster => cluster.Name)], .. counts.Select(ranks => (string[])[FormattableString.Invariant($"{ranks}"), .. clusters.Select(cluster => Cell(cluster.PerNode > 1 ? gpu : cpu, cluster, lengths, batch, ranks))])], format);
        }
    }

    static string Cell(UpdateShape shape, Cluster cluster, int[] lengths, int batch, int ranks)
    {
        double Of(int count) => SimulatedUpdate.Of(shape, cluster, Shares.Of(lengths, batch, count)).Seconds;
        var seconds = Of(ranks);
        return FormattableString.Invariant($"{seconds:G3} ({Of(1) / seconds:0.0})");
    }

    /// <summary>
    /// Predicted and real processes of this machine. With more processes than cores a process has its part of one: compute and optimizer take that much longer. What joins them is the loopback, measured by
    /// two sums of different sizes.
    /// </summary>
    static void Check(TrainCase one, UpdateShape shape, int rounds, Format format)
    {
        List<string[]> rows = [];
        foreach (var processes in (int[])[1, 2, 3, 4])
        {
            Console.Error.WriteLine(FormattableString.Invariant($"{one.Name}: {processes} real process(es)"));
            var seconds = BenchRanks.Run(processes, "updates", one.Name, Figures.Exact(rounds))[1..].Select(line => (double)line["seconds"]!).ToArray();
            var crowd = Math.Max(1.0, (double)processes / Environment.ProcessorCount);
            var here = new UpdateShape(shape.Forward * crowd, shape.Backward * crowd, shape.Fixed * crowd, shape.Buckets);
            var loopback = processes == 1 ? new Link("loopback", 0, double.PositiveInfinity) : Loopback(processes);
            var predicted = SimulatedUpdate.Of(here, new("", 1, loopback, loopback, Trees: false), Shares.Of(one.Lengths(one.Batch * one.Updates), one.Batch, processes)).Seconds;
            rows.Add([FormattableString.Invariant($"{processes}"), Figures.Spread([.. seconds.Select(value => 1000 * value)]), Figures.Number(1000 * predicted), FormattableString.Invariant($"{predicted / Figures.Median(seconds):0.00}"), FormattableString.Invariant($"{crowd:0.0}"),
                processes == 1 ? "" : FormattableString.Invariant($"{1e6 * loopback.Latency:0} us, {loopback.Bandwidth / 1e9:0.00} GB/s")]);
        }
        Console.WriteLine(FormattableString.Invariant($"{one.Name}, {one.Batch} examples an update: real processes of one thread on {Environment.ProcessorCount} cores, ms an update"));
        Grid.Print([["processes", "real", "predicted", "predicted / real", "processes a core", "loopback"], .. rows], format);
    }

    /// <summary>The alpha-beta model of one message, from all-reduces of two sizes.</summary>
    static Link Loopback(int processes)
    {
        const int Small = 1 << 10, Large = 16 << 20;
        var seconds = BenchRanks.Run(processes, "messages", Figures.Exact(Small), Figures.Exact(Large)).Select(line => (double)line["seconds"]!).ToArray();
        // A ring of n has 2 (n - 1) messages of 1/n of the bytes.
        var messages = 2.0 * (processes - 1);
        var bandwidth = messages * (Large - Small) / processes / Math.Max(1e-9, seconds[1] - seconds[0]);
        return new("loopback", Math.Max(0, (seconds[0] / messages) - (Small / (double)processes / bandwidth)), bandwidth);
    }
}
