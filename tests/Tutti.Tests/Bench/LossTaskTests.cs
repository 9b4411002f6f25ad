using Tutti.Bench;
using Tutti.Tests.Torch;
using Tutti.Training;

namespace Tutti.Tests.Bench;

public sealed class LossTaskTests() : EngineTest(threads: 1)
{
    static readonly LossTask small = new(new(2, 16, 2, 32, 60), 6, 2);

    /// <summary>Without dropout nothing but rounding may lie between the curves: the weights, their places and the batches are the same.</summary>
    [Fact]
    public void Without_dropout_our_losses_are_those_of_plain_PyTorch_from_the_same_weights_and_batches()
    {
        using var peer = Started();
        foreach (var seed in new long[] { 1, 2 })
        {
            var (ours, theirs) = (small.Ours(seed, Precision.Fp32, dropout: 0), small.Theirs(peer, seed, dropout: 0));
            Assert.Equal(6, theirs.Length);
            Assert.All(ours.Zip(theirs), pair => Assert.Equal(pair.Second, pair.First, 1e-5));
            Assert.True(ours.Distinct().Count() == 6, "the losses do not move");
        }
    }

    [Fact]
    public void About_half_of_the_rows_have_a_mark()
    {
        var examples = LossTask.Usual.Examples();
        Assert.Equal(3200, examples.Length);
        Assert.InRange(examples.Average(example => example.Label), 0.4, 0.6);
        Assert.All(examples, example => Assert.Equal(example.Label == 1, example.Ids.Any(id => id <= LossTask.Usual.Marks)));
    }

    [Fact]
    public void The_share_is_the_largest_difference_under_one_seed_over_the_spread_of_the_reference()
    {
        static double[] Curve(double last) => [.. Enumerable.Repeat(9.0, 150), .. Enumerable.Repeat(last, 50)];
        var outcome = new LossOutcome("made", "made", [1, 2, 3], [Curve(0.11), Curve(0.18), Curve(0.50)], [Curve(0.10), Curve(0.20), Curve(0.50)]);
        Assert.Equal([0.11, 0.18, 0.50], outcome.Ours.Select(loss => Math.Round(loss, 6)));
        Assert.Equal(0.40, outcome.Spread, 1e-9);
        Assert.Equal(0.02, outcome.Difference, 1e-9);
        Assert.Equal(0.05, outcome.Share, 1e-9);
        Assert.Equal(0.05, (double)outcome.Json()["share"]!, 1e-9);
    }

    [Fact]
    public void Rounds_are_refused_because_there_are_none() =>
        Assert.Contains("no rounds", Assert.Throws<ConfigException>(() => new LossBench().Run(["fp32"], 2, Format.Json)).Message, StringComparison.Ordinal);

    static Peer Started()
    {
        try
        {
            return new("bert_losses.py", "1");
        }
        catch (PeerException e)
        {
            Assert.Skip(e.Message);
            throw;
        }
    }
}
