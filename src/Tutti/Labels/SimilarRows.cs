using Tutti.Tables;

namespace Tutti.Labels;

/// <summary>Rows of a run that are unlike all others, and groups of rows that are nearly the same, by what its models see in them.</summary>
/// <param name="By">Whose embeddings say so; null where only files were compared, which are the same or not.</param>
/// <param name="Scored">Rows that were looked at for outliers.</param>
/// <param name="Outliers">The least usual first: all beyond the limit, and a few more to look at.</param>
/// <param name="Groups">Those that need a decision first: other labels, then training and test, then other folds; of these the nearest.</param>
public sealed record SimilarRows(string? By, int Scored, IReadOnlyList<Outlier> Outliers, IReadOnlyList<DuplicateGroup> Groups)
{
    static readonly string[] ofRow = ["set", "id", "fold", "given"];

    /// <summary>Outliers beyond the limit.</summary>
    public int Beyond => Outliers.Count(one => one.Beyond);

    /// <param name="by">Whose embeddings were looked at; null: only files were compared.</param>
    /// <param name="findings">What they say.</param>
    /// <param name="row">What is known of a row by its number.</param>
    public static SimilarRows Of(string? by, EmbeddingFindings findings, Func<int, ComparedRow> row) => new(by, findings.Scored,
        [.. findings.Outliers.Select(one => new Outlier(row(one.Row), one.Score, one.Beyond))],
        [.. findings.Groups.Select(group => new DuplicateGroup([.. group.Rows.Select(row)], group.Distance)).OrderByDescending(group => group.DifferentLabels).ThenByDescending(group => group.AcrossTest)
            .ThenByDescending(group => group.AcrossFolds).ThenBy(group => group.Distance)]);

    /// <summary>Writes the outliers as CSV: set, id, fold, given, score, outlier (beyond the limit), text.</summary>
    /// <exception cref="ConfigException">The file cannot be written.</exception>
    public void WriteOutliers(string path) => TableWriter.Write(path, [.. ofRow, "score", "outlier", "text"], writer =>
    {
        foreach (var one in Outliers)
        {
            Add(writer, one.Row);
            writer.Add(one.Score).Add(one.Beyond ? "yes" : "no").Add(one.Row.Text).EndRow();
        }
    });

    /// <summary>Writes the groups as CSV, a row each of theirs: group from 1, set, id, fold, given, distance, text.</summary>
    /// <exception cref="ConfigException">The file cannot be written.</exception>
    public void WriteDuplicates(string path) => TableWriter.Write(path, ["group", .. ofRow, "distance", "text"], writer =>
    {
        foreach (var (number, group) in Groups.Index())
            foreach (var row in group.Rows)
            {
                Add(writer.Add(number + 1), row);
                writer.Add(group.Distance).Add(row.Text).EndRow();
            }
    });

    static void Add(TableWriter writer, ComparedRow row)
    {
        writer.Add(row.Set).Add(row.Id);
        if (row.Fold is { } fold) writer.Add(fold);
        else writer.Add((string?)null);
        writer.Add(row.Given);
    }
}

/// <summary>A row of training or test.</summary>
/// <param name="Id">Its id, in its file.</param>
/// <param name="IsTest">It is a test row.</param>
/// <param name="Fold">The fold that holds it out; null: none.</param>
/// <param name="Given">What it is labelled; null: not known.</param>
/// <param name="Text">What the models read.</param>
public sealed record ComparedRow(string Id, bool IsTest, int? Fold, string? Given, string Text)
{
    /// <summary>Of a picture, what its file holds: the same for the same bytes; null of a text.</summary>
    public ulong? Content { get; init; }

    /// <summary><c>train</c> or <c>test</c>.</summary>
    public string Set => IsTest ? "test" : "train";
}

/// <summary>A row unlike the others.</summary>
/// <param name="Row">The row.</param>
/// <param name="Score">1 where its neighbours are as near as can be; see <see cref="OutlierScores"/>.</param>
/// <param name="Beyond">They are farther away than the limit of <see cref="EmbeddingAudit"/>.</param>
public sealed record Outlier(ComparedRow Row, double Score, bool Beyond);

/// <summary>Rows that are nearly the same.</summary>
/// <param name="Rows">At least two.</param>
/// <param name="Distance">The largest that links two of them, as a share of the usual one to the nearest row; 0: the same to the model.</param>
public sealed record DuplicateGroup(IReadOnlyList<ComparedRow> Rows, double Distance)
{
    /// <summary>All of them are the same file under several names.</summary>
    public bool SameFile => Rows[0].Content is { } content && Rows.All(row => row.Content == content);

    /// <summary>Nearly the same text carries different labels: at least one is wrong, or the classes overlap.</summary>
    public bool DifferentLabels => Rows.Select(row => row.Given).OfType<string>().Distinct(StringComparer.Ordinal).Count() > 1;

    /// <summary>Rows of training stand beside test rows: scores of the test rows are flattered.</summary>
    public bool AcrossTest => Rows.Any(row => row.IsTest) && Rows.Any(row => !row.IsTest);

    /// <summary>Rows of training that are held out by different folds: held-out scores are flattered.</summary>
    public bool AcrossFolds => Rows.Where(row => !row.IsTest).Select(row => row.Fold).Distinct().Count() > 1;
}
