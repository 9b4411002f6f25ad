using System.Diagnostics;
using Tutti.Evaluation;
using Tutti.Models;
using Tutti.Nn;
using Tutti.Predictions;
using Tutti.Text;
using Tutti.Torch;
using Tutti.Training.Optimizers;

namespace Tutti.Training;

/// <summary>
/// The training loop, visible from top to bottom: for every epoch, for every update of exactly `batch` examples, for every micro-batch: forward,
/// loss, backward; then clip, step, zero. One divisor per update, so the gradient does not depend on how the batch was cut.
/// </summary>
/// <param name="model">The model; its weights are changed.</param>
/// <param name="config">Batch, epochs, rates.</param>
/// <param name="seed">Shuffles and dropout are derived from it.</param>
/// <param name="classWeights">The weight of each class in the loss, or null for 1 each.</param>
/// <param name="tokenizer">Saved with the checkpoints.</param>
/// <param name="checkpointFolder">Where best and last weights go; null keeps the best in memory.</param>
/// <param name="nameOf">How a row is called in messages; by default its number.</param>
public sealed class Learner(TextModel model, TrainConfig config, long seed, double[]? classWeights = null, Tokenizer? tokenizer = null, string? checkpointFolder = null, Func<int, string>? nameOf = null)
{
    readonly Device device = model.Params.Device;
    readonly DType? autocast = config.Precision == Precision.Bf16 ? DType.BFloat16 : null;

    /// <summary>Trains, evaluates after every epoch (or every so many updates), and leaves the best weights in the model.</summary>
    /// <exception cref="TrainingException">The loss or the gradient is not a finite number.</exception>
    /// <exception cref="OperationCanceledException">Cancelled between updates.</exception>
    public FitResult Fit(IReadOnlyList<Example> train, IReadOnlyList<Example> valid, FitProgress? progress = null, CancellationToken cancel = default)
    {
        if (train.Count == 0 || valid.Count == 0) throw new ArgumentException($"got {train.Count} training and {valid.Count} held-out examples; both need at least 1");
        using var optimizer = new AdamW(model.Params.Items, config.Beta1, config.Beta2, config.Epsilon, config.WeightDecay);
        using var checkpoint = new Checkpoint(model, tokenizer, checkpointFolder);
        using var weights = ClassWeightTensor();
        var total = (long)config.Epochs * ((train.Count + config.Batch - 1) / config.Batch);
        var warmup = config.Warmup < 1 ? (long)Math.Round(config.Warmup * total) : (long)config.Warmup;
        var state = new FitState(total);
        _ = Memory.Stats(device, resetPeak: true);

        try
        {
            for (var epoch = 1; epoch <= config.Epochs && !state.Stop; epoch++)
            {
                var updates = Batches.Epoch(train, config.Batch, seed, epoch);
                for (var i = 0; i < updates.Count && !state.Stop; i++)
                {
                    cancel.ThrowIfCancellationRequested();
                    var rate = config.LearningRate * Schedule.Factor(config.Schedule, state.Update, total, warmup);
                    optimizer.Beta1 = Schedule.Momentum(config.Schedule, state.Update, total, warmup) ?? config.Beta1;
                    var step = Step(updates[i], optimizer, weights, rate, state, epoch);
                    progress?.Steps?.Report(step);
                    if (state.Update == total || (config.EvaluateEvery > 0 ? state.Update % config.EvaluateEvery == 0 : i == updates.Count - 1))
                        Evaluate(valid, checkpoint, state, epoch, progress, cancel);
                }
            }
            checkpoint.KeepLast();
            checkpoint.RestoreBest();
        }
        finally
        {
            optimizer.ZeroGradients();                        // a broken or cancelled fit leaves no memory behind either
        }
        return state.Result(Memory.Stats(device).Peak);
    }

    /// <summary>One update: gradients of the whole batch, then one step of the optimizer.</summary>
    StepResult Step(Example[] examples, AdamW optimizer, Tensor? weights, double rate, FitState state, int epoch)
    {
        var clock = Stopwatch.GetTimestamp();
        optimizer.ZeroGradients();
        var loss = Gradients(Batches.Micro(examples, config.MicroTokens), weights, state.Update);
        if (!double.IsFinite(loss)) throw Broken("the loss", loss, examples, weights, state.Update);
        var norm = optimizer.Step(rate, config.MaxGradientNorm);
        if (!double.IsFinite(norm)) throw Broken("the gradient's norm", norm, examples, weights, state.Update);
        var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
        var tokens = examples.Sum(example => example.Ids.Length);
        state.Count(examples.Length, tokens, seconds);
        return new(state.Update, state.Updates, epoch, config.Epochs, loss, rate, norm, examples.Length, tokens, seconds, Memory.Stats(device));
    }

