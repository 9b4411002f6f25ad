using System.Globalization;
using Tutti.Predictions;
using Tutti.Runs;
using Tutti.Tables;

namespace Tutti.Recipes;

/// <summary>
/// The out-of-fold store: for every member a file with a row for each training row that was held out, its fold, a hash of its text, its label and what models that did
/// not see it predict.
/// </summary>
static class OutOfFoldFiles
{
    /// <summary>Writes a file for each member; files of members that are no more are removed.</summary>
    public static void Write(RunFolder files, RunData data, IReadOnlyList<ResultMember> members)
    {
        var rowOf = data.TrainIds.Index().ToDictionary(pair => pair.Item, pair => pair.Index, StringComparer.Ordinal);
        var hashes = Enumerable.Range(0, data.Train.Count).AsParallel().AsOrdered().Select(row => SeenRows.Key(data.Train, row, data.Text, data.Pair).ToString("x16", CultureInfo.InvariantCulture)).ToArray();
        foreach (var member in members) PredictionFile.Write(files.OutOfFoldOf(member.Name), member.OutOfFold, id => hashes[rowOf[id]]);
        var kept = members.Select(member => Path.GetFileName(files.OutOfFoldOf(member.Name))).ToHashSet(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(files.OutOfFoldMembers, "*.csv").Where(file => !kept.Contains(Path.GetFileName(file)))) File.Delete(file);
    }

    /// <summary>The hash of every row's text, by id; null where the run has no store.</summary>
    public static IReadOnlyDictionary<string, string>? Hashes(RunFolder files)
    {
        if (!Directory.Exists(files.OutOfFoldMembers) || Directory.EnumerateFiles(files.OutOfFoldMembers, "*.csv").Order(StringComparer.Ordinal).FirstOrDefault() is not { } file) return null;
        var table = Table.Read(file);
        if (!table.Has(PredictionFile.Hash)) throw new DataException(file, $"there is no column '{PredictionFile.Hash}'; repeat tutti train to write the file again", 1);
        return table.Ids("id").Zip(table.Column(PredictionFile.Hash)).ToDictionary(pair => pair.First, pair => pair.Second ?? "", StringComparer.Ordinal);
    }
}
