using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Predictions;
using Tutti.Tables;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>Rows, and how some of them get the views that they can be seen in; not all at once, since views take many times the room.</summary>
sealed record ViewedRows(IReadOnlyList<Example> Rows, Func<IReadOnlyList<Example>, Example[]> Seen);

/// <summary>A member whose rows may be seen in several ways when they are predicted.</summary>
/// <param name="Name">As the recipe calls it.</param>
/// <param name="Settings">In which ways.</param>
/// <param name="Train">Its training settings.</param>
/// <param name="Device">Where it predicts.</param>
/// <param name="Rows">A table's rows as it sees them.</param>
sealed record ViewedMember(string Name, TestTimeConfig Settings, TrainConfig Train, Device Device, Func<Table, ViewedRows> Rows);

/// <summary>The files of a trained cell for rows that can be seen in several ways: the mean over the views of each row, beside the plain predictions.</summary>
static class CellViews
{
    /// <summary>Whether the views of this very cell were predicted in this way.</summary>
    /// <param name="test">The hash of the test rows, or null when there are none.</param>
    public static bool HasViews(this Cell cell, TestTimeConfig seen, string? test)
    {
        if (Read(cell) is not { } record || !File.Exists(cell.Folder.Views)) return false;
        return JsonNode.DeepEquals(record["made"], Made(cell, seen, test)) && (test is null || File.Exists(cell.Folder.TestViews));
    }

    /// <summary>Rows of the cell's fold that can be seen in more than one way.</summary>
    public static int RowsSeenOtherwise(this Cell cell) => Read(cell)?["cut"]?.GetValue<int>() ?? 0;

    /// <summary>Removes them: the recipe asks for the plain predictions alone.</summary>
    public static void DropViews(this Cell cell)
    {
        foreach (var file in (string[])[cell.Folder.ViewsRecord, cell.Folder.Views, cell.Folder.TestViews]) File.Delete(file);
    }

    /// <summary>Predicts the views with the cell's checkpoint; the model is loaded only where a row has any.</summary>
    /// <param name="held">The rows that the cell held out.</param>
    /// <param name="rows">The test rows, or null.</param>
    /// <param name="answers">What is said of a row where that is not one class; else null.</param>
    /// <returns>Rows of the fold that can be seen in more than one way.</returns>
    public static int PredictViews(this Cell cell, ViewedMember member, ViewedRows held, ViewedRows? rows, string? test, IReadOnlyList<Answer>? answers, CancellationToken cancel)
    {
        File.Delete(cell.Folder.ViewsRecord);
        TrainedModel? model = null;
        try
        {
            TrainedModel Loaded() => model ??= new(cell.Folder.Checkpoint, member.Train, member.Device);
            var cut = Write(Loaded, held, cell.Folder.Predictions, cell.Folder.Views, answers, cancel);
            if (rows is not null) Write(Loaded, rows, cell.Folder.Test, cell.Folder.TestViews, answers, cancel);
            else File.Delete(cell.Folder.TestViews);
            AtomicFile.Write(cell.Folder.ViewsRecord, new JsonObject { ["made"] = Made(cell, member.Settings, test), ["cut"] = cut }.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
            return cut;
        }
        finally
        {
            model?.Dispose();
        }
    }

    static int Write(Func<TrainedModel> model, ViewedRows rows, string plain, string to, IReadOnlyList<Answer>? answers, CancellationToken cancel)
    {
        if (answers is not null)
        {
            var said = AnswerFile.Read(plain, answers);
            var (means, seen) = Seen(model, rows, plain, said.Count, said.Values, cancel);
            AnswerFile.Write(to, new(said.Ids, answers, means, said.Truth, said.Folds));
            return seen;
        }
        var set = PredictionFile.Read(plain);
        var (values, cut) = Seen(model, rows, plain, set.Count, set.Probabilities, cancel);
        PredictionFile.Write(to, cut == 0 ? set : new(set.Ids, set.Classes, values, set.Labels, set.Folds));
        return cut;
    }

    /// <summary>The mean over the views of each row, and how many rows have any.</summary>
    static (double[] Means, int Rows) Seen(Func<TrainedModel> model, ViewedRows rows, string plain, int count, double[] predicted, CancellationToken cancel)
    {
        if (count != rows.Rows.Count) throw new DataException(plain, $"has {count} rows, expected {rows.Rows.Count}; delete the cell's folder to train it again");
        var (values, width, cut, at) = ((double[])predicted.Clone(), predicted.Length / Math.Max(1, count), 0, 0);
        foreach (var part in rows.Rows.Chunk(TrainedRun.WindowRows))
        {
            var seen = rows.Seen(part);
            var own = values.AsSpan(at * width, part.Length * width);
            var found = seen.Count(row => row.Views is not null);
            if (found > 0) model().OverViews(seen, own.ToArray(), cancel).CopyTo(own);
            (cut, at) = (cut + found, at + part.Length);
        }
        return (values, cut);
    }

    static JsonObject Made(Cell cell, TestTimeConfig seen, string? test) => seen.Windows is { } windows
        ? new() { ["fingerprint"] = cell.Fingerprint, ["stride"] = windows.Stride, ["count"] = windows.Most, ["test"] = test }
        : new() { ["fingerprint"] = cell.Fingerprint, ["views"] = RecipeJson.Name(seen.Views), ["count"] = seen.Count, ["test"] = test };

    static JsonNode? Read(Cell cell)
    {
        if (!File.Exists(cell.Folder.ViewsRecord)) return null;
        try
        {
            return JsonNode.Parse(File.ReadAllText(cell.Folder.ViewsRecord));
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
