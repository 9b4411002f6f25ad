using Tutti.Hub;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>What a change of the recipe would do to the peak.</summary>
/// <param name="Change">As a recipe spells it.</param>
/// <param name="Peak">Bytes with it, or null where it does not fit either.</param>
/// <param name="Note">What it costs, or why it does nothing.</param>
public sealed record MemoryOption(string Change, long? Peak, string Note);

/// <summary>What training one member takes.</summary>
/// <param name="Weights">Their number.</param>
/// <param name="Longest">Tokens of the longest text, or patches of 16 x 16 pixels of a picture.</param>
/// <param name="Limit">Bytes that may be in use.</param>
/// <param name="Memory">The plan and what it was made from.</param>
/// <param name="Options">What would save how much.</param>
/// <param name="Measured">The peak of one real update, or null when none was run.</param>
public sealed record MemberMemory(string Name, TrainConfig Config, long Weights, int Longest, long Limit, MemoryReport Memory, IReadOnlyList<MemoryOption> Options, long? Measured)
{
    /// <summary>Width and height of pictures; null for texts.</summary>
    public (int Width, int Height)? Picture { get; init; }

    /// <summary>Pictures of the largest micro-batch.</summary>
    public int Pictures => Memory.Plan.Pictures(Longest, Config.Batch);

    /// <summary>What an update would take that is not cut, reckoned from what one micro-batch takes.</summary>
    public long Whole => Math.Max(Memory.Plan.PredictedPeak, Memory.Weights + Memory.Gradients + Memory.Optimizer + (Memory.ActivationsPerThousand * Longest * Config.Batch / 1000));
}

/// <summary>Predicts the memory of a recipe's members without training them; nothing is written.</summary>
public static class MemoryForecast
{
    /// <summary>One member after the other, in the order of the recipe.</summary>
    /// <param name="measure">Runs one update of each too: the one with the largest micro-batch.</param>
    /// <param name="hub">Where models that are named on the hub come from; null: as the environment says.</param>
    /// <exception cref="InputException">The recipe, its data or a model cannot be used, or a model does not fit by any means.</exception>
    public static IEnumerable<MemberMemory> Of(Recipe recipe, bool measure = false, HubSettings? hub = null, CancellationToken cancel = default)
    {
        recipe.Check();
        using var memory = new MemoryBudget(recipe.Memory, recipe.Device.Resolve()) { OfPictures = recipe.SeesPictures };
        foreach (var member in FirstFits.Open(recipe, memory, hub, cancel))
        {
            cancel.ThrowIfCancellationRequested();
            yield return memory.Within(member.Name, member.Config, () =>
            {
                using var fit = member.Begin();
                return Of(member, fit, measure, cancel);
            });
            Torch.Memory.Trim();
        }
    }

    static MemberMemory Of(FirstMember member, FirstFit fit, bool measure, CancellationToken cancel)
    {
        var seed = member.Member.Seeds[0];
        var (model, objective, train) = fit;
        var config = member.Config with { Precision = member.Config.Precision.Autocast(model) is null ? Precision.Fp32 : Precision.Bf16 };
        var limit = Torch.Memory.Stats(member.Device).Limit;
        LearningGroups.FreezeNever(model, config, train.Length);
        MemoryReport? Try(TrainConfig other, IReadOnlyList<Example> rows, bool checkpointing, bool paged)
        {
            cancel.ThrowIfCancellationRequested();
            using var gradients = new GradientSum(model, other, seed, objective);
            return new MemoryPlanner(model, other, seed, gradients, Path.GetTempPath()).Try(rows, checkpointing, paged);
        }
        using var sum = new GradientSum(model, config, seed, objective);
        var report = new MemoryPlanner(model, config, seed, sum, Path.GetTempPath()).Choose(train);
        var options = Options(config, report, train, objective, seed, Try, member.Device.IsCpu);
        long? measured = measure ? Measure(fit, config with { MicroTokens = report.Plan.MicroTokens }, seed, cancel) : null;
        return new(member.Name, config, model.Params.Items.Sum(item => item.Stored.Count), objective.Order(train, config, seed).Longest.Length, limit, report, options, measured) { Picture = train[0].Picture is { } picture ? (picture.Width, picture.Height) : null };
    }

