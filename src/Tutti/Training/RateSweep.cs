using Tutti.Models;
using Tutti.Nn;
using Tutti.Torch;
using Tutti.Training.Optimizers;

namespace Tutti.Training;

/// <summary>Learning rates to try, one per update, each the same ratio above the one before.</summary>
/// <param name="First">Of the first update.</param>
/// <param name="Last">What an update behind the last one would have.</param>
/// <param name="Updates">Their number.</param>
public sealed record RateRange(double First = 1e-7, double Last = 10, int Updates = 100)
{
    const int Fewest = 10, Most = 10_000;

    /// <summary>The rate of an update, from 0.</summary>
    public double Rate(int update) => First * Math.Pow(Last / First, (double)update / Updates);

    /// <exception cref="ConfigException">The range is empty, reversed or endless.</exception>
    public void Check()
    {
        if (!double.IsFinite(First) || First <= 0) throw new ConfigException("--first", FormattableString.Invariant($"got {First}, expected a learning rate above 0"));
        if (!double.IsFinite(Last) || Last <= First) throw new ConfigException("--last", FormattableString.Invariant($"got {Last}, expected a learning rate above --first, which is {First}"));
        if (Updates is < Fewest or > Most) throw new ConfigException("--updates", FormattableString.Invariant($"got {Updates}, expected {Fewest} to {Most}"));
    }
}

/// <summary>One sweep.</summary>
/// <param name="Seed">Of dropout, the order of rows, and fresh weights.</param>
/// <param name="Rates">Of every update done.</param>
/// <param name="Losses">Before that update, with its examples.</param>
/// <param name="Smoothed">Their running mean, as fastai's recorder forms it.</param>
/// <param name="Diverged">The sweep ended before its last update: the smoothed loss was four times its lowest, or no number.</param>
/// <param name="Suggestions">Null when it ended too early to say anything.</param>
public sealed record SweepResult(long Seed, IReadOnlyList<double> Rates, IReadOnlyList<double> Losses, IReadOnlyList<double> Smoothed, bool Diverged, RateSuggestions? Suggestions);

/// <summary>
/// Trains a model for a few updates with rates that rise exponentially, and watches the loss (Smith 2015; fastai's lr_find). Updates are computed as in a fit: batch,
/// cut, precision, clipping, decay and the rates of layer groups are those of the settings. The weights are put back afterwards; nothing is written.
/// </summary>
/// <param name="model">The model, frozen as it will be.</param>
/// <param name="config">How it will be trained; schedule, learning rate and epochs do not matter.</param>
/// <param name="seed">Shuffles and dropout are derived from it.</param>
/// <param name="objective">What is learnt.</param>
public sealed class RateSweep(Network model, TrainConfig config, long seed, Objective objective)
{
    const double Smoothing = 0.98, Diverging = 4;

    /// <summary>Only the head learns, as in the first phase of <c>unfreeze</c>; otherwise all layer groups.</summary>
    public bool HeadOnly { get; init; }

    /// <summary>Sweeps.</summary>
    /// <exception cref="ConfigException">The range cannot be used, or the model does not fit into memory.</exception>
    /// <exception cref="TorchMemoryException">Memory is short even for one example.</exception>
    /// <exception cref="OperationCanceledException">Cancelled between micro-batches; the weights are put back.</exception>
    public SweepResult Run(IReadOnlyList<Example> train, RateRange range, IProgress<(int Update, double Rate, double Loss)>? progress = null, CancellationToken cancel = default)
    {
        range.Check();
        if (train.Count == 0) throw new ArgumentException("got no examples; a sweep needs at least 1");
        Learner.Learning(model, config);
        var order = objective.Order(train, config, seed);
        using var groups = new LearningGroups(model, Phase(), order.PerEpoch);
        var before = Copies();
        try
        {
            using var gradients = new GradientSum(model, config, seed, objective);
            var reserve = before.Sum(copy => copy.Values.Count * copy.Values.DType.Size());
            var memory = new MemoryPlanner(model, config with { Epochs = 1 + (range.Updates / order.PerEpoch) }, seed, gradients, Path.GetTempPath(), reserve).Choose(train);
            using var optimizer = new AdamW(model.Params.Trained, config.Beta1, config.Beta2, config.Epsilon, config.WeightDecay, memory.Plan.PagedOptimizer ? Path.GetTempPath() : null, groups.Factor);
            groups.Begin(0);
            try
            {
                return Sweep(order, range, gradients, optimizer, memory.Plan, progress, cancel);
            }
            finally
            {
                model.Params.Run.Carried = null;
                optimizer.ZeroGradients();
                PutBack(before);
            }
        }
        finally
        {
            foreach (var (_, values) in before) values.Dispose();
            Modes.ClearAutocast();
        }
    }

