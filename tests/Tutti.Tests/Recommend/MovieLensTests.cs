using System.Globalization;
using Tutti.Recommend;

namespace Tutti.Tests.Recommend;

/// <summary>MovieLens-100K, which is never committed: these are skipped where it is absent.</summary>
public sealed class MovieLensTests
{
    // fastai 2.7.19 with these settings on these rows: 0.8496, 0.8513 and 0.8557 for three seeds.
    [Fact]
    public void The_dot_product_reaches_the_error_of_fastai_on_the_same_rows()
    {
        var (train, valid) = Divided();
        var errors = Enumerable.Range(1, 3).Select(seed => Error(DotBiasTraining.Train(train, new() { Range = (0, 5.5), Seed = seed }), valid)).ToArray();
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", errors.Select(error => error.ToString("0.0000", CultureInfo.InvariantCulture))));
        Assert.All(errors, error => Assert.InRange(error, 0.80, 0.857));
    }

    [Fact]
    public void A_newcomer_is_predicted_better_than_by_averages()
    {
        // The last 100 users are unknown to the model; nine tenths of their ratings take them in.
        var (train, _) = Divided();
        const int From = 843;
        var known = DotBiasTraining.Train(train.Select([.. Enumerable.Range(0, train.Count).Where(row => train.Users[row] < From)]), new() { Range = (0, 5.5), Seed = 1 });
        var averages = Averages.Train(train.Select([.. Enumerable.Range(0, train.Count).Where(row => train.Users[row] < From)]));
        List<(float Truth, float Folded, float Average)> rows = [];
        foreach (var own in Enumerable.Range(0, train.Count).Where(row => train.Users[row] >= From).GroupBy(row => train.Users[row]))
        {
            int[] given = [.. own.Where(row => row % 10 != 0)], asked = [.. own.Where(row => row % 10 == 0)];
            if (given.Length == 0) continue;
            var folded = new FoldedUser(known.Factors, [.. given.Select(row => train.Items[row])], [.. given.Select(row => train.Values[row])]);
            rows.AddRange(asked.Select(row => (train.Values[row], folded.Predict(train.Items[row]), averages.Predict(RatingModel.Unknown, train.Items[row]))));
        }
        double Of(Func<(float Truth, float Folded, float Average), float> answer) => rows.Average(row => Math.Pow(answer(row) - row.Truth, 2));
        TestContext.Current.TestOutputHelper?.WriteLine($"{rows.Count} rows: folded in {Of(row => row.Folded):0.0000}, averages of items {Of(row => row.Average):0.0000}");
        Assert.True(Of(row => row.Folded) < 0.95 * Of(row => row.Average), $"{Of(row => row.Folded)} {Of(row => row.Average)}");
    }

    static double Error(RatingModel model, RatingRows rows) => ErrorScores.Of(rows.Values, ErrorScores.Predictions(model, rows)).Mse;

    static (RatingRows Train, RatingRows Valid) Divided()
    {
        var data = Shared.Data("movielens100k");
        var peers = Path.GetFullPath(Path.Combine(Shared.Root, "..", "shared", "peers", "ml100k_valid_rows_seed42.txt"));
        Assert.SkipUnless(File.Exists(peers), $"the rows that are held out are not committed and {peers} is absent");
        var rows = RatingTable.Read(Path.Combine(data, "u.data"), new("1", "2", "3", "4"), new() { Delimiter = "tab", Header = false }).Rows;
        int[] valid = [.. File.ReadAllLines(peers).Where(line => line.Length > 0).Select(line => int.Parse(line, CultureInfo.InvariantCulture))];
        return (rows.Select(RatingSplit.Others(rows.Count, valid)), rows.Select(valid));
    }
}
