using Tutti.Distributed;
using Tutti.Tests.Training;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Distributed;

public sealed class SharesTests
{
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(7), InlineData(100)]
    public void Every_example_is_in_one_share_and_tokens_differ_by_the_longest_at_most(int ranks)
    {
        var examples = SomeExamples.Of(64);
        var shares = Enumerable.Range(0, ranks).Select(rank => Shares.Of(examples, rank, ranks)).ToArray();
        Assert.Equal(Enumerable.Range(0, 64), shares.SelectMany(share => share).Order());
        foreach (var share in shares) Assert.Equal(share.Order(), share);
        var tokens = shares.Select(share => share.Sum(place => examples[place].Length)).ToArray();
        Assert.True(tokens.Max() - tokens.Min() <= examples.Max(example => example.Length));
    }

    [Fact]
    public void A_share_is_known_from_the_examples_alone()
    {
        // Lengths 5, 4, 3, 3: the longest to rank 0, the next to rank 1, then to who has fewer tokens.
        Example[] examples = [new(new int[3], null, 0, 10), new(new int[5], null, 0, 11), new(new int[3], null, 0, 12), new(new int[4], null, 0, 13)];
        Assert.Equal([1, 2], Shares.Of(examples, 0, 2));
        Assert.Equal([0, 3], Shares.Of(examples, 1, 2));
        Assert.Empty(Shares.Of(examples[..1], 1, 2));
    }

    [Fact]
    public void Weights_are_divided_by_size_and_tables_stay_with_everybody()
    {
        Assert.Equal([0, 1, 1, -1, 0], ShardedState.Owners([8, 5, 4, -1, 1], 2));
        Assert.Equal([0, -1], ShardedState.Owners([3, -1], 3));
    }

    [Fact]
    public void Buckets_hold_one_type_and_no_more_than_they_may()
    {
        (long, DType)[] sizes = [(10, DType.Float32), (20, DType.Float32), (80, DType.Float32), (30, DType.Float32), (5, DType.Float64), (200, DType.Float64), (1, DType.Float64)];
        Assert.Equal([0, 0, 1, 2, 3, 4, 5], Buckets.Divide(sizes, 100));
        Assert.Empty(Buckets.Divide([], 100));
    }
}
