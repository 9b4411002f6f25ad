using System.Globalization;
using Tutti.Evaluation;
using Tutti.Predictions;
using Tutti.Tables;

namespace Tutti.Recipes;

/// <summary>By which values rows are divided to find slices that a model does badly on.</summary>
static class ReportColumns
{
    const string Empty = "(empty)";
    const int LongestValue = 80;

    /// <summary>Class and fold.</summary>
    public static IEnumerable<SliceColumn> OfPredictions(PredictionSet set)
    {
        yield return new("class", [.. set.Labels!.Select(label => set.Classes[label])]);
        if (set.Folds is { } folds && folds.Distinct().Count() > 1) yield return new("fold", [.. folds.Select(fold => fold.ToString(CultureInfo.InvariantCulture))]);
    }

    /// <summary>Length of the text, and the columns of the table.</summary>
    public static IEnumerable<SliceColumn> OfTable(Table table, IReadOnlyList<int> rows, IReadOnlyList<(string Text, string? Pair)> texts, DataConfig config) =>
        [SliceColumn.Quarters("length in characters", [.. texts.Select(text => text.Text.Length + (text.Pair?.Length ?? 0))]), .. OfTable(table, rows, config)];

    /// <summary>The columns of the table; one whose values are all rare divides nothing. Neither label nor id nor a picture's path is a reason for an error.</summary>
    public static IEnumerable<SliceColumn> OfTable(Table table, IReadOnlyList<int> rows, DataConfig config)
    {
        foreach (var name in table.Columns.Where(name => name != config.Label && name != config.Id && name != config.Picture))
        {
            var cells = table.Column(name);
            yield return new(name, [.. rows.Select(row => cells[row] is { Length: > 0 } cell ? cell.Length <= LongestValue ? cell : cell[..LongestValue] : Empty)]);
        }
    }
}
