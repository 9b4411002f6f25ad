using System.Globalization;
using Spectre.Console;
using Tutti.Recipes;
using Tutti.Recommend;

namespace Tutti.App;

/// <summary>Results of task ratings, on standard output.</summary>
static class ShowRatings
{
    const int LongTitle = 24;

    public static void Result(RatingsResult result)
    {
        Table(result.Table, result.UserTitles, result.Titles);
        var folds = result.Rows[0].Folds.Count;
        Board(FormattableString.Invariant($"Leaderboard: {result.HeldRows} held-out ratings{(folds > 0 ? FormattableString.Invariant($" of {folds} folds") : "")}, 95 % intervals; ranked among all items, hits are ratings from {result.Liked:0.##} on"), result.Rows);
        if (folds > 0) Folds(result.Rows);
        Show.Line($"predictions of the held-out rows: {result.OutOfFold}");
        Show.Line($"report: {result.Report}");
    }

    /// <summary>What the busiest users say of the busiest items.</summary>
    public static void Table(CrossTable table, IReadOnlyList<string> users, IReadOnlyList<string> items)
    {
        Show.Line("The users and items with the most ratings:");
        var shown = Show.Table(["", .. table.Users.Select(user => Short(users[user], 8))]);
        for (var i = 0; i < table.Items.Length; i++)
            shown.AddRow(Show.Cells([Short(items[table.Items[i]], LongTitle), .. table.Users.Select((_, u) => float.IsNaN(table.Ratings[u, i]) ? "" : table.Ratings[u, i].ToString("0.##", CultureInfo.InvariantCulture))]));
        Show.Out.Write(shown);
    }

    public static void Board(string title, IReadOnlyList<RatingsScores> rows)
    {
        Show.Line(title);
        var top = rows.Select(row => row.Top).FirstOrDefault(one => one is not null);
        var table = Show.Table("", "RMSE", "MAE", $"NDCG@{top?.K ?? 0}", $"recall@{top?.K ?? 0}", "time");
        foreach (var row in rows)
            table.AddRow(Show.Cells(row.Name, row.Errors is null ? "" : Show.Interval(row.Errors.Rmse), row.Errors is null ? "" : Show.Number(row.Errors.Mae.Value), row.Top is null ? "" : Show.Interval(row.Top.Ndcg), row.Top is null ? "" : Show.Number(row.Top.Recall.Value), Time(row.Seconds)));
        Show.Out.Write(table);
    }

    /// <summary>Every fold alone: a column for each.</summary>
    static void Folds(IReadOnlyList<RatingsScores> rows)
    {
        Show.Line("Each fold alone: RMSE, MAE, time");
        var table = Show.Table(["", .. rows[0].Folds.Select(fold => fold.Name)]);
        foreach (var row in rows)
            table.AddRow(Show.Cells([row.Name, .. row.Folds.Select(fold => fold.Errors is null ? Time(fold.Seconds) : $"{Show.Interval(fold.Errors.Rmse)}\n{Show.Interval(fold.Errors.Mae)}\n{Time(fold.Seconds)}")]));
        Show.Out.Write(table);
    }

    static string Time(double seconds) => FormattableString.Invariant($"{seconds:0.0} s");

    public static void Evaluation(RatingsEvaluation found)
    {
        if (found.Scores is not { } scores)
        {
            Show.Line("every row was learnt from: there is nothing to score");
            return;
        }
        Show.Line(FormattableString.Invariant($"{found.Rows - found.Seen} rows that were not learnt from{(found.Strangers > 0 ? FormattableString.Invariant($", {found.Strangers} of them of users or items that the run does not know") : "")}"));
        var table = Show.Table("score", "value (95 % interval)");
        if (scores.Errors is { } errors)
            foreach (var (name, score) in new[] { ("RMSE", errors.Rmse), ("MAE", errors.Mae) }) table.AddRow(Show.Cells(name, Show.Interval(score)));
        foreach (var (name, score) in scores.Top?.Named ?? []) table.AddRow(Show.Cells(name, Show.Interval(score)));
        if (scores.Top is { } top)
        {
            table.AddRow(Show.Cells("coverage", Show.Number(top.Coverage)));
            table.AddRow(Show.Cells("novelty (bits)", Show.Number(top.Novelty)));
        }
        Show.Out.Write(table);
    }

    public static void Recommendations(TrainedRatings run, IReadOnlyList<Recommendation> found)
    {
        string Titles(IEnumerable<int> items) => string.Join(", ", items.Select(item => run.Titles[item]));
        foreach (var (place, one) in found.Index())
        {
            Show.Line(FormattableString.Invariant($"{place + 1,3}. {one.Rating:0.00}  {run.Titles[one.Item]}{(run.Titles[one.Item] == run.Items[one.Item] ? "" : $" ({run.Items[one.Item]})")}"));
            if (one.Near.Count > 0) Show.Line($"       like {string.Join(", ", one.Near.Select(near => FormattableString.Invariant($"{run.Titles[near.Item]} (rated {near.Rating:0.##})")))}");
            foreach (var axis in one.Because) Show.Line($"       rather {Titles(axis.Towards)} than {Titles(axis.Away)}");
        }
        if (found.Count == 0) Show.Line("nothing is left: every item is rated already");
    }

    static string Short(string text, int length) => text.Length <= length ? text : $"{text[..(length - 1)]}…";
}
