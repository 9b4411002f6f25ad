using Tutti.Training;

namespace Tutti.Bench;

/// <summary>One row of the lm benchmark: an AWD-LSTM, and updates of it on streams of random words.</summary>
/// <param name="Name">As on the command line.</param>
/// <param name="Size">The model.</param>
/// <param name="Precision">Of our forward and backward pass.</param>
/// <param name="PeerPrecision">Of the peer's.</param>
/// <param name="Updates">Of a round.</param>
sealed record LmCase(string Name, LmSize Size, Precision Precision, Precision PeerPrecision, int Updates)
{
    static readonly LmSize large = new(3, 400, 1152, 20_000);

    // About what a corpus of the size of WikiText-2's validation part takes.
    static readonly LmSize small = new(3, 200, 400, 10_000);

    /// <summary>Streams side by side, and words of each in an update.</summary>
    public int Batch { get; init; } = 64;
    public int Length { get; init; } = 72;

    public static IReadOnlyList<LmCase> All { get; } =
    [
        new("awd-lstm", large, Precision.Fp32, Precision.Fp32, 2),
        new("awd-lstm-bf16", large, Precision.Bf16, Precision.Bf16, 2),
        new("awd-lstm-default", large, Precision.Auto, Precision.Fp32, 2),
        new("awd-lstm-small", small, Precision.Fp32, Precision.Fp32, 12) { Batch = 32 },
        new("awd-lstm-small-bf16", small, Precision.Bf16, Precision.Bf16, 12) { Batch = 32 },
    ];

    public static LmCase Find(string name) => All.First(one => one.Name == name);
}
