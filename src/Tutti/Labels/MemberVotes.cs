using Tutti.Predictions;
using Tutti.Runs;

namespace Tutti.Labels;

/// <summary>What the cells of a run say of each row that they held out.</summary>
public static class MemberVotes
{
    /// <summary>By row id, how many cells predict each class.</summary>
    /// <param name="run">The run folder.</param>
    /// <param name="classes">Of the run's predictions.</param>
    /// <exception cref="DataException">A cell's predictions cannot be read, or have other classes.</exception>
    public static Dictionary<string, int[]> Of(RunFolder run, IReadOnlyList<string> classes)
    {
        Dictionary<string, int[]> votes = new(StringComparer.Ordinal);
        if (!Directory.Exists(run.Cells)) return votes;
        foreach (var file in Directory.EnumerateDirectories(run.Cells).Order(StringComparer.Ordinal).Select(folder => new CellFolder(folder).Predictions).Where(File.Exists))
        {
            var cell = PredictionFile.Read(file);
            if (!cell.Classes.SequenceEqual(classes)) throw new DataException(file, $"has other classes than {Path.GetFileName(run.OutOfFold)}");
            for (var row = 0; row < cell.Count; row++)
            {
                if (!votes.TryGetValue(cell.Ids[row], out var counts)) votes.Add(cell.Ids[row], counts = new int[classes.Count]);
                counts[cell.Predicted(row)]++;
            }
        }
        return votes;
    }
}
