using Tutti.Models;
using Tutti.Predictions;
using Tutti.Runs;
using Tutti.Tables;

namespace Tutti.Recipes;

/// <summary>A finished run, read from its folder to predict with: every cell's checkpoint, blended as the recipe says.</summary>
public sealed class TrainedRun
{
    /// <summary>Rows that are in memory at a time while a file is predicted.</summary>
    const int ChunkRows = 4096;

    readonly RunFolder files;
    readonly Recipe recipe;

    TrainedRun(RunFolder files, Recipe recipe, IReadOnlyList<CellFolder[]> members, IReadOnlyList<string> classes)
    {
        (this.files, this.recipe, Members, Classes) = (files, recipe, members, classes);
        (Text, Pair) = RunData.Templates(recipe.Data);
    }

    public IReadOnlyList<string> Classes { get; }
    internal TextTemplate Text { get; }
    internal TextTemplate? Pair { get; }
    internal DataConfig Data => recipe.Data;
    internal RecipeBlend Blend => recipe.Blend;

    /// <summary>The cells of each member, in the order of the recipe.</summary>
    internal IReadOnlyList<CellFolder[]> Members { get; }

    /// <exception cref="DataException">Not a run folder, or cells are missing.</exception>
    public static TrainedRun Open(string folder)
    {
        var files = new RunFolder(folder);
        if (!File.Exists(files.Recipe)) throw new DataException(folder, "is not a run folder: there is no recipe.yaml; train one with: tutti train RECIPE --run DIR");
        var recipe = Recipe.Load(files.Recipe);
        if (!File.Exists(files.Folds)) throw new DataException(files.Folds, "the file does not exist; the run was not started properly, train it again");
        var folds = Folds.Load(files.Folds).Count;
        var members = recipe.Members.Select(member => (from seed in member.Seeds from fold in Enumerable.Range(0, folds) select files.Cell(member.Name!, seed, fold)).ToArray()).ToArray();
        foreach (var (member, cells) in recipe.Members.Zip(members))
            foreach (var cell in cells)
                if (Cell.Recorded(cell, "settings") is not { } settings) throw new DataException(cell.Root, "this cell is not finished; repeat tutti train to finish the run");
                else if (settings != recipe.Settings(member)) throw new DataException(cell.Root, "this cell was trained with other settings than recipe.yaml says; repeat tutti train to finish the run");
        var classes = ModelConfig.Read(Path.Combine(members[0][0].Checkpoint, "config.json")).Labels;
        return new(files, recipe, members, classes);
    }

    /// <summary>Predicts a file of any size in constant memory and writes id, prediction and a probability per class.</summary>
    /// <returns>Rows written.</returns>
    /// <exception cref="InputException">The data or the output file cannot be used; nothing is written then.</exception>
    public long Predict(string data, string output, CancellationToken cancel = default)
    {
        Check(data);
        var rows = 0L;
        // The output is opened first: that it cannot be written should not be found after an hour.
        PredictionFile.Write(output, Classes, write =>
        {
            using var total = new RunningBlend();
            Accumulate(data, total, cancel);
            using var sums = total.Read(ChunkRows * Classes.Count).GetEnumerator();
            foreach (var chunk in Chunks(data))
            {
                sums.MoveNext();
                foreach (var (row, id) in RowIds.Of(chunk, Data.Id, rows).Index()) write(id, Normalised(sums.Current.AsSpan(row * Classes.Count, Classes.Count)));
                rows += chunk.Count;
            }
        });
        return rows;
    }

    /// <summary>Predictions of a labelled file, with how many of its rows the run was trained on.</summary>
    /// <exception cref="DataException">A column is missing, or a label was unseen in training (row named).</exception>
    public (PredictionSet Predictions, bool[] Seen) Score(string data, CancellationToken cancel = default)
    {
        var labels = LabelMap.InOrder(Classes);
        List<string> ids = [];
        List<int> truth = [];
        List<bool> seen = [];
        var known = SeenRows.Read(files.SeenRows);
        Check(data);
        foreach (var chunk in Chunks(data))                   // labels are checked before any model is loaded
        {
            truth.AddRange(labels.IndicesOf(chunk, Data.Label));
            ids.AddRange(RowIds.Of(chunk, Data.Id, ids.Count));
            seen.AddRange(Enumerable.Range(0, chunk.Count).Select(row => known.Contains(SeenRows.Key(chunk, row, Text, Pair))));
        }
        using var total = new RunningBlend();
        Accumulate(data, total, cancel);
        var k = Classes.Count;
        var values = total.Read(ChunkRows * k).SelectMany(piece => Enumerable.Range(0, piece.Length / k).SelectMany(row => Normalised(piece.AsSpan(row * k, k)))).ToArray();
        return (new(ids, Classes, values, [.. truth]), [.. seen]);
    }

    /// <summary>All models at once, for repeated small predictions; the caller disposes them.</summary>
    internal TrainedModel[][] Load()
    {
        List<TrainedModel> loaded = [];
        try
        {
            return [.. Members.Select((cells, m) => cells.Select(cell =>
            {
                loaded.Add(new TrainedModel(cell.Checkpoint, recipe.Members[m].Effective(recipe.Train)));
                return loaded[^1];
            }).ToArray())];
        }
        catch
        {
            foreach (var model in loaded) model.Dispose();
            throw;
        }
    }

    /// <summary>Member by member, cell by cell: one model in memory at a time.</summary>
    void Accumulate(string data, RunningBlend total, CancellationToken cancel)
    {
        for (var m = 0; m < Members.Count; m++)
        {
            var config = recipe.Members[m].Effective(recipe.Train);
            using var member = new RunningBlend();
            foreach (var cell in Members[m])
            {
                using var model = new TrainedModel(cell.Checkpoint, config);
                if (!model.Classes.SequenceEqual(Classes)) throw new DataException(cell.Checkpoint, "this checkpoint has other classes than the run; train the cell again");
                member.Add(Chunks(data).Select(chunk =>
                {
                    cancel.ThrowIfCancellationRequested();
                    return model.Probabilities(chunk, Text, Pair);
                }), 1.0 / Members[m].Length);
            }
            total.Add(member.Read(ChunkRows * Classes.Count), 1.0 / Members.Count, Blend == RecipeBlend.Geometric ? Logarithm : null);
        }
    }

    /// <summary>Reads the whole file once, so that a fault in its last row is found before anything is computed.</summary>
    void Check(string data)
    {
        foreach (var chunk in Chunks(data))
        {
            Text.Check(chunk);
            Pair?.Check(chunk);
        }
        if (Data.Id is { } id) RowIds.Check(() => Chunks(data), id);
    }

    IEnumerable<Table> Chunks(string data) => Table.Stream(data, Data.Format.ToTableFormat(), ChunkRows);

    // As Ensembling.Blend: the geometric mean clips at the same smallest probability.
    static double Logarithm(double p) => Math.Log(Math.Max(p, Ensembling.Blend.Smallest));

    double[] Normalised(ReadOnlySpan<double> sums)
    {
        var values = sums.ToArray();
        if (Blend == RecipeBlend.Geometric)
            for (var i = 0; i < values.Length; i++) values[i] = Math.Exp(values[i]);
        var sum = values.Sum();
        return Array.ConvertAll(values, value => value / sum);
    }
}
