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

    /// <summary>Columns of the file that tell of a row; those of a correction stand beside them.</summary>
    internal static readonly string[] Told = ["suggested", "quality", "votes", "members", "text"];

    /// <summary>The queue with what every cell says of its rows, and with their texts.</summary>
    /// <param name="opinions">By row id; see <see cref="CellOpinions"/>.</param>
    /// <param name="text">Of a row id; null where it is not known.</param>
    public LabelQueue With(IReadOnlyDictionary<string, List<CellOpinion>> opinions, Func<string, string?> text) =>
        this with { Issues = [.. Issues.Select(issue => issue with { Opinions = opinions.GetValueOrDefault(issue.Id), Text = text(issue.Id) })] };

    /// <summary>Writes the issues as CSV, ready to be filled in as corrections: id, given, suggested, quality; of a run votes, members and text; and label, who, when, why, which are empty.</summary>
    /// <exception cref="ConfigException">The file cannot be written.</exception>
    public void Write(string path)
    {
        var (voted, heard, texts) = (Issues.Any(issue => issue.Votes is not null), Issues.Any(issue => issue.Opinions is not null), Issues.Any(issue => issue.Text is not null));
        string[] Only(bool shown, string column) => shown ? [column] : [];
        TableWriter.Write(path, ["id", "given", "suggested", "quality", .. Only(voted, "votes"), .. Only(heard, "members"), "label", "who", "when", "why", .. Only(texts, "text")], writer =>
        {
            foreach (var issue in Issues)
            {
                writer.Add(issue.Id).Add(Classes[issue.Given]).Add(Classes[issue.Suggested]).Add(issue.Quality);
                if (voted) writer.Add(VotesOf(issue));
                if (heard) writer.Add(OpinionsOf(issue));
                for (var empty = 0; empty < 4; empty++) writer.Add(null);
                if (texts) writer.Add(issue.Text);
                writer.EndRow();
            }
        });
    }

    /// <summary>What every cell that held the row out predicts, and how sure it is: <c>deep-s1-f0 spam 0.930; small-s1-f0 ham 0.520</c>.</summary>
    public string OpinionsOf(LabelIssue issue) => string.Join("; ", (issue.Opinions ?? []).Select(one =>
        string.Create(CultureInfo.InvariantCulture, $"{one.Cell} {Classes[one.Predicted]} {one.Probabilities[one.Predicted]:0.000}")));

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
public sealed record LabelIssue(string Id, int Row, int Given, int Suggested, double Quality, int[]? Votes)
{
    /// <summary>What the cells that held the row out say of it, or null.</summary>
    public IReadOnlyList<CellOpinion>? Opinions { get; init; }

    /// <summary>The row's text, or null.</summary>
    public string? Text { get; init; }
}
