using Tutti.Predictions;
using Tutti.Reports;
using Tutti.Runs;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>Explains predictions of held-out rows, each by the first member's model that did not see the row.</summary>
/// <param name="recipe">Of the run.</param>
/// <param name="files">The run folder.</param>
/// <param name="device">Where the models compute.</param>
sealed class RowExplanations(Recipe recipe, RunFolder files, Device device)
{
    /// <summary>
    /// What the explanations of a run may cost unless a number of rows is asked for: multiplications of weights and tokens, which a processor of two
    /// cores does in a few seconds. A count, not a time: the same run is explained the same on every machine.
    /// </summary>
    public const double UsualWork = 1e11;

    /// <summary>Weights are multiplied once forward and twice backward.</summary>
    const int BothWays = 3;

    /// <param name="set">The rows' blended predictions, whose class is explained.</param>
    /// <param name="texts">The text of each row, and the second where texts come in pairs.</param>
    /// <param name="rows">Which to explain, the most telling first.</param>
    /// <param name="work">The most that they may cost.</param>
    /// <returns>In the order of <paramref name="rows"/>, with occlusion for the first of them that the work allows; rows of no fold and those beyond the work are left out.</returns>
    public IReadOnlyList<RowExplanation> Of(PredictionSet set, IReadOnlyList<(string Text, string? Pair)> texts, IReadOnlyList<int> rows, double work, CancellationToken cancel)
    {
        int[] held = set.Folds is null ? [] : [.. rows.Where(row => set.Folds[row] >= 0)];
        if (held.Length == 0) return [];
        int gradients, masks;
        using (var model = Load(CellOf(held[0]))) (gradients, masks) = Affordable([.. held.Select(row => (double)model.Encode(texts[row].Text, texts[row].Pair).Ids.Length)], model.Computing, work);
        Dictionary<int, RowExplanation> found = [];
        foreach (var cell in held.Take(gradients).Index().GroupBy(row => CellOf(row.Item)))
        {
            using var model = Load(cell.Key);
            foreach (var (i, row) in cell)
            {
                cancel.ThrowIfCancellationRequested();
                found.Add(row, Explain(model, cell.Key, set, row, model.Encode(texts[row].Text, texts[row].Pair), i < masks, cancel));
            }
        }
        return [.. rows.Where(found.ContainsKey).Select(row => found[row])];

        CellName CellOf(int row) => new(recipe.Members[0].Name!, recipe.Members[0].Seeds[0], set.Folds![row]);
    }

    TrainedModel Load(CellName cell) => new(cell.Folder(files).Checkpoint, recipe.Members[0].Effective(recipe.Train), device);

    /// <summary>How many of the first texts the work allows gradients for, and of these how many masks of every token with what is left.</summary>
    static (int Gradients, int Masks) Affordable(double[] tokens, double weights, double work)
    {
        var gradients = tokens.TakeWhile(count => (work -= BothWays * weights * count) >= 0).Count();
        if (gradients < tokens.Length) return (gradients, 0);
        return (gradients, tokens.TakeWhile(count => (work -= weights * count * count) >= 0).Count());
    }

    static RowExplanation Explain(TrainedModel model, CellName cell, PredictionSet set, int row, Example text, bool masks, CancellationToken cancel)
    {
        var (predicted, label) = (set.Predicted(row), set.Labels![row]);
        var against = label != predicted ? label : RunnerUp(set, row, predicted);
        var (tokens, gradient, occlusion, probability) = model.Explain(text, predicted, against, masks, cancel);
        return new(row, cell.ToString(), predicted, against, probability, tokens, gradient, occlusion);
    }

    static int RunnerUp(PredictionSet set, int row, int predicted) => Enumerable.Range(0, set.K).Where(k => k != predicted).MaxBy(k => set.Row(row)[k]);
}

/// <summary>One of members x seeds x folds, as folders and events call it.</summary>
readonly record struct CellName(string Member, int Seed, int Fold)
{
    /// <summary>All of a run, in the order of members, seeds and folds.</summary>
    public static IEnumerable<CellName> All(Recipe recipe, int folds) =>
        from member in recipe.Members from seed in member.Seeds from fold in Enumerable.Range(0, folds) select new CellName(member.Name!, seed, fold);

    public CellFolder Folder(RunFolder files) => files.Cell(Member, Seed, Fold);

    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Member} seed {Seed} fold {Fold}");
}
