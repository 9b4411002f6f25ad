using System.Globalization;
using Tutti.Predictions;
using Tutti.Tables;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>What a run learns of its rows where that is not one class: labels, numbers, or several targets, read from the columns that the recipe names.</summary>
/// <param name="Answers">What is learnt, in the order of the outputs.</param>
/// <param name="Truth">Of each row one value an answer: the class's index, 1 or 0, the number; NaN where the cell of one of several columns is empty.</param>
public sealed record RunAnswers(IReadOnlyList<Answer> Answers, IReadOnlyList<float[]> Truth)
{
    /// <summary>Of each answer the loss that the recipe names; null where all have the usual one.</summary>
    internal IReadOnlyList<LossConfig?>? Losses { get; init; }

    static readonly Dictionary<string, float> flags = new(StringComparer.OrdinalIgnoreCase) { ["1"] = 1, ["0"] = 0, ["1.0"] = 1, ["0.0"] = 0, ["true"] = 1, ["false"] = 0, ["yes"] = 1, ["no"] = 0 };

    /// <summary>Reads the answers of training rows and what they can be.</summary>
    /// <exception cref="DataException">A column is missing or empty, or a cell is not what its kind says; a cell of the only column is empty.</exception>
    public static RunAnswers Of(Table table, DataConfig config, RecipeTask task)
    {
        Answer[] answers = config.Label is { } label && task == RecipeTask.MultiLabel ? [.. (config.Labels ?? Found(table, label, config.Separator!)).Select(name => new Answer(name, AnswerKind.Flag, []))]
            : [.. (config.Targets ?? [config.Label!]).Select(target => Of(table, target, target.KindIn(task)))];
        var truth = TruthOf(table, config, answers);
        for (var i = 0; i < answers.Length; i++)
            if (truth.All(row => float.IsNaN(row[i]))) throw Nothing(table, answers[i].Name);
        return new(answers, truth) { Losses = config.Targets?.Any(target => target.Loss is not null) == true ? [.. config.Targets.Select(target => target.Loss)] : null };
    }

    /// <summary>Refuses folds that leave a target without a row to learn it from.</summary>
    /// <exception cref="DataException">Names the target and the fold.</exception>
    public void Check(Table table, Folds folds)
    {
        for (var fold = 0; fold < folds.Count; fold++)
            if (folds.Train(fold) is var rows)
                for (var i = 0; i < Answers.Count; i++)
                    if (rows.All(row => float.IsNaN(Truth[row][i])))
                        throw new DataException(table.File, FormattableString.Invariant($"the training rows of fold {fold} have no value; use fewer folds or another data.folds.seed, or take the target out"), 0, Answers[i].Name);
    }

    /// <summary>The true values of other rows.</summary>
    /// <exception cref="DataException">As when training rows are read; a class or label that was not there in training too.</exception>
    public static float[][] TruthOf(Table table, DataConfig config, IReadOnlyList<Answer> answers)
    {
        var rows = Enumerable.Range(0, table.Count).Select(_ => new float[answers.Count]).ToArray();
        if (config.Separator is { } separator) Mark(table, config.Label!, separator, answers, rows);
        else
            for (var i = 0; i < answers.Count; i++)
            {
                var column = Column(table, answers[i], config.Targets is not null);
                for (var row = 0; row < rows.Length; row++) rows[row][i] = column[row];
            }
        return rows;
    }

    /// <summary>The answers as one cell learns them: numbers by the mean and spread of its training rows.</summary>
    public IReadOnlyList<Answer> Scaled(IReadOnlyList<int> training) => [.. Answers.Select((answer, i) =>
    {
        if (answer.Kind != AnswerKind.Number) return answer;
        double[] known = [.. training.Select(row => (double)Truth[row][i]).Where(value => !double.IsNaN(value))];
        var mean = known.Average();
        var spread = Math.Sqrt(known.Average(value => (value - mean) * (value - mean)));
        return answer with { Mean = mean, Spread = spread > 0 ? spread : 1 };
    })];

