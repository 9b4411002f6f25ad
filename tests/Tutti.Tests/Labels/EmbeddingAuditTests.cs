using Tutti.Labels;

namespace Tutti.Tests.Labels;

/// <summary>Neighbours, outliers and near duplicates of made embeddings.</summary>
public sealed class EmbeddingAuditTests
{
    const int Dimension = 19;                                 // no whole number of vectors of any machine

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void Neighbours_are_those_that_comparing_every_pair_finds_for_any_number_of_threads(int threads)
    {
        var rows = Directions(300, seed: 1);
        for (var c = 0; c < Dimension; c++) rows[(200 * Dimension) + c] = rows[(39 * Dimension) + c];       // two are the same
        int[] asked = [.. Enumerable.Range(0, 300).Where(row => row % 3 != 1)];
        var found = NearestRows.Among(rows, Dimension, 5, asked, 20, 290, NearestRows.OfDirections, threads);
        foreach (var (i, row) in asked.Index())
        {
            var expected = Enumerable.Range(20, 270).Where(other => other != row).Select(other => (Distance: Distance(rows, row, other), Row: other)).Order().Take(5).ToArray();
            Assert.Equal(expected.Select(one => one.Row), found.Rows[i]);
            Assert.All(expected.Zip(found.Distances[i]), pair => Assert.Equal(pair.First.Distance, pair.Second, 1e-6));
        }
        Assert.Equal(200, found.Rows[Array.IndexOf(asked, 39)][0]);
        var alone = NearestRows.Among(rows, Dimension, 5, asked, 20, 290, NearestRows.OfDirections, 1);
        Assert.Equal(alone.Distances.SelectMany(row => row), found.Distances.SelectMany(row => row));
    }

    [Fact]
    public void Of_equally_near_rows_the_lower_numbers_are_taken()
    {
        float[] same = [.. Enumerable.Range(0, 30).SelectMany(_ => (float[])[1, 0, 0])];
        var nearest = NearestRows.Among(same, 3, 4, [29, 2], 0, 30, NearestRows.OfDirections);
        Assert.Equal([0, 1, 2, 3], nearest.Rows[0]);
        Assert.Equal([0, 1, 3, 4], nearest.Rows[1]);
        Assert.All(nearest.Distances.SelectMany(row => row), distance => Assert.Equal(0, distance));
    }

    [Fact]
    public void A_row_unlike_the_others_has_the_lowest_score_and_is_beyond_the_limit()
    {
        var rows = Around(120, seed: 4);
        Point(rows, 57, -1);
        var audit = new EmbeddingAudit(120, 0);
        audit.Add(rows, Dimension, [.. Enumerable.Range(0, 120)]);
        var found = audit.Findings();
        Assert.Equal(120, found.Scored);
        Assert.Equal((57, true), (found.Outliers[0].Row, found.Outliers[0].Beyond));
        Assert.True(found.Outliers[0].Score < found.Outliers[1].Score / 2, $"{found.Outliers[0].Score} beside {found.Outliers[1].Score}");
        Assert.InRange(found.Outliers.Count, 20, 40);         // a few more to look at
    }

    [Fact]
    public void The_scores_are_those_of_all_rows_where_one_model_is_asked_for_all()
    {
        var rows = Around(80, seed: 6);
        var audit = new EmbeddingAudit(80, 0);
        audit.Add(rows, Dimension, [.. Enumerable.Range(0, 80)]);
        var scores = new OutlierScores(Array.ConvertAll(rows, value => (double)value), Dimension);
        // float32 beside double
        Assert.All(audit.Findings().Outliers, one => Assert.Equal(scores.Fitted[one.Row], one.Score, 1e-4));
    }

    [Fact]
    public void Duplicates_are_found_across_folds_and_across_training_and_test_and_joined_to_groups()
    {
        // Two models: numbers of one say nothing of the other's, but both see the same rows as the same. Rows 100 to 129 are test rows.
        float[][] models = [Directions(130, seed: 2), Directions(130, seed: 3)];
        (int Row, int Like)[] planted = [(60, 5), (90, 5), (110, 20), (121, 120), (77, 99)];
        foreach (var rows in models)
            foreach (var (row, like) in planted) Array.Copy(rows, like * Dimension, rows, row * Dimension, Dimension);
        var audit = new EmbeddingAudit(100, 30);
        var usual = audit.Add(models[0], Dimension, [.. Enumerable.Range(0, 50)]);
        audit.AddRest(models[0], Dimension, [99, 77], usual);
        audit.Add(models[1], Dimension, [.. Enumerable.Range(50, 25), .. Enumerable.Range(80, 15)]);
        var groups = audit.Findings().Groups;
        Assert.Equal(["5 60 90", "20 110", "77 99", "120 121"], groups.Select(group => string.Join(' ', group.Rows)));
        Assert.All(groups, group => Assert.Equal(0, group.Distance));
    }

    [Fact]
    public void Rows_that_every_model_trained_on_are_no_outliers()
    {
        var rows = Around(60, seed: 8);
        Point(rows, 3, -1);
        var audit = new EmbeddingAudit(60, 0);
        audit.AddRest(rows, Dimension, [1, 2, 3], audit.Add(rows, Dimension, [.. Enumerable.Range(10, 50)]));
        Assert.Equal(50, audit.Findings().Scored);
        Assert.DoesNotContain(3, audit.Findings().Outliers.Select(one => one.Row));
    }

    [Fact]
    public void What_a_group_means_follows_from_its_rows()
    {
        ComparedRow Row(string id, int? fold, string? given, bool test = false) => new(id, test, fold, given, "text");
        Assert.True(new DuplicateGroup([Row("a", 0, "x"), Row("b", 0, "y")], 0) is { DifferentLabels: true, AcrossFolds: false, AcrossTest: false });
        Assert.True(new DuplicateGroup([Row("a", 0, "x"), Row("b", 1, "x")], 0) is { DifferentLabels: false, AcrossFolds: true, AcrossTest: false });
        Assert.True(new DuplicateGroup([Row("a", 0, "x"), Row("b", null, null, test: true)], 0) is { DifferentLabels: false, AcrossFolds: false, AcrossTest: true });
        Assert.True(new DuplicateGroup([Row("a", null, null, test: true), Row("b", null, null, test: true)], 0) is { DifferentLabels: false, AcrossFolds: false, AcrossTest: false });
    }

    static double Distance(float[] rows, int a, int b) => 1 - Enumerable.Range(0, Dimension).Sum(c => (double)rows[(a * Dimension) + c] * rows[(b * Dimension) + c]);

    /// <summary>Rows of length 1 in all directions.</summary>
    static float[] Directions(int count, int seed) => Made(count, seed, towards: 0);

    /// <summary>Rows that point roughly the same way.</summary>
    static float[] Around(int count, int seed) => Made(count, seed, towards: 3);

    static void Point(float[] rows, int row, float to)
    {
        Array.Clear(rows, row * Dimension, Dimension);
        rows[row * Dimension] = to;
    }

    static float[] Made(int count, int seed, double towards)
    {
        var random = new Random(seed);
        var rows = new float[count * Dimension];
        for (var row = 0; row < count; row++)
        {
            double[] values = [.. Enumerable.Range(0, Dimension).Select(c => random.NextDouble() - 0.5 + (c == 0 ? towards : 0))];
            var length = Math.Sqrt(values.Sum(value => value * value));
            for (var c = 0; c < Dimension; c++) rows[(row * Dimension) + c] = (float)(values[c] / length);
        }
        return rows;
    }
}