    SweepResult Sweep(UpdateOrder order, RateRange range, GradientSum gradients, AdamW optimizer, MemoryPlan plan, IProgress<(int, double, double)>? progress, CancellationToken cancel)
    {
        List<double> rates = [], losses = [], smoothed = [];
        var (sum, best, diverged, perEpoch) = (0.0, double.PositiveInfinity, false, order.PerEpoch);
        using var carried = order.Streams > 0 ? new CarriedState(order.Streams) : null;
        model.Params.Run.Carried = carried;
        IReadOnlyList<Example[]> epoch = [];
        for (var update = 0; update < range.Updates && !diverged; update++)
        {
            if (update % perEpoch == 0)
            {
                epoch = order.Epoch((update / perEpoch) + 1);
                carried?.Reset();
            }
            var (rate, loss) = (range.Rate(update), Gradient(gradients, epoch[update % perEpoch], update, (update / perEpoch) + 1, plan, cancel));
            if (!double.IsFinite(loss))
            {
                diverged = true;
                break;
            }
            sum = (Smoothing * sum) + ((1 - Smoothing) * loss);
            var mean = sum / (1 - Math.Pow(Smoothing, update + 1));
            rates.Add(rate);
            losses.Add(loss);
            smoothed.Add(mean);
            progress?.Report((update + 1, rate, loss));
            var norm = optimizer.Step(rate, config.MaxGradientNorm);
            optimizer.ZeroGradients();
            carried?.Advance();
            model.Params.Run.Statistics.Settle();
            best = Math.Min(best, mean);
            diverged = mean > Diverging * best || !double.IsFinite(norm);
        }
        return new(seed, rates, losses, smoothed, diverged, RateSuggestions.Of(rates, smoothed, range.Updates));
    }

    /// <summary>Adds up the gradient of one update; its mean loss.</summary>
    static double Gradient(GradientSum gradients, Example[] update, int number, int epoch, MemoryPlan plan, CancellationToken cancel)
    {
        var examples = gradients.Objective.Prepared(update, epoch);
        var sum = new Accumulation(examples, gradients.Divisor(examples));
        using var mode = gradients.Update(number, plan.Checkpointing);
        while (sum.Next(plan.MicroTokens) is { } part)
        {
            cancel.ThrowIfCancellationRequested();
            sum.Add(part, gradients.Add(part, sum.Divisor), 0, 0);
        }
        return sum.Loss + gradients.ReadWaiting();
    }

    /// <summary>The settings with the phase that is tried in front: the head's, or the one in which all groups learn, with the rates of that phase.</summary>
    TrainConfig Phase() => HeadOnly ? config with { Epochs = 2, Unfreeze = new() { HeadEpochs = 1 } }
        : config with { Unfreeze = null, FirstRate = config.FirstRate ?? (config.Unfreeze is { HeadEpochs: > 0 } && config.LayerDecay is null ? config.LearningRate / 100 : null) };

    List<(Parameter Weight, Tensor Values)> Copies()
    {
        using var mode = Modes.NoGrad();
        List<(Parameter, Tensor)> copies = [];
        foreach (var item in model.Params.Items) copies.Add((item, item.Value.Clone().Owned()));
        return copies;
    }

    static void PutBack(List<(Parameter Weight, Tensor Values)> copies)
    {
        using var mode = Modes.NoGrad();
        foreach (var (weight, values) in copies) weight.Value.CopyFrom(values);
    }
}
