using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Labels;
using Tutti.Predictions;
using Tutti.Runs;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>
/// Rows of a run that are unlike all others, and rows that are nearly the same, among training and test rows. Each fold's cell of the best member embeds all rows, because the embeddings of
/// two models cannot be compared, and is asked for those that it held out.
/// </summary>
public sealed class RunSimilarity
{
    /// <summary>What a report may spend on it: multiplications of weights and tokens and of pairs of rows, a few seconds on two cores. A count, not a time: the same run has the same report everywhere.</summary>
    internal const double UsualWork = 1e11;

    /// <summary>What reading one picture counts as: it takes milliseconds, whatever the network.</summary>
    internal const double ReadingWork = 5e7;

    static readonly JsonSerializerOptions form = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    readonly TrainedRun run;
    readonly RunData data;
    readonly string file, key, by;
    readonly CellFolder[] cells;
    readonly Lazy<ulong[]?> contents;                          // of the pictures of training and test

    internal RunSimilarity(RunFolder files, TrainedRun run, RunData data)
    {
        (this.run, this.data, file) = (run, data, files.Similar);
        (by, cells) = run.Best();
        contents = new(() => !data.Pictures ? null : [.. PictureTable.Keys(data.Train, run.Data.Picture!), .. data.Test is null ? [] : PictureTable.Keys(data.Test, run.Data.Picture!)]);
        var text = string.Join('\n', ["similar 1", .. cells.Select(cell => Cell.Recorded(cell, "fingerprint") ?? ""), data.Train.ContentHash, data.Test?.ContentHash ?? "none"]);
        key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    /// <summary>Opens a finished run of any task whose models read texts or see pictures.</summary>
    /// <param name="folder">The run folder.</param>
    /// <param name="device">Where to compute; null: where the recipe says.</param>
    /// <exception cref="DataException">Not a finished run, or its data are not those that it was trained on.</exception>
    public static RunSimilarity Open(string folder, Device? device = null)
    {
        var run = TrainedRun.Open(folder, device);
        var files = new RunFolder(folder);
        var recipe = Recipe.Load(files.Recipe);
        var data = RunData.Open(recipe);
        if (data.Train.ContentHash != RunStart.Recorded(files, "train")) throw new DataException(recipe.Data.Train, $"is not what {folder} was trained on any more; which cell held which row out is not known then. Put the file back, or train again");
        return new(files, run, data);
    }

    /// <summary>What was found before, or is found now and kept in the run folder.</summary>
    /// <exception cref="DataException">The numbers of a model broke.</exception>
    /// <exception cref="RunMemoryException">A model does not fit into the recipe's memory.</exception>
    public SimilarRows Find(CancellationToken cancel = default)
    {
        using var memory = run.Budget();
        try
        {
            return Find(double.PositiveInfinity, cancel)!;
        }
        catch (TorchMemoryException e)
        {
            throw run.NoRoom(cells[0], e);
        }
    }

    /// <summary>The same, but null where nothing was found before and looking for it takes more than some work.</summary>
    internal SimilarRows? Find(double work, CancellationToken cancel)
    {
        if (Read() is { } known) return SimilarRows.Of(by, known, RowOf);
        if (Search(work, cancel) is not { } found) return null;
        try
        {
            AtomicFile.Write(file, Json(found).ToJsonString() + "\n");
        }
        catch (ConfigException)
        {
            return SimilarRows.Of(by, found, RowOf);          // a folder that can only be read: it is found anew the next time
        }
        return SimilarRows.Of(by, found, RowOf);
    }

    /// <param name="threads">That compare rows, at most; -1: one a processor.</param>
    internal EmbeddingFindings? Search(double work, CancellationToken cancel, int threads = -1)
    {
        var (train, test) = (data.Train.Count, data.Test?.Count ?? 0);
        var audit = new EmbeddingAudit(train, test, threads);
        for (var fold = 0; fold < cells.Length; fold++)
        {
            cancel.ThrowIfCancellationRequested();
            using var model = run.LoadOne(cells[fold], plain: true);
            var rows = data.Test is null ? model.Encode(data.Train, data.Text, data.Pair) : [.. model.Encode(data.Train, data.Text, data.Pair), .. model.Encode(data.Test, data.Text, data.Pair)];
            if (fold == 0 && Work(model, rows, train) > work) return null;
            var (directions, dimension) = Directions(model, cells[fold], rows, contents.Value, cancel);
            var usual = audit.Add(directions, dimension, data.Folds.Valid(fold));
            if (fold == 0) audit.AddRest(directions, dimension, [.. Enumerable.Range(0, train).Where(row => data.Folds.Of(row) < 0)], usual);
        }
        return audit.Findings();
    }

    double Work(TrainedModel model, IReadOnlyList<Example> rows, int train) =>
        (cells.Length * ((double)model.Computing * rows.Sum(row => (long)row.Length) + (data.Pictures ? ReadingWork * rows.Count : 0))) + ((double)rows.Count * train * model.Channels);

    /// <summary>Pictures that are the same file under several names, among training and test rows: all that a report looks for where embeddings are too much work.</summary>
    internal SimilarRows SameFiles()
    {
        var groups = (contents.Value ?? []).Index().GroupBy(one => one.Item, one => one.Index).Where(group => group.Count() > 1);
        return SimilarRows.Of(null, new(0, [], [.. groups.Select(group => new RowGroup([.. group], 0))]), RowOf);
    }

    /// <summary>An embedding of length 1 for each row; texts that are the same tokens, and files that hold the same picture, have the same one, to the last digit.</summary>
    static (float[] Directions, int Dimension) Directions(TrainedModel model, CellFolder cell, IReadOnlyList<Example> rows, ulong[]? contents, CancellationToken cancel)
    {
        var (different, placeOf) = contents is null ? Different(rows, row => rows[row], new SameTokens()) : Different(rows, row => contents[row], EqualityComparer<ulong>.Default);
        var rowsOf = placeOf.Index().ToLookup(item => item.Item, item => item.Index);
        var (directions, dimension, done) = (Array.Empty<float>(), 0, 0);
        foreach (var window in different.Chunk(TrainedRun.WindowRows))
        {
            var values = model.Embeddings(window, cancel);
            dimension = values.Length / window.Length;
            if (directions.Length == 0) directions = new float[rows.Count * dimension];
            for (var i = 0; i < window.Length; i++, done++)
            {
                var own = values.AsSpan(i * dimension, dimension);
                var length = Length(own);
                if (!double.IsFinite(length)) throw new DataException(cell.Checkpoint, "this checkpoint's hidden states are not finite numbers; train the cell again");
                foreach (var row in rowsOf[done])
                    for (var c = 0; c < dimension; c++) directions[(row * dimension) + c] = (float)(length > 0 ? own[c] / length : 0);
            }
        }
        return (directions, dimension);
    }

    /// <summary>The first row of each kind, and for every row the place of its kind's.</summary>
    static (List<Example> First, int[] PlaceOf) Different<TKey>(IReadOnlyList<Example> rows, Func<int, TKey> keyOf, IEqualityComparer<TKey> same) where TKey : notnull
    {
        List<Example> first = [];
        var places = new Dictionary<TKey, int>(same);
        var placeOf = new int[rows.Count];
        for (var row = 0; row < rows.Count; row++)
            if (!places.TryGetValue(keyOf(row), out placeOf[row]))
            {
                places.Add(keyOf(row), placeOf[row] = first.Count);
                first.Add(rows[row]);
            }
        return (first, placeOf);
    }

    // Summed in one order, wherever the numbers lie in memory.
    static double Length(ReadOnlySpan<double> values)
    {
        var sum = 0.0;
        foreach (var value in values) sum += value * value;
        return Math.Sqrt(sum);
    }

    ComparedRow RowOf(int number)
    {
        var train = data.Train.Count;
        var (table, row) = number < train ? (data.Train, number) : (data.Test!, number - train);
        var text = data.Text.Render(table, row);
        if (data.Pair is { } pair) text += "\n" + pair.Render(table, row);
        var compared = number < train ? new ComparedRow(data.TrainIds[row], false, data.Folds.Of(row) is >= 0 and var fold ? fold : null, Given(row), text) : new(data.TestIds[row], true, null, null, text);
        return compared with { Content = contents.Value?[number] };
    }

    string Given(int row)
    {
        if (data.Answers is not { } answers) return data.Labels.Names[data.Truth[row]];
        var parts = answers.Answers.Select((answer, i) => (answer, Value: answers.Truth[row][i])).Where(one => one.answer.Kind == AnswerKind.Flag ? one.Value > 0 : !float.IsNaN(one.Value)).Select(one => one.answer.Kind switch
        {
            AnswerKind.Class or AnswerKind.Ordinal => $"{one.answer.Name} {one.answer.Classes[(int)one.Value]}",
            AnswerKind.Flag => one.answer.Name,
            _ => FormattableString.Invariant($"{one.answer.Name} {one.Value}"),
        });
        return string.Join(", ", parts) is { Length: > 0 } given ? given : "none";
    }

    JsonObject Json(EmbeddingFindings found) => new()
    {
        ["key"] = key,
        ["by"] = by,
        ["scored"] = found.Scored,
        ["outliers"] = JsonSerializer.SerializeToNode(found.Outliers, form),
        ["groups"] = JsonSerializer.SerializeToNode(found.Groups, form),
    };

    /// <summary>What the run folder keeps; null where it is of other cells or rows, or damaged: it is found again then.</summary>
    EmbeddingFindings? Read()
    {
        if (!File.Exists(file)) return null;
        try
        {
            if (JsonNode.Parse(File.ReadAllText(file)) is not JsonObject json || (string?)json["key"] != key) return null;
            var (outliers, groups) = (json["outliers"].Deserialize<ScoredRow[]>(form)!, json["groups"].Deserialize<RowGroup[]>(form)!);
            var rows = data.Train.Count + (data.Test?.Count ?? 0);
            return outliers.Select(one => one.Row).Concat(groups.SelectMany(group => group.Rows)).All(row => row >= 0 && row < rows) ? new((int)json["scored"]!, outliers, groups) : null;
        }
        catch (Exception e) when (e is JsonException or IOException or InvalidOperationException or FormatException or ArgumentException or NullReferenceException)
        {
            return null;
        }
    }

    sealed class SameTokens : IEqualityComparer<Example>
    {
        public bool Equals(Example? x, Example? y) => x!.Ids.AsSpan().SequenceEqual(y!.Ids) && (x.Types ?? []).AsSpan().SequenceEqual(y.Types ?? []);

        public int GetHashCode(Example row)
        {
            var hash = new HashCode();
            foreach (var id in row.Ids) hash.Add(id);
            return hash.ToHashCode();
        }
    }
}
