using Tutti.Predictions;
using Tutti.Runs;

namespace Tutti.Labels;

/// <summary>What one cell says of a row that it held out.</summary>
/// <param name="Cell">The name of the cell's folder.</param>
/// <param name="Predicted">The most probable class.</param>
/// <param name="Probabilities">One per class.</param>
public sealed record CellOpinion(string Cell, int Predicted, double[] Probabilities);

/// <summary>What the cells of a run say of some rows, one by one; <see cref="MemberVotes"/> only counts.</summary>
public static class CellOpinions
{
    /// <summary>By row id, the cells in the order of their names.</summary>
    /// <param name="run">The run folder.</param>
    /// <param name="ids">The rows.</param>
    /// <exception cref="DataException">A cell's predictions cannot be read.</exception>
    public static Dictionary<string, List<CellOpinion>> Of(RunFolder run, IReadOnlySet<string> ids)
    {
        Dictionary<string, List<CellOpinion>> opinions = new(StringComparer.Ordinal);
        if (!Directory.Exists(run.Cells)) return opinions;
        foreach (var folder in Directory.EnumerateDirectories(run.Cells).Order(StringComparer.Ordinal).Where(folder => File.Exists(new CellFolder(folder).Predictions)))
        {
            var cell = PredictionFile.Read(new CellFolder(folder).Predictions);
            for (var row = 0; row < cell.Count; row++)
            {
                if (!ids.Contains(cell.Ids[row])) continue;
                if (!opinions.TryGetValue(cell.Ids[row], out var all)) opinions.Add(cell.Ids[row], all = []);
                all.Add(new(Path.GetFileName(folder), cell.Predicted(row), cell.Row(row).ToArray()));
            }
        }
        return opinions;
    }
}