    /// <summary>
    /// Adds the gradients of one update to those the weights have: every micro-batch gives its part, already divided by the weight of the whole
    /// update.
    /// </summary>
    /// <param name="parts">The update's examples, cut in any way.</param>
    /// <param name="weights">The class weights on the device, or null.</param>
    /// <param name="update">The update's number from 0, which dropout draws from.</param>
    /// <returns>The mean loss of the whole update.</returns>
    internal double Gradients(IReadOnlyList<Example[]> parts, Tensor? weights, long update)
    {
        var divisor = Losses.Weight([.. parts.SelectMany(part => part).Select(example => example.Label)], classWeights);
        var loss = 0.0;
        try
        {
            Train(update);
            foreach (var part in parts)
            {
                using var scope = new Scope();
                var partLoss = Loss(part, weights) / divisor;
                partLoss.Backward();
                loss += partLoss.Item();
            }
            return loss;
        }
        finally
        {
            model.Params.Run.Training = false;
            Modes.ClearAutocast();
        }
    }

    void Train(long update)
    {
        var run = model.Params.Run;
        (run.Training, run.Seed, run.Update) = (true, seed, update);
    }

    /// <summary>The class weights as the loss takes them; the caller disposes it.</summary>
    internal Tensor? ClassWeightTensor() => classWeights is null ? null
        : Scope.Run(() => Tensor.From<double>(classWeights, classWeights.Length).To(model.Params.DType).To(device)).Owned();

    /// <summary>The summed loss of some examples.</summary>
    Tensor Loss(Example[] part, Tensor? weights)
    {
        using var mode = Modes.Autocast(device, autocast);
        var logits = model.Forward(TextData.Batch(part));
        var targets = Tensor.From<long>([.. part.Select(example => (long)example.Label)], [part.Length], device);
        return Losses.CrossEntropy(autocast is null ? logits : logits.To(DType.Float32), targets, weights, config.LabelSmoothing);
    }

    void Evaluate(IReadOnlyList<Example> valid, Checkpoint checkpoint, FitState state, int epoch, FitProgress? progress, CancellationToken cancel)
    {
        var clock = Stopwatch.GetTimestamp();
        var probabilities = Predictor.Probabilities(model, valid, config.Precision, Math.Max(4096, config.MicroTokens), cancel);
        var classes = probabilities.Length / valid.Count;
        var truth = valid.Select(example => example.Label).ToArray();
        var predicted = Enumerable.Range(0, valid.Count).Select(i => PredictionSet.ArgMax(probabilities.AsSpan(i * classes, classes))).ToArray();
        var matrix = new ConfusionMatrix(truth, predicted, classes);
        var result = new EvaluationResult(state.Update, epoch, Metrics.LogLoss(probabilities, truth), Metrics.Accuracy(matrix), Metrics.F1MacroOfPresent(matrix), false,
            Stopwatch.GetElapsedTime(clock).TotalSeconds);
        result = state.Judge(result, config.BestBy, config.EarlyStopping);
        if (result.Best) checkpoint.KeepBest();
        progress?.Evaluations?.Report(result);
    }

    /// <summary>Finds the rows whose own loss is not finite. Dropout draws the same masks for a row alone, so the search repeats what broke.</summary>
    TrainingException Broken(string what, double value, Example[] examples, Tensor? weights, long update)
    {
        List<string> rows = [.. examples.Where(example => !double.IsFinite(Alone(example))).Select(Name)];
        var who = rows.Count == 0 ? $"every row of it is finite alone; its rows are {Some([.. examples.Select(Name)])}"
            : $"the loss of these rows is not finite: {Some(rows)}";
        return new(FormattableString.Invariant($"update {update + 1}: {what} is {value}; {who}. ") + "Lower learning-rate, or use precision: fp32.");

        string Name(Example example) => (nameOf ?? (row => FormattableString.Invariant($"{row}")))(example.Row);

        double Alone(Example example)
        {
            using var scope = new Scope();
            using var none = Modes.NoGrad();
            try
            {
                Train(update);
                return Loss([example], weights).Item();
            }
            finally
            {
                model.Params.Run.Training = false;
                Modes.ClearAutocast();
            }
        }
    }

    static string Some(List<string> rows) => string.Join(", ", rows.Take(5)) + (rows.Count > 5 ? FormattableString.Invariant($" and {rows.Count - 5} more") : "");
}
