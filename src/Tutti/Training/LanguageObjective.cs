using Tutti.Models;
using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>What a language model learns: to predict tokens of its texts. It predicts no rows; its scores are the mean loss of the tokens and the share that was predicted right.</summary>
public abstract class LanguageObjective : Objective
{
    /// <summary>Summed loss, predicted tokens and right ones: what is known of each unit of held-out text.</summary>
    internal const int Sums = 3;

    /// <summary>What a language model learns by its settings: next tokens where it is recurrent, else masked ones.</summary>
    /// <param name="config">Batch, bptt, mask-share, whole-words.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="seed">Of the masks.</param>
    /// <param name="recurrent">See <see cref="TextModel.Recurrent"/>.</param>
    /// <param name="backward">See <see cref="TextModel.Backward"/>.</param>
    /// <exception cref="DataException">The tokenizer has no mask token, and needs one.</exception>
    public static LanguageObjective Of(TrainConfig config, Text.Tokenizer tokenizer, long seed, bool recurrent, bool backward) => recurrent
        ? new NextTokens(config.Batch, config.Bptt ?? TrainConfig.UsualBptt, backward)
        : new MaskedTokens(tokenizer, seed, config.MaskShare ?? 0.15, config.WholeWords ?? false);

    public sealed override Tensor Predict(Tensor logits) => throw new NotSupportedException("a language model predicts no rows");

    /// <summary>Of the sums of each unit: the mean loss over all predicted tokens, and the share that was predicted right.</summary>
    public sealed override HeldOutScores Judge(double[] predictions, IReadOnlyList<Example> examples)
    {
        double Sum(int which) => Enumerable.Range(0, predictions.Length / Sums).Sum(i => predictions[(Sums * i) + which]);
        return new(Sum(0) / Sum(1), Sum(2) / Sum(1), double.NaN);
    }

    internal sealed override HeldOutScores Evaluate(Network model, IReadOnlyList<Example> examples, Precision precision, int tokens, CancellationToken cancel) =>
        Judge(PerUnit((TextModel)model, examples, precision, tokens, cancel), examples);

    /// <summary>Of each unit of held-out texts: summed loss, predicted tokens, right ones (units * 3). Units are what intervals resample: texts, as a rule.</summary>
    internal abstract double[] PerUnit(TextModel model, IReadOnlyList<Example> examples, Precision precision, int tokens, CancellationToken cancel);

    public sealed override Tensor Loss(Tensor logits, IReadOnlyList<Example> part) => Losses.CrossEntropy(logits, Answers(part, logits.Device));

    // The logits of all tokens are the largest thing there is; they need not exist as a whole.
    internal sealed override Tensor Loss(Network model, InputBatch batch, IReadOnlyList<Example> part, bool wide, Action<Tensor>? observe)
    {
        if (model is not TextModel { Tokens: { } head } text) return base.Loss(model, batch, part, wide, observe);
        var hidden = text.Hidden((TokenBatch)batch, observe, out var ragged);
        var (x, table, bias) = head.Factors(hidden, ragged);
        return Losses.LinearCrossEntropy(x, table, bias, Answers(part, x.Device));
    }

    /// <summary>The ids to be predicted, (T) or (asked).</summary>
    private protected static Tensor Answers(IReadOnlyList<Example> part, Device device)
    {
        long[] ids = [.. part.SelectMany(example => example.Answers!.Select(id => (long)id))];
        return Tensor.From<long>(ids, [ids.Length], device);
    }

    /// <summary>Whether a text has something to learn from.</summary>
    public abstract bool CanLearn(Example example);
}
