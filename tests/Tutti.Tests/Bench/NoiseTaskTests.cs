using Tutti.Bench;
using Tutti.Tests.Recipes;

namespace Tutti.Tests.Bench;

/// <summary>What <c>tutti bench noise</c> does, on texts whose class is easy to tell.</summary>
[Collection(RunCollection.Name)]
public sealed class NoiseTaskTests
{
    [Fact]
    public void Planted_errors_are_found_and_correcting_them_gains()
    {
        using var temp = Shared.Temp();
        using var thread = new OneThread();
        string[] topics = ["football goal team", "flour oven bread", "guitar song band"], fill = ["the", "a", "very", "good", "new", "old", "one", "and"];
        // The words of a text are drawn by its number: three of its topic, and others that say nothing.
        var (texts, labels) = (new List<string>(), new List<string>());
        for (var i = 0; i < 400; i++)
        {
            var words = topics[i % 3].Split(' ');
            texts.Add($"{fill[i % 8]} {words[i / 3 % 3]} {fill[i / 8 % 8]} {words[i / 9 % 3]} {fill[i / 64 % 8]} {words[i / 27 % 3]} {i}");
            labels.Add(words[0]);
        }
        var outcome = NoiseTask.Run(texts, labels, temp.Path, """
            data: { train: train.csv, text: "{text}", label: label, id: id, folds: { count: 2, seed: 7 } }
            train: { batch: 16, epochs: 3, learning-rate: 3e-3, max-length: 16 }
            members: [{ model: { kind: bert, layers: 1, hidden: 32, heads: 2, vocabulary: 200, pooling: mean } }]
            report: { explain: 0 }
            """, unseen: false);
        Assert.Equal((320, 32), (outcome.Rows, outcome.Planted));
        Assert.True(outcome.Found.Interval.Low > 0.6 && outcome.Right.Interval.Low > 0.8, $"found {outcome.Found}, right {outcome.Right}");
        var repair = Assert.Single(outcome.Repairs);
        Assert.Equal(outcome.Found.Part, repair.Changed);
        Assert.True(repair.After.Value >= outcome.Before.Value, $"{outcome.Before} to {repair.After}");
        Assert.Equal(320 - repair.Changed, repair.Untouched.After.N);
        Assert.InRange(repair.Gain.Accuracy.Difference.Value, repair.Gain.Accuracy.Difference.Low, repair.Gain.Accuracy.Difference.High);
    }

    /// <summary>Newcombe 1998, table I, method 3: 81 of 263 and 15 of 148.</summary>
    [Theory]
    [InlineData(81, 263, 0.2553, 0.3662)]
    [InlineData(15, 148, 0.0624, 0.1605)]
    public void Shares_have_Wilsons_interval(int part, int of, double low, double high)
    {
        var (from, to) = new Share(part, of).Interval;
        Assert.Equal(low, from, 4);
        Assert.Equal(high, to, 4);
    }
}
