using Tutti.Evaluation;
using Tutti.Models;
using Tutti.Predictions;
using Tutti.Runs;
using Tutti.Tables;
using Tutti.Torch;

namespace Tutti.Recipes;

/// <summary>A finished run, read from its folder to predict with: every cell's checkpoint, blended as the recipe says.</summary>
public sealed class TrainedRun
{
    /// <summary>Rows that are read at a time while a file is predicted; their texts are garbage while they are young.</summary>
    const int ChunkRows = 1024;

    /// <summary>Rows that are computed together, the longest first: enough that nearly every piece holds texts of one length. As many more are read and tokenised meanwhile.</summary>
    internal const int WindowRows = 4 * ChunkRows;

    readonly RunFolder files;
    readonly Recipe recipe;
    readonly Lazy<Device> device;
    readonly IReadOnlyList<TestTimeShare?> testTime;

    TrainedRun(RunFolder files, Recipe recipe, IReadOnlyList<CellFolder[]> members, RunBlend blend, IReadOnlyList<string> classes, IReadOnlyList<Answer>? answers, Device? device)
    {
        (this.files, this.recipe, Members, Blend, Classes, Answers) = (files, recipe, members, blend, classes, answers);
        testTime = TestTimeRecord.Shares(recipe, files);
        this.device = new(() => device ?? recipe.Device.Resolve());
        (Text, Pair) = RunData.Templates(recipe.Data);
    }

    /// <summary>Class names, or what the numbers of the answers are called.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>Numbers that are said of a row.</summary>
    int Width => Answers?.Sum(answer => answer.Width) ?? Classes.Count;

    /// <summary>What the run says of a row where that is not one class; else null.</summary>
    public IReadOnlyList<Answer>? Answers { get; }

    internal TextTemplate Text { get; }
    internal TextTemplate? Pair { get; }
    internal DataConfig Data => recipe.Data;
    internal RunBlend Blend { get; }

    /// <summary>The cells of each member, in the order of the recipe.</summary>
    internal IReadOnlyList<CellFolder[]> Members { get; }

    /// <summary>Tokens of a text that a cell's member reads, as the recipe says.</summary>
    internal int MaxLengthOf(CellFolder cell) => recipe.Members[Members.Index().First(member => member.Item.Contains(cell)).Index].Effective(recipe.Train).MaxLength;

    /// <param name="folder">The run folder.</param>
    /// <param name="device">Where to predict; null: where the recipe says.</param>
    /// <exception cref="DataException">Not a run folder, or cells are missing.</exception>
    public static TrainedRun Open(string folder, Device? device = null)
    {
        var files = new RunFolder(folder);
        if (!File.Exists(files.Recipe)) throw new DataException(folder, "is not a run folder: there is no recipe.yaml; train one with: tutti train RECIPE --run DIR");
        var recipe = Recipe.Load(files.Recipe);
        if (recipe.Task == RecipeTask.LanguageModel)
            throw new DataException(folder, $"is a run of task {RecipeJson.Name(recipe.Task)}, whose models predict no classes; name the checkpoint folder of a cell as the model of a recipe for text-classification");
        if (!File.Exists(files.Folds)) throw new DataException(files.Folds, "the file does not exist; the run was not started properly, train it again");
        var folds = Folds.Load(files.Folds).Count;
        var leftOut = MissingCells.Read(files);
        recipe = recipe with { Members = [.. recipe.Members.Select(member => member with { Seeds = [.. member.Seeds.Where(seed => !leftOut(member.Name!, seed))] }).Where(member => member.Seeds.Count > 0)] };
        var members = recipe.Members.Select(member => (from seed in member.Seeds from fold in Enumerable.Range(0, folds) select files.Cell(member.Name!, seed, fold)).ToArray()).ToArray();
        foreach (var (member, cells) in recipe.Members.Zip(members))
            foreach (var cell in cells)
                if (Cell.Recorded(cell, "settings") is not { } settings) throw new DataException(cell.Root, "this cell is not finished; repeat tutti train to finish the run");
                else if (settings != recipe.Settings(member)) throw new DataException(cell.Root, "this cell was trained with other settings than recipe.yaml says; repeat tutti train to finish the run");
        var config = ModelConfig.Read(Path.Combine(members[0][0].Checkpoint, "config.json"));
        var answers = TrainedModel.AnswersOf(config.Json, members[0][0].Checkpoint);
        return new(files, recipe, members, RunBlend.Open(files, recipe, members, folds, config.Labels.Count, answers), config.Labels, answers, device);
    }

