using Tutti.Evaluation;
using Tutti.Predictions;

namespace Tutti.Tests.Evaluation;

/// <summary>Scores of labels, numbers and classes of rows that are not kept.</summary>
public sealed class RunningAnswersTests
{
    static readonly Answer[] answers =
        [new("spam", AnswerKind.Flag, []), new("kind", AnswerKind.Class, ["a", "b", "c"]), new("size", AnswerKind.Number, []), new("urgent", AnswerKind.Flag, [])];

    [Theory]
    [InlineData(1, 3_000, false)]
    [InlineData(2, 1_200, true)]
    public void Values_equal_those_of_all_rows_at_once(int seed, int rows, bool ties)
    {
        var set = Drawn(seed, rows, ties);
        var (whole, running) = (AnswerScores.Of(set, resamples: 2, metrics: MetricChoice.All), Run(set, resamples: 3));
        Assert.Equal(["labels", "kind", "size"], running.Select(answer => answer.Name));
        foreach (var (exact, streamed) in whole.Zip(running))
        {
            Assert.Equal(exact.Scores.Select(score => score.Name), streamed.Scores.Select(score => score.Name));
            // Variances come from sums of squares in one pass: a few rounding errors each.
            Assert.All(exact.Scores.Zip(streamed.Scores), pair => Assert.Equal(pair.First.Score.Value, pair.Second.Score.Value, 1e-10 * Math.Max(1, Math.Abs(pair.First.Score.Value))));
        }
        Assert.Equal(whole[0].Labels, running[0].Labels, (a, b) => a.Name == b.Name && a.Support == b.Support && Math.Abs(a.F1 - b.F1) + Math.Abs(a.RocAuc - b.RocAuc) < 1e-12);
        Assert.All(whole[0].LabelScores.Zip(running[0].LabelScores), pair => Assert.Equal(pair.First.AveragePrecision.Value, pair.Second.AveragePrecision.Value, 1e-12));
    }

    [Fact]
    public void Intervals_agree_with_those_of_the_bootstrap_that_draws_rows()
    {
        // As in RunningScoresTests: ends differ by 3 % of the width (one standard deviation); 15 % is five of them.
        foreach (var set in new[] { Drawn(3, 5_000, ties: false), Drawn(4, 5_000, ties: true) })
            foreach (var (exact, streamed) in AnswerScores.Of(set, metrics: MetricChoice.All).Zip(Run(set)).SelectMany(pair => pair.First.Scores.Zip(pair.Second.Scores)))
            {
                var (width, share) = (exact.Score.High - exact.Score.Low, exact.Name == "largest calibration gap" ? 0.3 : 0.15);
                Assert.True(width > 0 && Math.Abs(exact.Score.Low - streamed.Score.Low) < share * width && Math.Abs(exact.Score.High - streamed.Score.High) < share * width, $"{exact} but streamed {streamed.Score}");
            }
    }

    [Fact]
    public void Up_to_the_limit_they_are_those_of_all_rows_bit_for_bit()
    {
        var set = Drawn(5, 300, ties: true);
        var (whole, running) = (AnswerScores.Of(set, seed: 2, resamples: 30, metrics: MetricChoice.All), Run(set, exactRows: 300, seed: 2, resamples: 30));
        foreach (var (exact, held) in whole.Zip(running))
        {
            Assert.Equal(exact.Scores, held.Scores);
            Assert.Equal(exact.LabelScores, held.LabelScores);
        }
        Assert.NotEqual(whole[2].Scores, Run(set, exactRows: 299, seed: 2, resamples: 30)[2].Scores);
    }

    [Fact]
    public void Numbers_that_are_all_the_same_have_no_correlation_and_explain_nothing()
    {
        Answer[] one = [new("size", AnswerKind.Number, [])];
        using var running = new RunningAnswers(one, 0, 0, 5, MetricChoice.All);
        foreach (var truth in (double[])[0.1, 0.7, -3.3]) running.Add([0.1], [truth]);
        var scores = running.Summary()[0].Scores.ToDictionary(score => score.Name, score => score.Score.Value);
        Assert.True(double.IsNaN(scores["Pearson"]) && double.IsNaN(scores["Spearman"]));
        Assert.Equal(0, scores["explained variance"], 1e-12);
        using var same = new RunningAnswers(one, 0, 0, 5, MetricChoice.All);
        for (var i = 0; i < 3; i++) same.Add([0.3], [0.1]);
        Assert.Equal(0, same.Summary()[0].Scores.Single(score => score.Name == "R2").Score.Value);
        Assert.Equal(1, same.Summary()[0].Scores.Single(score => score.Name == "explained variance").Score.Value);
    }

    [Fact]
    public void Numbers_far_from_zero_lose_no_digits()
    {
        var random = new Random(6);
        var (truth, predicted) = (new double[2_000], new double[2_000]);
        for (var i = 0; i < truth.Length; i++) predicted[i] = (truth[i] = 1e9 + random.NextDouble()) + (0.1 * random.NextDouble());
        using var running = new RunningAnswers([new("size", AnswerKind.Number, [])], 0, 0, 3, MetricChoice.All);
        for (var i = 0; i < truth.Length; i++) running.Add([predicted[i]], [truth[i]]);
        // Of 1e9 a double has seven digits behind the point.
        Assert.Equal(Regression.R2(truth, predicted), running.Summary()[0].Scores.Single(score => score.Name == "R2").Score.Value, 1e-6);
        Assert.Equal(Regression.Spearman(truth, predicted), running.Summary()[0].Scores.Single(score => score.Name == "Spearman").Score.Value, 1e-12);
    }

