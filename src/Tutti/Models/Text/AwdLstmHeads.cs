using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models.Text;

/// <summary>A language model's head: dropout, and the product with the table of the words (or one of its own) of the asked rows.</summary>
sealed class TiedDecoder(Params p, AwdLstmConfig config, Embedding words) : TokenHead
{
    readonly SequenceDropout dropout = new(p, config.OutputDropout);
    readonly Tensor? own = config.Tied ? null : (p / "decoder").Get("weight", Init.Uniform(0.1), decay: true, config.Vocabulary, config.Width);
    readonly Tensor? bias = config.OutBias ? (p / "decoder").Get("bias", Init.Zeros, decay: false, config.Vocabulary) : null;

    public override (Tensor X, Tensor Table, Tensor? Bias) Factors(Tensor hidden, Ragged ragged)
    {
        var dropped = dropout.Forward(hidden, () => ragged.Owners, ragged.SequenceRows);
        Penalty.Set(p.Run, dropped, hidden, ragged, perToken: true);
        return (ragged.AskedRows(dropped), own ?? words.Table, bias);
    }
}

/// <summary>fastai's PoolingLinearClassifier: last state, maximum and mean side by side, then blocks of batch norm, dropout, a linear layer without bias, and between blocks ReLU.</summary>
sealed class ConcatPoolHead : JointHead
{
    readonly Params p;
    readonly AwdLstmConfig config;
    readonly (BatchNorm Norm, Dropout Dropout, Linear Linear)[] blocks;

    public ConcatPoolHead(Params p, AwdLstmConfig config) : base(p)
    {
        (this.p, this.config) = (p, config);
        int[] widths = [3 * config.Width, .. config.Inside, config.Source.LabelCount];
        double[] shares = [config.OutputDropout, .. config.InsideDropout];
        blocks = [.. shares.Select((share, i) => Block(p / "layers" / i, widths[i], widths[i + 1], share))];
    }

    // Numbered as in fastai: norm, dropout, linear, activation.
    static (BatchNorm, Dropout, Linear) Block(Params place, int inputs, int outputs, double share) =>
        (new(place / 0, inputs), new(place, share), new(place / 2, inputs, outputs, hasBias: false, init: Init.Uniform(1 / Math.Sqrt(inputs))));

    /// <param name="hidden">(T,C) of the kept tokens.</param>
    /// <param name="ragged">The same.</param>
    public override Tensor Pool(Tensor hidden, Ragged ragged)
    {
        Penalty.Set(p.Run, hidden, hidden, ragged, perToken: false);
        var last = hidden.IndexSelect(0, config.Backward ? ragged.First : ragged.Last);
        var texts = hidden.SplitRows(Array.ConvertAll(ragged.HostLengths, length => (long)length));
        var largest = Tensor.Cat(Array.ConvertAll(texts, text => text.Max(0).Unsqueeze(0)));
        var mean = Tensor.Cat(Array.ConvertAll(texts, text => text.Sum(0, keep: true))) / ragged.Lengths;
        return Tensor.Cat([last, largest, mean], 1);                              // (n,3C)
    }

    public override Tensor Judge(Tensor pooled, Func<Tensor> rows)
    {
        var x = pooled;
        for (var i = 0; i < blocks.Length; i++)
        {
            var (norm, dropout, linear) = blocks[i];
            x = linear.Forward(dropout.Forward(norm.Forward(x), rows));
            if (i < blocks.Length - 1) x = x.Relu();
        }
        return config.Range is [var low, var high] ? (x.Sigmoid() * (high - low)) + low : x;
    }

    public override void Settle()
    {
        foreach (var block in blocks) block.Norm.Settle();
    }
}

/// <summary>
/// AR and TAR (Merity et al. 2017, 4.3): the mean square of the activations, and of their change from a token to the next. Means are those of each text; in a language model a text counts for its tokens, in a
/// classifier once, as in the loss. For texts of one length that is fastai's mean over the batch; a text of one token has no change.
/// </summary>
static class Penalty
{
    public static void Set(RunState run, Tensor dropped, Tensor raw, Ragged ragged, bool perToken)
    {
        var (activation, temporal) = run.ActivationPenalty;
        if (!run.Training || (activation == 0 && temporal == 0)) return;
        Tensor Wide(Tensor x) => x.DType is DType.BFloat16 or DType.Float16 ? x.To(DType.Float32) : x;
        if (ragged.Even)
        {
            run.SetPenalty(Even(Wide(dropped), temporal == 0 ? null : Wide(raw), ragged, activation, temporal) * (perToken ? 1 : 1.0 / ragged.MaxLength));
            return;
        }
        var lengths = ragged.HostLengths;
        Tensor Weighted(Tensor x, IEnumerable<double> weights)
        {
            double[] all = [.. weights];
            return (x.Square().Sum(1) * Tensor.From<double>(all, [all.Length], x.Device).To(x.DType)).Sum() / x.Size(1);
        }
        var sum = Weighted(Wide(dropped), lengths.SelectMany(length => Enumerable.Repeat(perToken ? 1.0 : 1.0 / length, length))) * activation;
        if (temporal != 0 && lengths.Any(length => length > 1))
        {
            long[] later = [.. Later(lengths)];
            var change = Wide(raw).IndexSelect(0, ragged.Longs(later)) - Wide(raw).IndexSelect(0, ragged.Longs(Array.ConvertAll(later, row => row - 1)));
            sum = sum + (Weighted(change, lengths.SelectMany(length => Enumerable.Repeat((perToken ? length : 1.0) / (length - 1), length - 1))) * temporal);
        }
        run.SetPenalty(sum);
    }

    /// <summary>Texts of one length, each counting for its tokens: no row needs a weight or an index of its own.</summary>
    static Tensor Even(Tensor dropped, Tensor? raw, Ragged ragged, double activation, double temporal)
    {
        var (channels, length) = (dropped.Size(1), ragged.MaxLength);
        var sum = dropped.Square().Sum() * (activation / channels);
        if (raw is null || length == 1) return sum;
        var steps = raw.View(ragged.Count, length, channels);
        var change = steps.Narrow(1, 1, length - 1) - steps.Narrow(1, 0, length - 1);
        return sum + (change.Square().Sum() * (temporal * length / (length - 1.0) / channels));
    }

    // The rows of all tokens but the first of each text.
    static IEnumerable<long> Later(int[] lengths)
    {
        var row = 0L;
        foreach (var length in lengths)
        {
            row++;
            for (var t = 1; t < length; t++) yield return row++;
        }
    }
}
