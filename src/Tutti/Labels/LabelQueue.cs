using System.Globalization;
using System.Numerics;
using Tutti.Tables;

namespace Tutti.Labels;

/// <summary>Label issues of one set of rows, worst first, with what says so.</summary>
/// <param name="Rows">How many rows were looked at.</param>
/// <param name="Classes">Class names.</param>
/// <param name="Filter">What flagged the issues.</param>
/// <param name="Score">What they are ranked by.</param>
/// <param name="Health">The labels as a whole.</param>
/// <param name="Issues">Worst first.</param>
public sealed record LabelQueue(int Rows, IReadOnlyList<string> Classes, LabelFilter Filter, LabelQuality Score, LabelHealth Health, IReadOnlyList<LabelIssue> Issues)
{
    /// <param name="rows">Probabilities.</param>
    /// <param name="labels">Given labels.</param>
    /// <param name="classes">Class names.</param>
    /// <param name="ids">The rows' ids.</param>
    /// <param name="filter">What is an issue.</param>
    /// <param name="score">What issues are ranked by.</param>
    /// <param name="votes">By row id, how many members predict each class; or null.</param>
    public static LabelQueue Of<T>(ProbabilityRows<T> rows, int[] labels, IReadOnlyList<string> classes, IReadOnlyList<string> ids, LabelFilter filter, LabelQuality score,
        IReadOnlyDictionary<string, int[]>? votes = null) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var audit = LabelAudit.Of(rows, labels);
        var quality = audit.Quality(score);
        var issues = QualityScores.Order(audit.Find(new() { Filter = filter }).Index().Where(item => item.Item).Select(item => item.Index), quality)
            .Select(row => new LabelIssue(ids[row], row, labels[row], audit.Suggested(row), quality[row], votes?.GetValueOrDefault(ids[row])));
        return new(rows.Count, classes, filter, score, audit.Health(), [.. issues]);
    }

    /// <summary>Writes the issues as CSV: id, given, suggested, quality and, where members voted, votes.</summary>
    /// <exception cref="ConfigException">The file cannot be written.</exception>
    public void Write(string path)
    {
        var voted = Issues.Any(issue => issue.Votes is not null);
        TableWriter.Write(path, ["id", "given", "suggested", "quality", .. voted ? ["votes"] : (string[])[]], writer =>
        {
            foreach (var issue in Issues)
            {
                writer.Add(issue.Id).Add(Classes[issue.Given]).Add(Classes[issue.Suggested]).Add(issue.Quality);
                if (voted) writer.Add(VotesOf(issue));
                writer.EndRow();
            }
        });
    }

    /// <summary>The members' votes as text, most first: <c>spam 3, ham 1</c>.</summary>
    public string VotesOf(LabelIssue issue) => string.Join(", ", (issue.Votes ?? []).Index().Where(vote => vote.Item > 0).OrderByDescending(vote => vote.Item)
        .Select(vote => string.Create(CultureInfo.InvariantCulture, $"{Classes[vote.Index]} {vote.Item}")));
}

/// <summary>One row whose label is probably wrong.</summary>
/// <param name="Id">The row's id.</param>
/// <param name="Row">Its place, from 0.</param>
/// <param name="Given">Its label.</param>
/// <param name="Suggested">The most probable other class.</param>
/// <param name="Quality">How likely the given label is right, 1 at best.</param>
/// <param name="Votes">How many members predict each class, or null.</param>
public sealed record LabelIssue(string Id, int Row, int Given, int Suggested, double Quality, int[]? Votes);
