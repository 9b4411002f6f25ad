using Tutti.Ensembling;
using Tutti.Evaluation;
using Tutti.Predictions;

namespace Tutti.Tests.Ensembling;

/// <summary>What the mean over views counts for where several things are said of a row.</summary>
public sealed class AnswerViewShareTests
{
    const int Rows = 60;

    static readonly Answer colour = new("colour", AnswerKind.Class, ["red", "green", "blue"]), spotted = new("spotted", AnswerKind.Flag, []), size = new("size", AnswerKind.Number, [], 0.5), grade = new("grade", AnswerKind.Ordinal, ["low", "middle", "high"]);

    static string[] Ids => [.. Enumerable.Range(0, Rows).Select(row => $"{row}")];

    /// <summary>Answers that are drawn, nearer to the truth the larger <paramref name="skill"/>; every seventh row lacks one.</summary>
    static AnswerSet Set(IReadOnlyList<Answer> answers, int seed, double skill)
    {
        var random = new Random(seed);
        List<double> values = [], truth = [];
        for (var row = 0; row < Rows; row++)
            foreach (var (i, answer) in answers.Index())
            {
                var own = row / (i + 1) % Math.Max(2, answer.Classes.Count);
                truth.Add((row + i) % 7 == 3 ? double.NaN : answer.Kind == AnswerKind.Number ? row : own);
                if (answer.Kind == AnswerKind.Number) values.Add(row + (20 * (1 - skill) * (random.NextDouble() - 0.5)));
                else if (answer.Kind == AnswerKind.Flag) values.Add(own > 0 ? Mixed(random, skill) : 1 - Mixed(random, skill));
                else
                {
                    var right = Mixed(random, skill);
                    for (var k = 0; k < answer.Width; k++) values.Add(k == own ? right : (1 - right) / (answer.Width - 1));
                }
            }
        return new(Ids, answers, [.. values], [.. truth], [.. Enumerable.Range(0, Rows).Select(row => row % 2)]);
    }

    static double Mixed(Random random, double skill) => (0.98 * ((skill * 0.9) + ((1 - skill) * random.NextDouble()))) + 0.01;

    [Fact]
    public void Of_one_class_per_row_it_is_the_share_that_classes_get()
    {
        // Half of the rows gain and half lose by the views.
        AnswerSet Said(Func<int, double> right) => new(Ids, [colour], [.. Enumerable.Range(0, Rows).SelectMany(row => Enumerable.Range(0, 3).Select(k => k == row % 3 ? right(row) : (1 - right(row)) / 2))],
            [.. Enumerable.Range(0, Rows).Select(row => (double)(row % 3))], [.. Enumerable.Range(0, Rows).Select(row => row % 2)]);
        var (plain, views) = (Said(row => row % 4 < 2 ? 0.5 : 0.8), Said(row => row % 4 < 2 ? 0.9 : 0.4 + (row * 0.003)));
        var (share, expected) = (AnswerViewShare.Fit(plain, views), ViewShare.Fit(plain.Classes(0), views.Classes(0)));
        Assert.InRange(expected.Weight, 0.01, 0.99);
        Assert.Equal(expected.Weight, share.Weight, 1e-5);
        Assert.All(expected.ByFold, fold => Assert.Equal(fold.Value, share.ByFold[fold.Key], 1e-5));
        var gain = Assert.Single(share.Differences);
        Assert.Equal(("colour", "accuracy", true), (gain.Name, gain.Measure, gain.Higher));
        Assert.Equal(expected.LogLoss.Difference.Value, gain.Loss.Reversed.Difference.Value, 1e-4);
        Assert.Equal(expected.LogLoss.Difference.Low, gain.Loss.Reversed.Difference.Low, 1e-4);
        Assert.Equal(expected.Accuracy.Difference.Value, gain.Value.Difference.Value, 1e-12);
    }

    [Fact]
    public void The_share_is_where_the_sum_of_the_targets_losses_is_least()
    {
        Answer[] answers = [colour, spotted, size, grade];
        var (plain, views) = (Set(answers, 3, 0.2), Set(answers, 4, 0.3));
        var share = AnswerViewShare.Fit(plain, views);
        double Loss(double weight) => AnswerScores.Losses(AnswerViewShare.Mixed(plain, views, _ => weight)).Average();
        Assert.InRange(share.Weight, 0.01, 0.99);
        foreach (var step in (double[])[-0.01, 0.01]) Assert.True(Loss(share.Weight) < Loss(share.Weight + step), $"{share.Weight}: {Loss(share.Weight)}, {Loss(share.Weight + step)}");
        Assert.Equal(["colour", "spotted", "size", "grade"], share.Differences.Select(one => one.Name));
        Assert.Equal(["accuracy", "accuracy", "MAE", "levels off"], share.Differences.Select(one => one.Measure));
    }

    [Fact]
    public void Views_that_are_no_better_weigh_nothing()
    {
        var plain = Set([colour, size], 5, 0.9);
        var share = AnswerViewShare.Fit(plain, Set([colour, size], 6, 0));
        Assert.Equal(0, share.Weight);
        Assert.Same(plain, share.Predictions);
        Assert.All(share.Differences, one => Assert.Equal((0, 0), (one.Value.Difference.Value, one.Loss.Difference.Value)));
    }

    [Fact]
    public void Differences_are_those_of_the_scores_on_the_rows_that_have_the_target()
    {
        Answer[] answers = [colour, spotted, size, grade];
        var (first, second) = (Set(answers, 7, 0.6), Set(answers, 8, 0.3));
        var differences = AnswerDifference.Of(first, second);
        double Of(AnswerSet set, string name, string score) => AnswerScores.Of(set).Single(one => one.Name == name).Scores.Single(one => one.Name == score).Score.Value;
        foreach (var (name, score) in new[] { ("colour", "accuracy"), ("size", "MAE"), ("grade", "levels off") })
            Assert.Equal(Of(first, name, score) - Of(second, name, score), differences.Single(one => one.Name == name).Value.Difference.Value, 1e-9);
        foreach (var name in (string[])["colour", "grade"])
            Assert.Equal(Of(first, name, "log-loss") - Of(second, name, "log-loss"), differences.Single(one => one.Name == name).Loss.Difference.Value, 1e-9);
        Assert.Equal(first.KnownRows(0).Count, differences[0].Value.Difference.N);
        Assert.NotNull(differences[0].McNemar);
        Assert.Null(differences.Single(one => one.Name == "size").McNemar);
        Assert.Throws<ArgumentException>(() => AnswerDifference.Of(first, Set([colour], 1, 0.5)));
    }

    [Fact]
    public void Labels_that_all_rows_have_are_compared_together()
    {
        Answer[] labels = [new("a", AnswerKind.Flag, []), new("b", AnswerKind.Flag, [])];
        AnswerSet Said(params double[] values) => new(["1", "2"], labels, values, [1, 0, 0, 1]);
        var one = Assert.Single(AnswerDifference.Of(Said(0.9, 0.1, 0.2, 0.8), Said(0.9, 0.9, 0.8, 0.8)));
        Assert.Equal(("labels", 0.5), (one.Name, one.Value.Difference.Value));
        Assert.True(one.Loss.Difference.Value < 0);
    }
}
