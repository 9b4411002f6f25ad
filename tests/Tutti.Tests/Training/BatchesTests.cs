using Tutti.Training;

namespace Tutti.Tests.Training;

public sealed class BatchesTests
{
    [Theory, InlineData(1, 4), InlineData(4, 4), InlineData(10, 4), InlineData(203, 8), InlineData(64, 64), InlineData(5, 1000), InlineData(129, 1)]
    public void An_epoch_holds_every_example_once_and_only_its_last_batch_is_short(int count, int batch)
    {
        var updates = Batches.Epoch(SomeExamples.Of(count), batch, 3, 1);
        Assert.Equal(Enumerable.Range(0, count), updates.SelectMany(update => update).Select(example => example.Row).Order());
        Assert.Equal((count + batch - 1) / batch, updates.Count);
        Assert.All(updates.SkipLast(1), update => Assert.Equal(batch, update.Length));
        Assert.Equal(count % batch == 0 ? batch : count % batch, updates[^1].Length);
    }

    [Fact]
    public void Epochs_and_seeds_shuffle_differently_and_the_same_ones_alike()
    {
        var examples = SomeExamples.Of(100);
        string Order(long seed, int epoch) => string.Join(" ", Batches.Epoch(examples, 8, seed, epoch).Select(update => string.Join(",", update.Select(example => example.Row))));
        Assert.Equal(Order(3, 1), Order(3, 1));
        Assert.NotEqual(Order(3, 1), Order(3, 2));
        Assert.NotEqual(Order(3, 1), Order(4, 1));
    }

    [Fact]
    public void Batches_hold_similar_lengths_but_come_in_no_order_of_length()
    {
        var updates = Batches.Epoch(SomeExamples.Of(800), 8, 3, 1);
        var spread = updates.Average(update => update.Max(example => example.Ids.Length) - update.Min(example => example.Ids.Length));
        Assert.True(spread < 4, $"a batch's lengths differ by {spread:0.0} on average; at random it would be about 10");
        var means = updates.Select(update => update.Average(example => example.Ids.Length)).ToArray();
        Assert.NotEqual(means, means.Order());
    }

    [Theory, InlineData(1), InlineData(14), InlineData(20), InlineData(64), InlineData(100_000)]
    public void Micro_batches_hold_every_example_once_within_the_tokens(int tokens)
    {
        var examples = SomeExamples.Of(57);
        var parts = Batches.Micro(examples, tokens);
        Assert.Equal(Enumerable.Range(0, 57), parts.SelectMany(part => part).Select(example => example.Row).Order());
        Assert.All(parts, part => Assert.True(part.Length == 1 || part.Sum(example => example.Ids.Length) <= tokens));
        var lengths = parts.SelectMany(part => part).Select(example => example.Ids.Length).ToArray();
        Assert.Equal(lengths.OrderDescending(), lengths);
    }

    [Fact]
    public void Nothing_makes_no_micro_batch() => Assert.Empty(Batches.Micro([], 100));
}
