using Tutti.Training;

namespace Tutti.Bench;

/// <summary>One row of the lm benchmark: an AWD-LSTM, and updates of it on streams of random words.</summary>
/// <param name="Name">As on the command line.</param>
/// <param name="Precision">Of our forward and backward pass.</param>
/// <param name="PeerPrecision">Of the peer's.</param>
/// <param name="Updates">Of a round.</param>
sealed record LmCase(string Name, Precision Precision, Precision PeerPrecision, int Updates)
{
    public int Layers { get; init; } = 3;
    public int Embedding { get; init; } = 400;
    public int Hidden { get; init; } = 1152;
    public int Vocabulary { get; init; } = 20_000;

    /// <summary>Streams side by side, and words of each in an update.</summary>
    public int Batch { get; init; } = 64;
    public int Length { get; init; } = 72;

    /// <summary>Shares that are dropped, as fastai's language model does at half of its default (drop_mult 0.5 for weights 0.2).</summary>
    public (double Embedding, double Input, double Weights, double Hidden, double Output) Dropout { get; init; } = (0.02, 0.25, 0.2, 0.15, 0.1);

    public static IReadOnlyList<LmCase> All { get; } =
    [
        new("awd-lstm", Precision.Fp32, Precision.Fp32, 2),
        new("awd-lstm-bf16", Precision.Bf16, Precision.Bf16, 2),
        new("awd-lstm-default", Precision.Auto, Precision.Fp32, 2),
        Small("awd-lstm-small", Precision.Fp32),
        Small("awd-lstm-small-bf16", Precision.Bf16),
    ];

    public static LmCase Find(string name) => All.First(one => one.Name == name);

    /// <summary>The size of the layer's states.</summary>
    public int Units(int layer) => layer == Layers - 1 ? Embedding : Hidden;

    // About what a corpus of the size of WikiText-2's validation part takes.
    static LmCase Small(string name, Precision precision) => new(name, precision, precision, 12) { Embedding = 200, Hidden = 400, Vocabulary = 10_000, Batch = 32 };
}
