using Tutti.Evaluation;
using Tutti.Predictions;
using Tutti.Runs;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>
/// Cells of an earlier run that corrections of labels leave as they are: all rows that were corrected are held out by them, so that training them again would do the same updates.
/// Their weights were chosen by the labels that the held-out rows had.
/// </summary>
static class ReusedCells
{
    /// <summary>Copies what can be used as it is; what it measures of itself is measured again by the corrected labels.</summary>
    /// <returns>The cells that are the earlier run's, now or by a command before.</returns>
    /// <exception cref="ConfigException">The folder cannot be written.</exception>
    public static Cell[] Of(Recipe recipe, RunFolder files, RunData data, IReadOnlyList<OpenMember> members, IReadOnlyList<Cell> cells, IProgress<RunNews> news, CancellationToken cancel)
    {
        if (data.Corrected is not { } corrected || data.Taught is not null || CorrectedData.IdentityOf(corrected.Earlier) is not { } identity) return [];
        List<Cell> reused = [];
        foreach (var cell in cells.Where(cell => corrected.Unchanged(cell.Fold)))
        {
            var member = members.First(member => member.Name == cell.Member);
            var earlier = corrected.Earlier.Cell(cell.Member, cell.Seed, cell.Fold);
            if (Cell.Recorded(earlier, "fingerprint") != recipe.Fingerprint(member.Config, identity, member.Weights)) continue;
            using var alone = CellTraining.Prepare(files, cell, cancel);
            if (cell.State(null) is CellState.Missing or CellState.Stale && !new ResumeFolder(cell.Folder.Resume).Exists) Copy(earlier, cell, data);
            if (Cell.Metrics(cell.Folder)?["reused"] is not null) reused.Add(cell);
        }
        if (reused.Count > 0)
            news.Report(new NoteNews(FormattableString.Invariant($"corrected labels: {reused.Count} of {cells.Count} cells hold out every row that was corrected and are those of {corrected.Earlier.Root}: {MissingCells.Some([.. reused])}")));
        return [.. reused];
    }

    static void Copy(CellFolder from, Cell cell, RunData data)
    {
        var to = cell.Folder;
        var metrics = Cell.Metrics(from)!;
        if (File.Exists(to.Metrics)) File.Delete(to.Metrics);
        if (Directory.Exists(to.Checkpoint)) Directory.Delete(to.Checkpoint, recursive: true);
        foreach (var file in Directory.EnumerateFiles(from.Checkpoint, "*", SearchOption.AllDirectories))
            Copy(file, Path.Combine(to.Checkpoint, Path.GetRelativePath(from.Checkpoint, file)));
        if (File.Exists(from.Test)) Copy(from.Test, to.Test);
        var labelOf = data.TrainIds.Index().ToDictionary(item => item.Item, item => data.Truth[item.Index], StringComparer.Ordinal);
        var held = PredictionFile.Read(from.Predictions);
        held = new(held.Ids, held.Classes, held.Probabilities, [.. held.Ids.Select(id => labelOf[id])], held.Folds);
        PredictionFile.Write(to.Predictions, held);
        cell.WriteReused(metrics, Metrics.LogLoss(held.Probabilities, held.Labels), new ConfusionMatrix(held.Labels, held.Predicted(), held.K));
    }

    static void Copy(string from, string to) => AtomicFile.Write(to, stream =>
    {
        using var source = File.OpenRead(from);
        source.CopyTo(stream);
    });
}