    /// <summary>Each change is probed with the micro-batches of the plan, so that the peaks can be compared.</summary>
    static MemoryOption[] Options(TrainConfig config, MemoryReport report, Example[] train, Objective objective, long seed, Func<TrainConfig, IReadOnlyList<Example>, bool, bool, MemoryReport?> attempt, bool onCpu)
    {
        var plan = report.Plan;
        var now = config with { MicroTokens = plan.MicroTokens };
        long? Peak(TrainConfig other, IReadOnlyList<Example>? rows = null, bool? checkpointing = null) => attempt(other, rows ?? train, checkpointing ?? plan.Checkpointing, plan.PagedOptimizer)?.Plan.PredictedPeak;
        var order = objective.Order(train, config, seed);
        var longest = order.Longest.Length;
        Example[] Cut(int tokens) => [.. train.Select(example => example with { Ids = example.Ids[..Math.Min(tokens, example.Ids.Length)], Types = example.Types?[..Math.Min(tokens, example.Ids.Length)] })
            .Where(example => objective is not LanguageObjective language || language.CanLearn(example))];
        List<MemoryOption> options = [];
        if (config.Precision != Precision.Bf16) options.Add(new("train.precision: bf16", Peak(now with { Precision = Precision.Bf16 }), "activations of half the size; results differ a little"));
        options.Add(new(FormattableString.Invariant($"train.micro-tokens: {Math.Max(1, plan.MicroTokens / 2)}"), Peak(now with { MicroTokens = Math.Max(1, plan.MicroTokens / 2) }), train[0].Picture is null ? "same results; the planner does it by itself when memory is short" : "same results but for batch norms; the planner does it by itself when memory is short"));
        if (!plan.Checkpointing) options.Add(new("activations computed again", Peak(now, checkpointing: true), "same results, about a third more time; the planner's next step"));
        if (!plan.PagedOptimizer && onCpu) options.Add(new("optimizer state in a file", plan.PredictedPeak - report.Optimizer, "same results; the planner's last step"));
        if (order.Streams > 0 && longest / 2 >= 8) options.Add(new(FormattableString.Invariant($"train.bptt: {longest / 2}"), Peak(now with { Bptt = longest / 2 }), "another training: gradients reach back half as far"));
        else if (train[0].Picture is null && longest / 2 >= 8)
            options.Add(new(FormattableString.Invariant($"train.max-length: {longest / 2}"), Peak(now, Cut(longest / 2)), FormattableString.Invariant($"{train.Count(example => example.Ids.Length > longest / 2)} of {train.Length} texts would be cut")));
        if (config.Batch > 1)
            options.Add(new(FormattableString.Invariant($"train.batch: {config.Batch / 2}"), Peak(now with { Batch = config.Batch / 2 }), "another training; micro-tokens saves as much and changes nothing"));
        return [.. options];
    }

    /// <summary>One update of the rows that hold the largest micro-batch, with its optimizer step.</summary>
    static long Measure(FirstFit fit, TrainConfig config, long seed, CancellationToken cancel)
    {
        var (model, objective, train) = fit;
        var update = Enumerable.Range(1, config.Epochs).SelectMany(objective.Order(train, config, seed).Epoch).MaxBy(examples => MemoryPlanner.Size(Batches.Micro(examples, config.MicroTokens)[0], model, objective))!;
        using var folder = new TemporaryFolder("tutti-memory-");
        var store = new FitStore(new ResumeFolder(folder.File("resume")), TimeSpan.MaxValue, []);
        return new Learner(model, config with { Epochs = 1 }, seed, store: store, objective: objective).Fit(update, update[..1], cancel: cancel).PeakBytes;
    }
}