    /// <summary>A line for each answer, to be seen before training.</summary>
    public IEnumerable<string> Lines() => Answers.Select((answer, i) =>
    {
        var column = Truth.Select(row => (double)row[i]).Where(value => !double.IsNaN(value)).ToArray();
        var missing = column.Length < Truth.Count ? FormattableString.Invariant($"; {Truth.Count - column.Length} rows lack it") : "";
        return missing.Length == 0 ? Line() : Line() + missing;
        string Line() => answer.Kind switch
        {
            AnswerKind.Class or AnswerKind.Ordinal => $"{answer.Name}: " + string.Join(", ", answer.Classes.Select((name, k) => FormattableString.Invariant($"{name} {column.Count(value => value == k)}"))),
            AnswerKind.Flag => FormattableString.Invariant($"{answer.Name}: {column.Count(value => value > 0)} of {column.Length} rows ({100 * column.Average():0.0} %)"),
            _ => FormattableString.Invariant($"{answer.Name}: {column.Min():0.####} to {column.Max():0.####}, mean {column.Average():0.####}"),
        };
    });

    static Answer Of(Table table, TargetConfig target, TargetKind kind) => kind switch
    {
        TargetKind.Class => new(target.Column, AnswerKind.Class, Classes(table, target.Column), target.Weight),
        TargetKind.Ordinal => new(target.Column, AnswerKind.Ordinal, target.Levels!, target.Weight),
        TargetKind.Flag => new(target.Column, AnswerKind.Flag, [], target.Weight),
        _ => new(target.Column, AnswerKind.Number, [], target.Weight),
    };

    /// <summary>The classes of a column, empty cells left out.</summary>
    static IReadOnlyList<string> Classes(Table table, string column)
    {
        string[] known = [.. table.Column(column).Where(cell => !Missing(cell))!];
        return known.Length > 0 ? LabelMap.From(known, table.File, column).Names : throw Nothing(table, column);
    }

    static DataException Nothing(Table table, string column) => new(table.File, "every cell is empty; a target needs rows that have it", 0, column);

    static bool Missing(string? cell) => string.IsNullOrWhiteSpace(cell);

    static float[] Column(Table table, Answer answer, bool mayLack)
    {
        var cells = mayLack ? [.. table.Column(answer.Name).Select(cell => Missing(cell) ? "" : cell!.Trim())] : LabelMap.Cells(table, answer.Name);
        var values = new float[cells.Length];
        var index = answer.Classes.Index().ToDictionary(pair => pair.Item, pair => (float)pair.Index, StringComparer.Ordinal);
        for (var row = 0; row < cells.Length; row++)
            if (cells[row].Length == 0) values[row] = float.NaN;
            else if (answer.HasClasses)
            {
                if (!index.TryGetValue(cells[row], out values[row]))
                    throw new DataException(table.File, $"'{cells[row]}' is not one of the {index.Count} {(answer.Kind == AnswerKind.Ordinal ? "levels" : "classes")} {string.Join(", ", answer.Classes.Take(10))}{Nearest.Hint(cells[row], index.Keys, "")}", table.LineOf(row), answer.Name);
            }
            else if (!(answer.Kind == AnswerKind.Flag ? flags.TryGetValue(cells[row], out values[row]) : float.TryParse(cells[row], NumberStyles.Float, CultureInfo.InvariantCulture, out values[row]) && float.IsFinite(values[row])))
                throw new DataException(table.File, $"got '{cells[row]}', expected {(answer.Kind == AnswerKind.Flag ? "1 or 0 (or true, false, yes, no)" : "a finite number with a decimal point")}", table.LineOf(row), answer.Name);
        return values;
    }

    static List<string> Found(Table table, string column, string separator) =>
        LabelMap.Ordered(table.Column(column).SelectMany(cell => Parts(cell, separator)).Distinct(StringComparer.Ordinal)) is { Count: > 0 } names ? names
            : throw new DataException(table.File, "no row has a label", 0, column);

    static void Mark(Table table, string column, string separator, IReadOnlyList<Answer> answers, float[][] rows)
    {
        var index = answers.Index().ToDictionary(pair => pair.Item.Name, pair => pair.Index, StringComparer.Ordinal);
        var cells = table.Column(column);
        for (var row = 0; row < rows.Length; row++)
            foreach (var name in Parts(cells[row], separator))
                rows[row][index.TryGetValue(name, out var at) ? at : throw new DataException(table.File,
                    $"the label '{name}' is none of the {answers.Count} labels of training: {string.Join(", ", answers.Take(10).Select(answer => answer.Name))}{Nearest.Hint(name, index.Keys, "")}", table.LineOf(row), column)] = 1;
    }

    // A row without labels is one that none of them belongs to.
    static string[] Parts(string? cell, string separator) => (cell ?? "").Split(separator, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
