using Tutti.Predictions;
using Tutti.Reports;
using Tutti.Runs;
using Tutti.Torch;
using Tutti.Vision;

namespace Tutti.Recipes;

/// <summary>What the report of a run of pictures shows beside the files of its folder: the pictures, small, and where a model looked in some.</summary>
/// <param name="recipe">Of the run.</param>
/// <param name="files">The run folder.</param>
/// <param name="data">The rows.</param>
/// <param name="device">Where models compute.</param>
/// <param name="gaps">Gets what could not be shown.</param>
sealed class PictureReport(Recipe recipe, RunFolder files, RunData data, Device device, List<string> gaps)
{
    /// <summary>What is added to a report's source.</summary>
    /// <param name="source">With predictions or answers, and duplicates.</param>
    /// <param name="rows">Which of them the report lists.</param>
    /// <param name="places">The row of the table of each prediction.</param>
    /// <param name="explain">Pictures to explain, however long it takes; null: as the recipe says, within a few seconds.</param>
    public ReportSource With(ReportSource source, ReportRows rows, int[] places, int? explain, CancellationToken cancel)
    {
        var (train, test) = (PictureTable.Items(data.Train, recipe.Data), data.Test is null ? [] : PictureTable.Items(data.Test, recipe.Data));
        var (rowOf, testRowOf) = (Rows(data.TrainIds), Rows(data.TestIds));
        PictureItem? ItemOf((bool Test, string Id) row) => row.Test ? testRowOf.TryGetValue(row.Id, out var at) ? test[at] : null : rowOf.TryGetValue(row.Id, out at) ? train[at] : null;
        return source with
        {
            Texts = [.. places.Select(row => train[row].Name)],
            Columns = [.. source.Columns, .. ReportColumns.OfTable(data.Train, places, recipe.Data)],
            Pictures = new(ReportPictures.Listed(source.Predictions?.Ids ?? source.Answers!.Ids, rows, source.Similar), ItemOf, recipe.Data.MaxPixels is { } most ? new() { MaxPixels = most } : new(), cancel: cancel),
            Looks = source.Predictions is { } set ? Looks(set, rows, row => train[places[row]], explain, cancel) : [],
        };
    }

    static Dictionary<string, int> Rows(IReadOnlyList<string> ids) => ids.Index().ToDictionary(item => item.Item, item => item.Index, StringComparer.Ordinal);

    PictureLook[] Looks(PredictionSet set, ReportRows rows, Func<int, PictureItem> itemOf, int? asked, CancellationToken cancel)
    {
        if ((asked ?? recipe.Report.Explain) is not (> 0 and var count) || set.Folds is null) return [];
        int[] held = [.. rows.ToExplain(int.MaxValue).Where(row => set.Folds[row] >= 0).Take(count)];
        if (held.Length == 0) return [];
        try
        {
            if (Looking(set.Folds[held[0]]) is var (member, affordable)) return Looks(member, set, asked is null ? held[..Math.Min(held.Length, affordable)] : held, itemOf, cancel);
            gaps.Add("where models looked is not shown: the features of none of them have places in the picture");
            return [];
        }
        catch (TorchMemoryException)
        {
            gaps.Add("where models looked is not shown: there was no memory for it");
            return [];
        }
    }

    /// <summary>The first member whose network keeps places, null for none; and how many pictures a report may explain without being asked: each is computed twice, for the map and for the probability.</summary>
    (MemberConfig Member, int Affordable)? Looking(int fold)
    {
        foreach (var member in recipe.Members)
        {
            using var model = Load(member, fold, out _);
            if (model.Looks) return (member, (int)Math.Min(int.MaxValue, RowExplanations.UsualWork / ((2.0 * model.Computing * model.PictureLength) + RunSimilarity.ReadingWork)));
        }
        return null;
    }

    TrainedModel Load(MemberConfig member, int fold, out CellName cell)
    {
        cell = new(member.Name!, member.Seeds[0], fold);
        return new(cell.Folder(files).Checkpoint, member.Effective(recipe.Train), device);
    }

    PictureLook[] Looks(MemberConfig member, PredictionSet set, int[] held, Func<int, PictureItem> itemOf, CancellationToken cancel)
    {
        Dictionary<int, PictureLook> found = [];
        foreach (var fold in held.GroupBy(row => set.Folds![row]))
        {
            using var model = Load(member, fold.Key, out var cell);
            foreach (var row in fold)
            {
                cancel.ThrowIfCancellationRequested();
                var predicted = set.Predicted(row);
                var (map, frame, probability) = model.Look(itemOf(row), predicted, cancel);
                found.Add(row, new(row, cell.ToString(), predicted, probability, map.Method, frame, map.Height, map.Width, map.Values));
            }
        }
        return [.. held.Select(row => found[row])];
    }
}