    /// <summary>Predicts a file of any size in constant memory and writes id, prediction and a probability per class, or what <see cref="AnswerFile"/> says of answers.</summary>
    /// <returns>Rows written.</returns>
    /// <exception cref="InputException">The data or the output file cannot be used; nothing is written then.</exception>
    /// <exception cref="RunMemoryException">A model does not fit into the recipe's memory.</exception>
    public long Predict(string data, string output, CancellationToken cancel = default)
    {
        Check(data, cancel);
        var rows = 0L;
        // The output is opened first: that it cannot be written should not be found after an hour.
        void Write(Action<string, double[]> write)
        {
            var row = new double[Width];
            foreach (var (chunk, probabilities) in Predicted(data, cancel))
            {
                foreach (var (i, id) in RowIds.Of(chunk, Data.Id, rows).Index())
                {
                    probabilities.AsSpan(i * row.Length, row.Length).CopyTo(row);
                    write(id, row);
                }
                rows += chunk.Count;
            }
        }
        if (Answers is null) PredictionFile.Write(output, Classes, Write);
        else AnswerFile.Write(output, Answers, Write);
        return rows;
    }

    /// <summary>Predicts a labelled file of any size and scores it in constant memory.</summary>
    /// <param name="metrics">Which scores.</param>
    /// <exception cref="DataException">A column is missing, or a label was unseen in training (row named).</exception>
    /// <exception cref="RunMemoryException">A model does not fit into the recipe's memory.</exception>
    public RunScores Score(string data, MetricChoice metrics = MetricChoice.Usual, CancellationToken cancel = default)
    {
        if (Answers is not null) throw new DataException(files.Root, $"is a run of task {RecipeJson.Name(recipe.Task)}, which ScoreAnswers scores");
        var labels = LabelMap.InOrder(Classes);
        var known = SeenRows.Read(files.SeenRows);
        bool[] Seen(Table chunk) => [.. SeenRows.Keys(chunk, Text, Pair, recipe.SeesPictures).Select(known.Contains)];
        Check(data, cancel);
        var (rows, seen) = (0L, 0L);
        foreach (var chunk in Chunks(data))                   // labels are checked before any model is loaded
        {
            cancel.ThrowIfCancellationRequested();
            labels.IndicesOf(chunk, Data.Label!);
            (rows, seen) = (rows + chunk.Count, seen + Seen(chunk).Count(known => known));
        }
        using var all = new RunningScores(Classes, metrics: metrics);
        using var unseen = seen > 0 && seen < rows ? new RunningScores(Classes, metrics: metrics) : null;
        foreach (var (chunk, probabilities) in Predicted(data, cancel))
        {
            var (truth, skip) = (labels.IndicesOf(chunk, Data.Label!), unseen is null ? [] : Seen(chunk));
            for (var row = 0; row < chunk.Count; row++)
            {
                var values = probabilities.AsSpan(row * Classes.Count, Classes.Count);
                all.Add(values, truth[row]);
                if (unseen is not null && !skip[row]) unseen.Add(values, truth[row]);
            }
        }
        return new(all.Summary(), seen, unseen?.Summary());
    }

    /// <summary>The same for a run of labels, numbers or several targets.</summary>
    /// <exception cref="DataException">A column is missing, or a cell is not what its kind says (row named).</exception>
    /// <exception cref="RunMemoryException">A model does not fit into the recipe's memory.</exception>
    public AnswerRunScores ScoreAnswers(string data, MetricChoice metrics = MetricChoice.Usual, CancellationToken cancel = default)
    {
        var answers = Answers ?? throw new DataException(files.Root, $"is a run of task {RecipeJson.Name(recipe.Task)}, which Score scores");
        var known = SeenRows.Read(files.SeenRows);
        bool[] Seen(Table chunk) => [.. SeenRows.Keys(chunk, Text, Pair, recipe.SeesPictures).Select(known.Contains)];
        Check(data, cancel);
        var (rows, seen) = (0, 0);
        foreach (var chunk in Chunks(data))                   // true values are checked before any model is loaded
        {
            cancel.ThrowIfCancellationRequested();
            RunAnswers.TruthOf(chunk, Data, answers);
            (rows, seen) = (rows + chunk.Count, seen + Seen(chunk).Count(known => known));
        }
        if (rows == 0) throw new DataException(data, "has no rows to score");
        using var all = new RunningAnswers(answers, metrics: metrics);
        using var unseen = seen > 0 && seen < rows ? new RunningAnswers(answers, metrics: metrics) : null;
        foreach (var (chunk, predicted) in Predicted(data, cancel))
        {
            var truth = RunAnswers.TruthOf(chunk, Data, answers);
            var before = unseen is null ? [] : Seen(chunk);
            for (var row = 0; row < chunk.Count; row++)
            {
                var values = predicted.AsSpan(row * Width, Width);
                var own = Array.ConvertAll(truth[row], value => (double)value);
                all.Add(values, own);
                if (unseen is not null && !before[row]) unseen.Add(values, own);
            }
        }
        return new(all.Summary(), rows, seen, unseen?.Summary());
    }

