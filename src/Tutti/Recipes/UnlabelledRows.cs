using Tutti.Tables;
using Tutti.Text;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>Rows without labels that are learnt from: those of a file whose text is not among the training or test rows, each text once.</summary>
/// <param name="Table">The file.</param>
/// <param name="Kept">The rows that are left, ascending.</param>
/// <param name="Known">Rows whose text is a training or test row's.</param>
/// <param name="Repeated">Rows whose text an earlier one has.</param>
/// <param name="Empty">Rows without a text.</param>
sealed record UnlabelledRows(Table Table, int[] Kept, int Known, int Repeated, int Empty)
{
    /// <exception cref="DataException">The file cannot be used, or no row is left.</exception>
    public static UnlabelledRows Open(string path, Recipe recipe, RunData data, TrainedRun teacher)
    {
        var table = Table.Read(path, recipe.Data.Format.ToTableFormat());
        foreach (var template in new[] { data.Text, data.Pair, teacher.Text, teacher.Pair }) template?.Check(table);
        var seen = TextKeys.Of(data.Train, data.Text, data.Pair).Concat(data.Test is null ? [] : TextKeys.Of(data.Test, data.Text, data.Pair)).OfType<UInt128>().ToHashSet();
        var (kept, own) = (new List<int>(), new HashSet<UInt128>());
        var (known, repeated, empty) = (0, 0, 0);
        foreach (var (row, key) in TextKeys.Of(table, data.Text, data.Pair).Index())
            if (key is not { } text) empty++;
            else if (seen.Contains(text)) known++;
            else if (!own.Add(text)) repeated++;
            else kept.Add(row);
        if (kept.Count == 0) throw new DataException(path, $"no row is left to learn from: of {table.Count} rows {known} have the text of a training or test row, {repeated} that of another, {empty} none");
        return new(table, [.. kept], known, repeated, empty);
    }

    /// <summary>What was left out, for the user.</summary>
    public string Counts => FormattableString.Invariant($"{Table.File}: {Kept.Length} of {Table.Count} rows without labels; left out: {Known} with the text of a training or test row, {Repeated} repeated, {Empty} empty");

    /// <summary>Some of the rows as a model reads them; they are counted behind the training rows.</summary>
    public Example[] Encode(IReadOnlyList<int> rows, RunData data, Tokenizer tokenizer, int maxLength)
    {
        var tokens = TokenCache.OfUser().EncodeAll(tokenizer, Texts(data.Text, rows), maxLength, data.Pair is null ? null : Texts(data.Pair, rows));
        return [.. tokens.Zip(rows, (t, row) => new Example(t.Ids, t.TypeIds, -1, data.Train.Count + row))];
    }

    public string[] Texts(TextTemplate template, IReadOnlyList<int> rows) => [.. rows.Select(row => template.Render(Table, row))];

    /// <summary>Hashes of the rows' texts, as <see cref="SeenRows"/> has them.</summary>
    public IEnumerable<ulong> Keys(RunData data) => Kept.Select(row => SeenRows.Key(Table, row, data.Text, data.Pair));
}
