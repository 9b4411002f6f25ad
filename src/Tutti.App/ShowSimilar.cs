using System.Globalization;
using Spectre.Console;
using Tutti.Labels;

namespace Tutti.App;

/// <summary>Prints rows that are unlike the others, and rows that are nearly the same.</summary>
static class ShowSimilar
{
    const int LongestText = 60, MostOfGroup = 6;

    public static void Outliers(SimilarRows similar, int top)
    {
        Show.Line(FormattableString.Invariant($"Outliers: {similar.Beyond} of {similar.Scored} rows, by embeddings of {similar.By}"));
        var table = Show.Table("set", "id", "fold", "given", "score", "outlier", "text");
        foreach (var one in similar.Outliers.Take(top)) table.AddRow(Show.Cells([.. Cells(one.Row), one.Score.ToString("0.000", CultureInfo.InvariantCulture), one.Beyond ? "yes" : "", Line(one.Row.Text)]));
        Show.Line(FormattableString.Invariant($"The {Math.Min(top, similar.Outliers.Count)} least usual rows; a score of 1 is like the others"));
        Show.Out.Write(table);
    }

    public static void Duplicates(SimilarRows similar, int top)
    {
        var groups = similar.Groups;
        Show.Line(FormattableString.Invariant($"Near duplicates: {groups.Count} groups of {groups.Sum(group => group.Rows.Count)} rows, by embeddings of {similar.By}"));
        if (groups.Count(group => group.DifferentLabels) is > 0 and var different) Show.Line(FormattableString.Invariant($"{different} with different labels for nearly the same {(groups[0].Rows[0].Content is null ? "text" : "picture")}"));
        if (groups.Count(group => group.AcrossTest) is > 0 and var leaks) Show.Warning(FormattableString.Invariant($"{leaks} groups hold rows of training and test: a score of those test rows is flattered"));
        if (groups.Count(group => group.AcrossFolds) is > 0 and var folds) Show.Warning(FormattableString.Invariant($"{folds} groups hold rows of several folds: held-out scores of those rows are flattered"));
        if (groups.Count == 0) return;
        var table = Show.Table("group", "set", "id", "fold", "given", "distance", "text");
        foreach (var (number, group) in groups.Take(top).Index())
        {
            foreach (var (i, row) in group.Rows.Take(MostOfGroup).Index())
                table.AddRow(Show.Cells([i == 0 ? (number + 1).ToString(CultureInfo.InvariantCulture) : "", .. Cells(row), i == 0 ? group.Distance.ToString("0.000", CultureInfo.InvariantCulture) : "", Line(row.Text)]));
            if (group.Rows.Count > MostOfGroup) table.AddRow(Show.Cells("", "", FormattableString.Invariant($"and {group.Rows.Count - MostOfGroup} more"), "", "", "", ""));
        }
        Show.Out.Write(table);
    }

    static string[] Cells(ComparedRow row) => [row.Set, row.Id, row.Fold?.ToString(CultureInfo.InvariantCulture) ?? "", row.Given ?? ""];

    static string Line(string text)
    {
        var line = string.Join(' ', text.Split(default(char[]), StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= LongestText ? line : line[..LongestText] + "…";
    }
}
