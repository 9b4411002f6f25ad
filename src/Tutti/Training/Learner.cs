using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Distributed;
using Tutti.Models;
using Tutti.Nn;
using Tutti.Text;
using Tutti.Torch;
using Tutti.Training.Optimizers;

namespace Tutti.Training;

/// <summary>
/// Trains a model on examples. One update consumes exactly `batch` of them and has one divisor, so its gradient does not depend on how it was
/// cut into micro-batches; a fit that was ended anywhere goes on from its newest resume point as if nothing had happened. The loop itself
/// is <see cref="RunningFit"/>.
/// </summary>
/// <param name="model">The model; its weights are changed.</param>
/// <param name="config">Batch, epochs, rates.</param>
/// <param name="seed">Shuffles and dropout are derived from it.</param>
/// <param name="classWeights">The weight of each class in the loss, or null for 1 each.</param>
/// <param name="tokenizer">Saved with the checkpoint.</param>
/// <param name="checkpointFolder">Gets the best weights, its subfolder <c>last</c> the last ones, as Hugging Face folders; null keeps the best in memory.</param>
/// <param name="nameOf">How a row is called in messages; by default its number.</param>
/// <param name="objective">What is learnt; by default the class of each row, with <paramref name="classWeights"/> and the settings' smoothing.</param>
/// <param name="store">Where resume points go; null for none.</param>
public sealed class Learner(Network model, TrainConfig config, long seed, double[]? classWeights = null, Tokenizer? tokenizer = null, string? checkpointFolder = null, Func<int, string>? nameOf = null, FitStore? store = null,
    Objective? objective = null)
{
    /// <summary>The processes that train together, where there are several: all of them make the same learner and call the same methods. Only rank 0's has a folder and a store.</summary>
    public Ranks? Ranks { get; init; }

    Objective Objective { get; } = objective ?? new SingleLabel(classWeights, config.LabelSmoothing, config.Loss);

    /// <summary>Trains, evaluates after every epoch (or every so many updates), and leaves the best weights in the model.</summary>
    /// <exception cref="TrainingException">The loss or the gradient is not a finite number.</exception>
    /// <exception cref="TorchMemoryException">Memory is short even for one example.</exception>
    /// <exception cref="InputException">The resume point belongs to another fit, or cannot be written.</exception>
    /// <exception cref="OperationCanceledException">Cancelled between micro-batches; a resume point was written.</exception>
    public FitResult Fit(IReadOnlyList<Example> train, IReadOnlyList<Example> valid, FitProgress? progress = null, CancellationToken cancel = default)
    {
        if (train.Count == 0 || valid.Count == 0) throw new ArgumentException($"got {train.Count} training and {valid.Count} held-out examples; both need at least 1");
        cancel.ThrowIfCancellationRequested();
        progress ??= new();
        Learning(model, config);
        var order = Objective.Order(train, config, seed);
        using var carried = order.Streams > 0 ? new CarriedState(order.Streams) : null;
        using var groups = new LearningGroups(model, config, order.PerEpoch);
        groups.FreezeNever();
        if (groups.Note(config) is { } few) progress.Notes?.Report(few);
        using var gradients = new GradientSum(model, config, seed, Objective);
        using var shared = Ranks is null ? null : new SharedFit(Ranks, model, config, order);
        using var best = new BestWeights(model, checkpointFolder, store, shared);
        using var point = store?.Open(progress.Notes);
        var from = shared is null ? point?.State : shared.Give(point?.State);
        if (from is null) shared?.GiveWeights();
        var planner = new MemoryPlanner(model, config, seed, gradients, store?.Pages ?? Path.GetTempPath(), reserve: best.Bytes);
        var stored = Stored(from, planner.Limit, order.Longest.Length, progress.Notes);
        if (shared?.Any(stored is null) == true) stored = null;
        var memory = stored ?? planner.Choose(train);
        if (shared is not null) memory = memory with { Plan = shared.Agree(memory.Plan) };
        var plan = memory.Plan;
        progress.Plans?.Report(memory);
        if (config.Precision == Precision.Auto && config.Precision.Autocast(model) is not null) progress.Notes?.Report("precision auto: matrix products in bf16, which this processor has; train.precision: fp32 computes them in float32");
        using var optimizer = new AdamW(shared?.Updated ?? model.Params.Trained, config.Beta1, config.Beta2, config.Epsilon, config.WeightDecay, plan.PagedOptimizer ? store?.Pages ?? Path.GetTempPath() : null, item => Objective.RateOf(item) is { } rate ? rate / config.LearningRate : groups.Factor(item), groups.Begins);
        _ = Memory.Stats(model.Params.Device, resetPeak: true);
        model.Params.Run.Carried = carried;
        try
        {
            var rows = new RunningFit.Rows(order, (update, epoch, tokens) => Evaluate(valid, update, epoch, tokens, shared, cancel), (what, value, examples, update) => Broken(gradients, what, value, examples, update));
            var result = new RunningFit(model, config, gradients, optimizer, groups, best, plan, store, rows, progress, cancel, shared).Run(point, from);
            if (shared is { Stats: { Bytes: > 0 } stats } && Ranks!.Options.Rounded) progress.Notes?.Report(FormattableString.Invariant($"gradients were sent in bfloat16, which rounded off {stats.Rounding:0.0e0} of their norm"));
            Finish(best);
            return result;
        }
        finally
        {
            model.Params.Run.Carried = null;
            optimizer.ZeroGradients();                        // a broken or cancelled fit leaves no memory behind either
            Modes.ClearAutocast();
        }
    }

    /// <summary>What the model is told of the settings before it learns.</summary>
    internal static void Learning(Network model, TrainConfig config)
    {
        LayerGroups.Freeze(model, config.Freeze);
        model.Params.Run.RunningStatistics = config.BatchNorm == BatchNormKind.Running;
        model.Params.Run.Tf32 = config.Tf32 ?? true;
        model.Params.Run.ActivationPenalty = (config.ActivationPenalty ?? TrainConfig.UsualActivationPenalty, config.TemporalPenalty ?? TrainConfig.UsualTemporalPenalty);
    }

    /// <summary>Adds the gradient of one update, cut in any way, to those the weights have.</summary>
    /// <param name="parts">The update's examples, cut in any way.</param>
    /// <param name="update">The update's number from 0, which dropout draws from.</param>
    /// <param name="checkpointing">Computes activations again in backward.</param>
    /// <returns>The mean loss of the whole update.</returns>
    internal double Gradients(IReadOnlyList<Example[]> parts, long update, bool checkpointing = false)
    {
        using var gradients = new GradientSum(model, config, seed, Objective);
        using var mode = gradients.Update(update, checkpointing);
        var divisor = gradients.Divisor(parts.SelectMany(part => part));
        return parts.Sum(part => gradients.Add(part, divisor)) + gradients.ReadWaiting();
    }

    /// <summary>The plan of a resume point, unless memory has become too small for it.</summary>
    MemoryReport? Stored(JsonObject? from, long limit, long longest, IProgress<string>? notes)
    {
        if (from?["plan"].Deserialize<MemoryPlan>() is not { } plan) return null;
        if (plan.PagedOptimizer && !model.Params.Device.IsCpu)
        {
            notes?.Report($"the plan of the resume point keeps optimizer state in a file, which {model.Params.Device} cannot: planned again, results may differ in the last bits");
            return null;
        }
        if (plan.PredictedPeak <= limit) return MemoryReport.Of(plan, MemoryNeed.WeightBytes(model), MemoryNeed.GradientBytes(model, longest * config.Batch), MemoryNeed.MomentBytes(model));
        notes?.Report($"the plan of the resume point needs {MemoryStats.Text(plan.PredictedPeak)}, there are {MemoryStats.Text(limit)}: planned again, results may differ in the last bits");
        return null;
    }

    /// <summary>Writes best and last weights, and leaves the best in the model.</summary>
    void Finish(BestWeights best)
    {
        if (checkpointFolder is not null) ModelFolder.Save(model, Path.Combine(checkpointFolder, "last"));
        best.Restore();
        if (checkpointFolder is null) return;
        ModelFolder.Save(model, checkpointFolder);
        tokenizer?.Save(checkpointFolder);
    }

    EvaluationResult Evaluate(IReadOnlyList<Example> valid, long update, int epoch, int tokens, SharedFit? shared, CancellationToken cancel)
    {
        var clock = Stopwatch.GetTimestamp();
        var scores = shared?.Evaluate(Objective, valid, config.Precision, tokens) ?? Objective.Evaluate(model, valid, config.Precision, tokens, cancel);
        return new(update, epoch, scores.Loss, scores.Accuracy, scores.MacroF1, false, Stopwatch.GetElapsedTime(clock).TotalSeconds) { Targets = scores.Targets };
    }

    /// <summary>Finds the rows whose own loss is not finite. Dropout draws the same masks for a row alone, so the search repeats what broke.</summary>
    TrainingException Broken(GradientSum gradients, string what, double value, Example[] examples, long update)
    {
        List<string> rows = [.. examples.Where(example => !double.IsFinite(gradients.Alone(example, update))).Select(Name)];
        var who = rows.Count == 0 ? $"every row of it is finite alone; its rows are {Some([.. examples.Select(Name)])}"
            : $"the loss of these rows is not finite: {Some(rows)}";
        return new(FormattableString.Invariant($"update {update + 1}: {what} is {value}; {who}. ") + "Lower learning-rate, or use precision: fp32.");

        string Name(Example example) => (nameOf ?? (row => FormattableString.Invariant($"{row}")))(example.Row);
    }

    static string Some(List<string> rows) => string.Join(", ", rows.Take(5)) + (rows.Count > 5 ? FormattableString.Invariant($" and {rows.Count - 5} more") : "");
}
