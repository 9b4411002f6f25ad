using Tutti.Tables;

namespace Tutti.Reports;

/// <summary>What a sample submission asks for: columns, ids in their order, what stands between cells.</summary>
/// <param name="Columns">All of them.</param>
/// <param name="Id">The position of the id column: the one of the given name, else the first.</param>
/// <param name="Rows">The rows of the predictions in the order to write.</param>
sealed record SampleForm(IReadOnlyList<string> Columns, int Id, char Delimiter, IReadOnlyList<int> Rows)
{
    const int Shown = 3;

    /// <param name="sample">The file.</param>
    /// <param name="ids">Of the predictions.</param>
    /// <param name="id">The id column.</param>
    /// <param name="check">Refuses columns; gets all of them and the place of the id.</param>
    /// <exception cref="DataException">The sample is malformed, or its ids are not those of the predictions; the message counts them.</exception>
    public static SampleForm Read(string sample, IReadOnlyList<string> ids, string id, Action<IReadOnlyList<string>, int> check)
    {
        var table = Table.Read(sample);
        var columns = table.Columns.ToArray();
        var at = Math.Max(0, Array.IndexOf(columns, id));
        if (columns.Length == 1) throw new DataException(sample, $"has the column '{columns[at]}' only; expected a column to fill", 1);
        check(columns, at);
        var rowOf = ids.Index().ToDictionary(pair => pair.Item, pair => pair.Index, StringComparer.Ordinal);
        var names = table.Column(columns[at]).Select(name => name ?? "").ToArray();
        var twice = names.GroupBy(name => name, StringComparer.Ordinal).Where(group => group.Count() > 1).Select(group => group.Key).ToList();
        if (twice.Count > 0)
            throw new DataException(sample, $"{twice.Count} ids are there more than once: {Examples(twice)}; is '{columns[at]}' the id column?",
                column: columns[at]);
        var unknown = names.Where(name => !rowOf.ContainsKey(name)).ToList();
        var asked = names.ToHashSet(StringComparer.Ordinal);
        var extra = ids.Where(name => !asked.Contains(name)).ToList();
        if (unknown.Count > 0 || extra.Count > 0)
            throw new DataException(sample, $"{unknown.Count} of its {names.Length} ids have no prediction{Examples(unknown, ": ")}; "
                + $"{extra.Count} of {ids.Count} predictions are not asked for{Examples(extra, ": ")}; predict exactly the rows of the sample",
                column: columns[at]);
        return new(columns, at, table.Detected.DelimiterCharacter ?? ',', [.. names.Select(name => rowOf[name])]);
    }

    /// <summary>The first few names, in quotes.</summary>
    public static string Examples(IReadOnlyList<string> names, string before = "") =>
        names.Count == 0 ? "" : $"{before}{string.Join(", ", names.Take(Shown).Select(name => $"'{name}'"))}{(names.Count > Shown ? ", ..." : "")}";
}
