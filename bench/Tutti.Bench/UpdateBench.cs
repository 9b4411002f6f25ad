using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Bench;

/// <summary>
/// Where the time of our update goes, and how near it comes to what the machine's matrix products allow: in every round one pass of updates by
/// Learner, one with a clock between the parts, and the products alone at the same shapes.
/// </summary>
sealed record UpdateBench() : Measurement("update", "one update of ours broken into its parts, beside the time that its matrix products alone would take", [.. TrainCase.All.Where(one => one is { PeerGroups: false, PeerPrecision: null }).Select(one => one.Name)])
{
    public override void Run(IReadOnlyList<string> cases, int? rounds, Format format)
    {
        List<UpdateOutcome> outcomes = [];
        foreach (var one in cases.Select(TrainCase.Find))
        {
            outcomes.Add(Measure(one, rounds ?? UsualRounds));
            if (format == Format.Json) Console.WriteLine(outcomes[^1].Json().ToJsonString());
        }
        if (format != Format.Json) UpdateOutcome.Print(outcomes, format);
    }

    /// <summary>Measures one case.</summary>
    public static UpdateOutcome Measure(TrainCase one, int rounds)
    {
        Memory.Trim();
        using var ours = new TrainUpdates(one, one.Lengths(one.Batch * one.Updates));
        var work = UpdateWork.Of(one, ours.Pass);
        List<UpdateRound> measured = [];
        var watch = new Watch();
        for (var round = 0; round <= rounds; round++)
        {
            Console.Error.WriteLine(round == 0 ? $"{one.Name}: warming up" : FormattableString.Invariant($"{one.Name}: round {round} of {rounds}"));
            if (round == 1) watch.Begin(null);
            var learner = 1000 * one.Batch / ours.Round().Value;
            measured.Add(new(learner, ours.Parts(), Sweep.Of(work, DType.Float32), Sweep.Of(work, DType.BFloat16)));
        }
        return new(one, work, measured[1..], watch.End(null));
    }
}

/// <summary>The products of one case's updates.</summary>
/// <param name="Forward">Billions of operations of an update's forward pass, on average.</param>
/// <param name="Backward">The same of backward.</param>
/// <param name="Layers">The linear layers of all updates, and how many there are of each shape.</param>
/// <param name="Updates">Of a pass.</param>
sealed record UpdateWork(double Forward, double Backward, IReadOnlyList<(LinearShape Shape, int Count)> Layers, int Updates)
{
    public double Gflop => Forward + Backward;

    public static UpdateWork Of(TrainCase one, IReadOnlyList<IReadOnlyList<Example[]>> pass)
    {
        var products = new Products(one.Size);
        int[][] parts = [.. pass.SelectMany(update => update).Select(part => part.Select(example => example.Ids.Length).ToArray())];
        var layers = parts.SelectMany(products.Linear).GroupBy(layer => layer.Shape).Select(group => (group.Key, group.Sum(layer => layer.Count)));
        return new(parts.Sum(products.Forward) / 1e9 / pass.Count, parts.Sum(products.Backward) / 1e9 / pass.Count, [.. layers], pass.Count);
    }
}

/// <summary>The products alone, in one type.</summary>
/// <param name="Times">Of each of the work's shapes, once.</param>
/// <param name="Products">Milliseconds of an update's linear products.</param>
/// <param name="Large">The large product's rate.</param>
sealed record Sweep(IReadOnlyList<ProductTimes> Times, ProductTimes Products, double Large)
{
    public static Sweep Of(UpdateWork work, DType dtype)
    {
        ProductTimes[] times = [.. work.Layers.Select(layer => ProductClock.Measure(layer.Shape, dtype))];
        return new(times, new(Sum(time => time.Forward), Sum(time => time.Inputs), Sum(time => time.Weights)), ProductClock.Large(dtype));

        double Sum(Func<ProductTimes, double> of) => times.Zip(work.Layers, (time, layer) => of(time) * layer.Count).Sum() / work.Updates;
    }
}

/// <param name="Learner">Milliseconds of an update by Learner.</param>
/// <param name="Parts">Of an update with a clock between its parts.</param>
/// <param name="Fp32">The products alone.</param>
/// <param name="Bf16">The products alone.</param>
sealed record UpdateRound(double Learner, UpdateParts Parts, Sweep Fp32, Sweep Bf16);