    /// <summary>Predicts a labelled file whose rows are kept in memory, to be compared with what other runs say of it.</summary>
    /// <returns>Its rows with their true values; one class per row is one answer, named as its column. And how many of them were trained on.</returns>
    /// <exception cref="DataException">A column is missing, or a cell is not what it has to be (row named).</exception>
    /// <exception cref="RunMemoryException">A model does not fit into the recipe's memory.</exception>
    internal (AnswerSet Rows, int Seen) Labelled(string data, CancellationToken cancel)
    {
        var (answers, known) = (Answers ?? [new Answer(Data.Label!, AnswerKind.Class, Classes)], SeenRows.Read(files.SeenRows));
        double[][] Truth(Table chunk) => Answers is null ? [.. LabelMap.InOrder(Classes).IndicesOf(chunk, Data.Label!).Select(label => (double[])[label])]
            : Array.ConvertAll(RunAnswers.TruthOf(chunk, Data, answers), row => Array.ConvertAll(row, value => (double)value));
        Check(data, cancel);
        foreach (var chunk in Chunks(data)) Truth(chunk);     // checked before any model is loaded
        var (ids, values, truth, seen) = (new List<string>(), new List<double>(), new List<double>(), 0);
        foreach (var (chunk, predicted) in Predicted(data, cancel))
        {
            ids.AddRange(RowIds.Of(chunk, Data.Id, ids.Count));
            values.AddRange(predicted);
            foreach (var row in Truth(chunk)) truth.AddRange(row);
            seen += SeenRows.Keys(chunk, Text, Pair, recipe.SeesPictures).Count(known.Contains);
        }
        return ids.Count > 0 ? (new(ids, answers, [.. values], [.. truth]), seen) : throw new DataException(data, "has no rows to score");
    }

