using Tutti.Training;

namespace Tutti.Bench;

/// <summary>One row of the train benchmark: a round is one pass over <paramref name="Updates"/> batches, of the same examples in every round and on both sides.</summary>
/// <param name="Name">As on the command line.</param>
/// <param name="Size">The model.</param>
/// <param name="Precision">Of our forward and backward pass.</param>
/// <param name="Batch">Examples per update.</param>
/// <param name="Updates">Of a round.</param>
/// <param name="Lengths">Tokens of so many examples.</param>
/// <param name="PeerPrecision">The peer's, where it is another than ours.</param>
/// <param name="PeerGroups">The peer groups its batches by length.</param>
sealed record TrainCase(string Name, BertSize Size, Precision Precision, int Batch, int Updates, Func<int, int[]> Lengths, Precision? PeerPrecision = null, bool PeerGroups = false)
{
    const int Tweets = 8, Even = 3, Tiny = 60;

    static readonly BertSize bertBase = new(12, 768, 12, 3072), tiny = new(2, 128, 2, 512);

    public static IReadOnlyList<TrainCase> All { get; } =
    [
        new("bert-tiny-fp32", tiny, Precision.Fp32, 16, Tiny, Fixed(32)),
        new("bert-tiny-bf16", tiny, Precision.Bf16, 16, Tiny, Fixed(32)),
        new("bert-tiny-tweets-fp32", tiny, Precision.Fp32, 16, Tiny, Bench.Lengths.Tweets),
        new("bert-tiny-tweets-bf16", tiny, Precision.Bf16, 16, Tiny, Bench.Lengths.Tweets),
        new("bert-base-tweets-fp32", bertBase, Precision.Fp32, 16, Tweets, Bench.Lengths.Tweets),
        new("bert-base-tweets-bf16", bertBase, Precision.Bf16, 16, Tweets, Bench.Lengths.Tweets),
        new("bert-base-tweets-default", bertBase, Precision.Auto, 16, Tweets, Bench.Lengths.Tweets, PeerPrecision: Precision.Fp32),
        new("bert-base-tweets-grouped-fp32", bertBase, Precision.Fp32, 16, Tweets, Grouped(16), PeerGroups: true),
        new("bert-base-tweets-grouped-bf16", bertBase, Precision.Bf16, 16, Tweets, Grouped(16), PeerGroups: true),
        new("bert-base-128-fp32", bertBase, Precision.Fp32, 16, Even, Fixed(128)),
        new("bert-base-128-bf16", bertBase, Precision.Bf16, 16, Even, Fixed(128)),
        new("bert-base-512-bf16", bertBase, Precision.Bf16, 4, Even, Fixed(512)),
    ];

    public static TrainCase Find(string name) => All.First(one => one.Name == name);

    /// <summary>Of the peer's forward and backward pass.</summary>
    public Precision Theirs => PeerPrecision ?? Precision;

    static Func<int, int[]> Fixed(int length) => count => Bench.Lengths.Fixed(count, length);
    static Func<int, int[]> Grouped(int batch) => count => Bench.Lengths.GroupedTweets(count, batch);
}
