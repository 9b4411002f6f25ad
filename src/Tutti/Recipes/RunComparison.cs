using Tutti.Predictions;
using Tutti.Reports;
using Tutti.Runs;
using Tutti.Tables;

namespace Tutti.Recipes;

/// <summary>A row that one of two runs gets right.</summary>
/// <param name="Text">Null where the training file is not there any more, and of pictures.</param>
/// <param name="First">What the first run predicts, and the probability it gives the label.</param>
/// <param name="Other">The same of the other.</param>
public sealed record ChangedRow(string Id, string? Text, string Label, (string Class, double OfLabel) First, (string Class, double OfLabel) Other);

/// <summary>One run of a comparison.</summary>
/// <param name="Name">Its folder as it was given.</param>
/// <param name="Rows">Its held-out rows, whether others have them or not.</param>
/// <param name="Scores">Of the common rows.</param>
/// <param name="AgainstFirst">Null for the first.</param>
/// <param name="Fixes">Rows that it gets right and the first run wrong, the farthest apart first.</param>
/// <param name="Breaks">The other way round.</param>
public sealed record ComparedRun(string Name, int Rows, LeaderboardRow Scores, AgainstBest? AgainstFirst, IReadOnlyList<ChangedRow> Fixes, IReadOnlyList<ChangedRow> Breaks)
{
    /// <summary>Rows of the file that it was trained on; 0 where held-out rows are compared.</summary>
    public int Seen { get; init; }
}

/// <summary>Finished runs on the rows that all of them held out.</summary>
/// <param name="Common">The rows that were compared.</param>
/// <param name="OtherText">Rows of the same id whose text differs between runs, and which are left out.</param>
/// <param name="OtherLabel">The same of labels.</param>
/// <param name="Runs">In the order they were given.</param>
public sealed record RunComparison(int Common, int OtherText, int OtherLabel, IReadOnlyList<ComparedRun> Runs)
{
    const int Shown = 3;

    /// <summary>Compares the out-of-fold predictions of runs, matched by id and, where the runs kept them, by the hash of the text.</summary>
    /// <param name="folders">At least two run folders.</param>
    /// <param name="data">A labelled file that all runs predict, in place of the rows that they held out.</param>
    /// <exception cref="DataException">Not a finished run, other classes, or no common rows.</exception>
    public static RunComparison Of(IReadOnlyList<string> folders, string? data = null, CancellationToken cancel = default)
    {
        CheckFolders(folders);
        foreach (var folder in folders) RunTask.RequireClasses(new(folder), "comparisons", pictures: true);
        var runs = folders.Select(folder => Read(folder, data, cancel)).ToArray();
        foreach (var (folder, run) in folders.Zip(runs).Skip(1)) CheckClasses(folders[0], runs[0].Set, folder, run.Set);
        var first = runs[0].Set;
        var rowOf = runs.Select(run => run.Set.Ids.Index().ToDictionary(pair => pair.Item, pair => pair.Index, StringComparer.Ordinal)).ToArray();
        string[] shared = [.. first.Ids.Where(id => rowOf.All(of => of.ContainsKey(id)))];
        bool SameText(string id) => runs.Select(run => run.Hashes?.GetValueOrDefault(id)).OfType<string>().Distinct().Count() < 2;
        bool SameLabel(string id) => runs.Zip(rowOf, (run, of) => run.Set.Classes[run.Set.Labels![of[id]]]).Distinct().Count() < 2;
        string[] texts = [.. shared.Where(SameText)], common = [.. texts.Where(SameLabel)];
        if (common.Length == 0)
            throw new DataException(folders[1], $"has no held-out row in common with {folders[0]}: {(shared.Length > 0 ? $"{shared.Length} ids are the same, but their texts or labels are not" : $"ids there are such as {Examples(first.Ids)}, here {Examples(runs[1].Set.Ids)}")}; compare runs on the same data");
        PredictionSet[] sets = [.. runs.Zip(rowOf, (run, of) => Chosen(run.Set, [.. common.Select(id => of[id])], first.Classes))];
        var board = Leaderboard.Of([.. folders.Zip(sets, (name, set) => new LeaderboardEntry(name, set, []))]);
        var text = Texts(new(folders[0]), data);
        return new(common.Length, shared.Length - texts.Length, texts.Length - common.Length, [.. folders.Select((name, i) => new ComparedRun(name, runs[i].Set.Count, board.Rows[i],
            i == 0 ? null : Leaderboard.Difference(sets[i], sets[0]), Changed(sets[0], sets[i], text, fixes: true), Changed(sets[0], sets[i], text, fixes: false)) { Seen = runs[i].Seen })]);
    }