    [Fact]
    public void What_is_no_row_is_refused()
    {
        using var running = new RunningAnswers(answers);
        Assert.Throws<ArgumentException>(running.Summary);
        Assert.Contains("true values", Assert.Throws<ArgumentException>(() => running.Add([0.5, 0.2, 0.3, 0.5, 1, 0.5], [0, 1])).Message, StringComparison.Ordinal);
        Assert.Contains("not between 0 and 1", Assert.Throws<ArgumentException>(() => running.Add([1.5, 0.2, 0.3, 0.5, 1, 0.5], [0, 1, 2, 0])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(MetricsParityTests.Files), MemberType = typeof(MetricsParityTests))]
    public void Labels_and_numbers_equal_the_recorded_reference_in_both_ways(string file)
    {
        var (parity, json) = (new Parity(file), Parity.Json(file));
        var (multi, regression, k) = (json["multilabel"]!, json["regression"]!, json["k"]!.GetValue<int>());
        var scores = new FixtureTensors(Path.ChangeExtension(file, ".safetensors"))["multilabel_scores"];
        var truth = Parity.Doubles(multi["y"]);
        var n = truth.Length / k;
        Answer[] labels = [.. Enumerable.Range(0, k).Select(label => new Answer($"l{label}", AnswerKind.Flag, []))];
        foreach (var exactRows in (int[])[0, 1_000_000])
        {
            using var running = new RunningAnswers(labels, exactRows, 0, 2, MetricChoice.All);
            for (var row = 0; row < n; row++) running.Add(scores.AsSpan(row * k, k), truth.AsSpan(row * k, k));
            foreach (var (name, path) in (ReadOnlySpan<(string, string[])>)[("F1 macro", ["f1", "macro"]), ("F1 micro", ["f1", "micro"]), ("F1 weighted", ["f1", "weighted"]), ("F1 samples", ["f1", "samples"]),
                ("exact match", ["exact_match"]), ("Hamming loss", ["hamming_loss"]), ("Jaccard samples", ["jaccard_samples"]), ("ranking precision", ["lrap"]), ("ROC-AUC", ["roc_auc_macro"]), ("average precision macro", ["ap_macro"])])
                parity.Near(name, path.Aggregate(multi, (node, key) => node[key]!), Value(running.Summary(), name), name is "ROC-AUC" or "average precision macro" ? 1e-10 : 1e-12);

            var (t, p) = (Parity.Doubles(regression["y"]), Parity.Doubles(regression["pred"]));
            using var numbers = new RunningAnswers([new("size", AnswerKind.Number, [])], exactRows, 0, 2, MetricChoice.All);
            for (var row = 0; row < t.Length; row++) numbers.Add([p[row]], [t[row]]);
            foreach (var (name, key) in (ReadOnlySpan<(string, string)>)[("RMSE", "rmse"), ("MAE", "mae"), ("R2", "r2"), ("MSE", "mse"), ("explained variance", "explained_variance"), ("Pearson", "pearson")])
                parity.Near(name, regression[key], Value(numbers.Summary(), name), 1e-12);
        }
        parity.Finish();
    }

    static double Value(IReadOnlyList<AnswerSummary> answers, string name) => answers[0].Scores.Single(score => score.Name == name).Score.Value;

    static IReadOnlyList<AnswerSummary> Run(AnswerSet set, int exactRows = 0, ulong seed = 0, int resamples = 1000)
    {
        using var running = new RunningAnswers(set.Answers, exactRows, seed, resamples, MetricChoice.All);
        for (var row = 0; row < set.Count; row++) running.Add(set.Row(row), set.Truth.AsSpan(row * set.Answers.Count, set.Answers.Count));
        return running.Summary();
    }

    /// <summary>Answers that are often nearly right; with ties, numbers are whole and probabilities tenths.</summary>
    static AnswerSet Drawn(int seed, int rows, bool ties)
    {
        var random = new Random(seed);
        double Rounded(double value, double step) => ties ? Math.Round(value / step) * step : value;
        double Flag(bool has) => Rounded(Math.Clamp(0.5 + ((has ? 0.2 : -0.2) * random.NextDouble() * 2) + (0.4 * (random.NextDouble() - 0.5)), 0, 1), 0.1);
        List<double> values = [], truth = [];
        for (var row = 0; row < rows; row++)
        {
            var (spam, urgent, kind, size) = (random.Next(4) == 0, random.Next(10) == 0, random.Next(3), Rounded((4 * random.NextDouble()) - 2, 1));
            var (first, second) = (random.NextDouble() / 2, random.NextDouble() / 2);
            double[] kinds = [first, second, 1 - first - second];
            values.AddRange([Flag(spam), .. kinds, Rounded(size + random.NextDouble() - 0.5, 0.5), Flag(urgent)]);
            truth.AddRange([spam ? 1 : 0, kind, size, urgent ? 1 : 0]);
        }
        return new([.. Enumerable.Range(0, rows).Select(row => $"{row}")], answers, [.. values], [.. truth]);
    }
}