    /// <summary>All models of the blend at once, for repeated small predictions; the caller disposes them.</summary>
    internal TrainedModel[][] Load()
    {
        List<TrainedModel> loaded = [];
        try
        {
            return [.. Blend.Parts.Select(part => part.Cells.Select(cell =>
            {
                loaded.Add(new TrainedModel(cell.Checkpoint, part.Config, device.Value, TestTime(part)));
                return loaded[^1];
            }).ToArray())];
        }
        catch
        {
            foreach (var model in loaded) model.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Probabilities (n*K) of texts by the cells of one fold alone: the mean over seeds, then over members. Neither the blend's weights nor those of test-time views have a part: they were
    /// fitted to the labels of every fold, and these cells saw none of this fold's.
    /// </summary>
    internal double[] ByFold(int fold, IReadOnlyList<string> texts, IReadOnlyList<string>? pairs, CancellationToken cancel)
    {
        var sum = new double[texts.Count * Classes.Count];
        for (var m = 0; m < Members.Count; m++)
        {
            var cells = Members[m].Where((_, i) => i % (Members[m].Length / recipe.Members[m].Seeds.Count) == fold).ToArray();
            foreach (var cell in cells)
            {
                using var model = new TrainedModel(cell.Checkpoint, recipe.Members[m].Effective(recipe.Train), device.Value);
                if (!model.Classes.SequenceEqual(Classes)) throw new DataException(cell.Checkpoint, "this checkpoint has other classes than the run; train the cell again");
                var values = model.Probabilities(model.Encode(texts, pairs), cancel);
                for (var i = 0; i < sum.Length; i++) sum[i] += values[i] / (cells.Length * Members.Count);
            }
        }
        return sum;
    }

    /// <summary>One cell alone; the caller disposes it.</summary>
    /// <param name="plain">Texts are seen in the plain way alone.</param>
    internal TrainedModel LoadOne(CellFolder cell, bool plain = false)
    {
        var m = Members.Index().First(member => member.Item.Contains(cell)).Index;
        return new(cell.Checkpoint, recipe.Members[m].Effective(recipe.Train), device.Value, plain ? null : testTime[m]);
    }

    /// <summary>The member and seed whose cells have the lowest mean loss on the rows that they held out; its cells in the order of the folds.</summary>
    internal (string Name, CellFolder[] Cells) Best() => recipe.Members.Zip(Members)
        .SelectMany(member => member.First.Seeds.Zip(member.Second.Chunk(member.Second.Length / member.First.Seeds.Count), (seed, cells) => (Name: FormattableString.Invariant($"{member.First.Name} seed {seed}"), Cells: cells)))
        .MinBy(one => one.Cells.Average(ModelExport.LossOf));

    /// <summary>The blended probabilities of a file (n*K per chunk of it), which is read again for every model and once more beside them.</summary>
    IEnumerable<(Table Chunk, double[] Probabilities)> Predicted(string data, CancellationToken cancel)
    {
        List<RunningBlend> sums = [];
        List<IEnumerator<double[]>> readers = [];
        try
        {
            using (Budget())
                foreach (var part in Blend.Parts)
                {
                    sums.Add(new());
                    Accumulate(part, data, sums[^1], cancel);
                }
            readers.AddRange(sums.Select(sum => sum.Read(ChunkRows * Width).GetEnumerator()));
            foreach (var chunk in Chunks(data))
            {
                cancel.ThrowIfCancellationRequested();
                yield return (chunk, Blend.Apply([.. readers.Select(Next)]));
            }
        }
        finally
        {
            foreach (var reader in readers) reader.Dispose();
            foreach (var sum in sums) sum.Dispose();
        }
    }

    static double[] Next(IEnumerator<double[]> reader) => reader.MoveNext() ? reader.Current : throw new InvalidOperationException("there are fewer predictions than rows");

    /// <summary>Cell by cell: one model in memory at a time.</summary>
    void Accumulate(BlendPart part, string data, RunningBlend sum, CancellationToken cancel)
    {
        foreach (var cell in part.Cells)
            try
            {
                Add(cell, part, data, sum, 1.0 / part.Cells.Length, cancel);
            }
            catch (TorchMemoryException e)
            {
                throw NoRoom(cell, e);
            }
    }

    /// <summary>What the recipe allows, until disposed.</summary>
    internal MemoryBudget Budget() => new(recipe.Memory, device.Value) { OfPictures = recipe.SeesPictures };

    /// <summary>What to say where a cell's model does not fit.</summary>
    internal RunMemoryException NoRoom(CellFolder cell, TorchMemoryException e) =>
        new(FormattableString.Invariant($"{cell.Root}: predicting does not fit into {(recipe.Memory is { } given ? $"the recipe's memory: {given}" : $"the memory of {(device.Value.IsCuda ? device.Value : "this machine")}")} ({e.Op} found no room).\n")
            + (recipe.Memory is null ? "Close other programs, or predict on a larger machine." : $"Raise memory in {files.Recipe}; the predictions stay the same."), e);

    // A soup predicts in the plain way, as it did when it was weighed.
    TestTimeShare? TestTime(BlendPart part) => part.Member is { } m ? testTime[m] : null;

    void Add(CellFolder cell, BlendPart part, string data, RunningBlend member, double weight, CancellationToken cancel)
    {
        using var model = new TrainedModel(cell.Checkpoint, part.Config, device.Value, TestTime(part));
        if (!model.Classes.SequenceEqual(Classes)) throw new DataException(cell.Checkpoint, "this checkpoint has other classes than the run; train the cell again");
        var windows = Chunks(data).SelectMany(chunk => model.Encode(chunk, Text, Pair)).Chunk(WindowRows);
        member.Add(Ahead.Of(windows).Select(rows => model.Probabilities(rows, cancel)), weight);
    }

    /// <summary>Reads the whole file once, so that a fault in its last row is found before anything is computed.</summary>
    void Check(string data, CancellationToken cancel)
    {
        _ = device.Value;                                     // a GPU that is not there
        IEnumerable<Table> Checked() => Chunks(data).Select(chunk =>
        {
            cancel.ThrowIfCancellationRequested();
            Text.Check(chunk);
            Pair?.Check(chunk);
            if (recipe.SeesPictures) PictureTable.Items(chunk, Data);
            return chunk;
        });
        if (Data.Id is { } id) RowIds.Check(Checked, id);
        else _ = Checked().Count();
    }

    /// <summary>The file's rows; the next chunk is read while one is worked on.</summary>
    IEnumerable<Table> Chunks(string data) => Ahead.Of(recipe.SeesPictures ? PictureTable.Stream(data, Data, ChunkRows) : Table.Stream(data, Data.Format.ToTableFormat(), ChunkRows));
}