    /// <exception cref="ConfigException">There are fewer than two, or one twice.</exception>
    internal static void CheckFolders(IReadOnlyList<string> folders)
    {
        if (folders.Count < 2) throw new ArgumentException($"got {folders.Count} runs, expected at least two", nameof(folders));
        if (folders.GroupBy(Path.GetFullPath).FirstOrDefault(same => same.Count() > 1) is { } twice) throw new ConfigException(twice.First(), "is named twice; a run equals itself");
    }

    /// <exception cref="DataException">It is not a finished run.</exception>
    internal static void CheckFinished(RunFolder files)
    {
        if (!File.Exists(files.OutOfFold))
            throw new DataException(files.Root, File.Exists(files.Recipe) ? "this run is not finished: there is no oof.csv; repeat tutti train to finish it" : "is not a run folder: there is no oof.csv; train one with: tutti train RECIPE --run DIR");
    }

    static (PredictionSet Set, IReadOnlyDictionary<string, string>? Hashes, int Seen) Read(string folder, string? data, CancellationToken cancel)
    {
        var files = new RunFolder(folder);
        if (data is not null) return TrainedRun.Open(folder).Labelled(data, cancel) is var (rows, seen) ? (rows.Classes(0), null, seen) : default;
        CheckFinished(files);
        var set = PredictionFile.Read(files.OutOfFold).Labelled();
        return set.Count > 0 ? (set, OutOfFoldFiles.Hashes(files), 0) : throw new DataException(files.OutOfFold, "has no labelled rows");
    }

    static void CheckClasses(string firstName, PredictionSet first, string name, PredictionSet set)
    {
        var (missing, more) = (first.Classes.Except(set.Classes).ToArray(), set.Classes.Except(first.Classes).ToArray());
        if (missing.Length + more.Length > 0)
            throw new DataException(name, $"has other classes than {firstName}: {missing.Length} missing{(missing.Length > 0 ? $" ({Examples(missing)})" : "")}, {more.Length} more{(more.Length > 0 ? $" ({Examples(more)})" : "")}; runs of different tasks cannot be compared");
    }

    // Chosen rows with classes in the first run's order.
    static PredictionSet Chosen(PredictionSet set, int[] rows, IReadOnlyList<string> classes)
    {
        int[] columns = [.. classes.Select(name => set.Classes.Index().Single(pair => pair.Item == name).Index)];
        return new([.. rows.Select(row => set.Ids[row])], classes, [.. rows.SelectMany(row => columns.Select(column => set.Row(row)[column]))], [.. rows.Select(row => Array.IndexOf(columns, set.Labels![row]))]);
    }

    static ChangedRow[] Changed(PredictionSet first, PredictionSet other, Func<string, string?> text, bool fixes)
    {
        var (before, after, labels) = (first.Predicted(), other.Predicted(), first.Labels!);
        return [.. Enumerable.Range(0, labels.Length).Where(row => (before[row] == labels[row]) != (after[row] == labels[row]) && (after[row] == labels[row]) == fixes)
            .OrderByDescending(row => Math.Abs(other.Row(row)[labels[row]] - first.Row(row)[labels[row]])).ThenBy(row => row)
            .Select(row => new ChangedRow(first.Ids[row], text(first.Ids[row]), first.Classes[labels[row]], (first.Classes[before[row]], first.Row(row)[labels[row]]), (first.Classes[after[row]], other.Row(row)[labels[row]])))];
    }

    /// <summary>The texts of a run's training rows, or of another file; null for each where the file is gone or is another one now, and of pictures.</summary>
    static Func<string, string?> Texts(RunFolder files, string? from)
    {
        try
        {
            var recipe = Recipe.Load(files.Recipe);
            if (recipe.SeesPictures) return _ => null;         // their names say as much
            var data = recipe.Data;
            var (table, template) = (Table.Read(from ?? data.Train, data.Format.ToTableFormat()), TextTemplate.Parse(data.Text));
            var rowOf = RowIds.Of(table, data.Id).Index().ToDictionary(pair => pair.Item, pair => pair.Index, StringComparer.Ordinal);
            template.Check(table);
            return id => rowOf.TryGetValue(id, out var row) ? template.Render(table, row) : null;
        }
        catch (InputException)
        {
            return _ => null;
        }
    }

    static string Examples(IReadOnlyList<string> names) => $"{string.Join(", ", names.Take(Shown).Select(name => $"'{name}'"))}{(names.Count > Shown ? ", ..." : "")}";
}
