using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Evaluation;
using Tutti.Models;
using Tutti.Predictions;
using Tutti.Reports;
using Tutti.Runs;
using Tutti.Text;

namespace Tutti.Recipes;

/// <summary>What was exported.</summary>
/// <param name="Cell">The name of the cell's folder.</param>
/// <param name="Of">How many cells the run has.</param>
/// <param name="Chosen">It was not named, and is the one with the lowest loss on the rows that it held out.</param>
/// <param name="Weights">Their number.</param>
public sealed record ExportResult(string Cell, int Of, bool Chosen, long Weights)
{
    /// <summary>Of another form than ours: the largest difference between its logits and our own, of those above 1 as a share.</summary>
    public double? Deviation { get; init; }
}

/// <summary>What was written does not compute what the model does.</summary>
public sealed class ExportException(string message) : Exception(message);

/// <summary>Gives a model of a run back in the form that others read.</summary>
public static class ModelExport
{
    /// <summary>
    /// Writes a folder that Hugging Face's transformers loads without a missing or unexpected weight: config.json, model.safetensors, the
    /// tokenizer's files and README.md. The folder appears whole or not at all, and is read back before.
    /// </summary>
    /// <param name="run">The folder of a finished run.</param>
    /// <param name="folder">To be made; it may be there if it is empty.</param>
    /// <param name="cell">The name of a cell's folder; null for the one with the lowest loss on the rows that it held out.</param>
    /// <exception cref="InputException">The run cannot be used, there is no such cell, or the folder holds something or cannot be written.</exception>
    public static ExportResult ToHuggingFace(string run, string folder, string? cell = null) => Export(run, folder, cell, (trained, name, chosen, to) => (Write(trained, name, chosen, to), null));

    /// <summary>
    /// Writes a folder with the model as an ONNX file, in the form of Hugging Face's own exports: model.onnx (and model.onnx_data where the weights do not fit into it),
    /// config.json, the tokenizer's files and README.md. The folder appears whole or not at all, and only when the file, computed operator by operator, gives our logits.
    /// </summary>
    /// <param name="run">The folder of a finished run.</param>
    /// <param name="folder">To be made; it may be there if it is empty.</param>
    /// <param name="cell">The name of a cell's folder; null for the one with the lowest loss on the rows that it held out.</param>
    /// <exception cref="InputException">The run cannot be used, there is no such cell, the model cannot be written so, or the folder holds something or cannot be written.</exception>
    /// <exception cref="ExportException">The file gives other logits.</exception>
    public static ExportResult ToOnnx(string run, string folder, string? cell = null) => ToOnnx(run, folder, cell, OnnxFolder.MostDeviation);

    /// <param name="most">The largest deviation of a sound file.</param>
    internal static ExportResult ToOnnx(string run, string folder, string? cell, double most) => Export(run, folder, cell, (trained, name, chosen, to) =>
    {
        using var model = Load(trained, chosen);
        var (weights, config) = (model.Params.Items.Sum(item => item.Stored.Count), new ModelConfig(model.Config, chosen.Checkpoint));
        var card = Card(trained, name, chosen, model);
        var made = OnnxFolder.Write(model, Tokenizer.Load(chosen.Checkpoint), Math.Min(trained.MaxLengthOf(chosen), model.MaxLength), to);
        if (!(made.Deviation <= most)) throw new ExportException(FormattableString.Invariant($"{Path.GetFileName(chosen.Root)}: as ONNX its logits differ from our own by up to {made.Deviation:0.0e0}, more than {most:0.0e0}; nothing was kept. Export it with --to hf, and report this {config.ModelType}."));
        AtomicFile.Write(Path.Combine(to, "README.md"), (card with { Onnx = made.Describe() }).ToString());
        return (weights, made.Deviation);
    });

    static ExportResult Export(string run, string folder, string? cell, Func<TrainedRun, string, CellFolder, string, (long Weights, double? Deviation)> write)
    {
        var trained = TrainedRun.Open(run);
        var cells = trained.Members.SelectMany(member => member).ToArray();
        var chosen = cell is null ? cells.MinBy(LossOf)! : Named(cells, cell);
        if (File.Exists(folder) || Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new ConfigException("--out", $"{folder} is there already and not empty; nothing is overwritten, name another folder");
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        var temporary = Path.Combine(Path.GetDirectoryName(target) ?? throw new ConfigException("--out", $"{folder} is a drive; name a folder in it"), $".{Path.GetFileName(target)}.{Path.GetRandomFileName()}.tmp");
        try
        {
            var (weights, deviation) = write(trained, run, chosen, temporary);
            if (Directory.Exists(target)) Directory.Delete(target);           // empty, as seen above; else this fails
            Directory.Move(temporary, target);
            return new(Path.GetFileName(chosen.Root), cells.Length, cell is null, weights) { Deviation = deviation };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException("--out", $"{folder} cannot be written ({e.Message}); choose another folder", e);
        }
        finally
        {
            if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
        }
    }

    static long Write(TrainedRun run, string name, CellFolder cell, string to)
    {
        using var model = Load(run, cell);
        ModelFolder.Save(model, to);
        Tokenizer.Load(cell.Checkpoint).Save(to);
        AtomicFile.Write(Path.Combine(to, "README.md"), Card(run, name, cell, model).ToString());

        using var again = ModelFolder.Load(to, null, 0, out var lacking);
        if (lacking.Lines().FirstOrDefault() is { } fault) throw new DataException(to, $"the exported model does not read back: {fault}");
        return model.Params.Items.Sum(item => item.Stored.Count);
    }

    static TextModel Load(TrainedRun run, CellFolder cell)
    {
        var model = ModelFolder.Load(cell.Checkpoint, null, 0, out var report);
        if (report.Missing.Count > 0)
        {
            model.Dispose();
            throw new DataException(cell.Checkpoint, $"weights are missing: {string.Join(", ", report.Missing.Take(3))}; train the cell again");
        }
        var labels = new ModelConfig(model.Config, cell.Checkpoint).WithLabels(run.Classes);
        foreach (var key in (string[])["id2label", "label2id"]) model.Config[key] = labels.Json[key]!.DeepClone();
        if (run.Answers is null) model.Config["problem_type"] = "single_label_classification";
        return model;
    }

    static ModelCard Card(TrainedRun run, string name, CellFolder cell, TextModel model)
    {
        var recipe = File.ReadAllText(new RunFolder(name).Recipe).ReplaceLineEndings("\n").Split('\n');
        var facts = recipe.TakeWhile(line => line.StartsWith('#')).Select(line => line.TrimStart('#').Trim()).Where(line => line.Length > 0).ToArray();
        var config = new ModelConfig(model.Config, cell.Checkpoint);
        return new(Path.GetFileName(cell.Root), Catalog.Find(config).Architecture, model.Params.Items.Sum(item => item.Stored.Count), run.Classes,
            run.Data.Pair is { } pair ? [run.Data.Text, pair] : [run.Data.Text], Math.Min(run.MaxLengthOf(cell), model.MaxLength),
            Scores(run, cell), facts, string.Join('\n', recipe.Skip(facts.Length)))
        { Answers = TrainedModel.AnswersOf(model.Config, cell.Checkpoint) };
    }

    static IReadOnlyList<AnswerSummary> Scores(TrainedRun run, CellFolder cell)
    {
        if (run.Answers is { } answers) return AnswerScores.Of(AnswerFile.Read(cell.Predictions, answers));
        var summary = EvaluationSummary.Of(PredictionFile.Read(cell.Predictions));
        return [new("classes", AnswerKind.Class, summary.Scores, summary, [])];
    }

    static CellFolder Named(CellFolder[] cells, string name) => Array.Find(cells, cell => Path.GetFileName(cell.Root) == name)
        ?? throw new ConfigException("--cell", $"the run has no cell '{name}'{Nearest.Hint(name, cells.Select(cell => Path.GetFileName(cell.Root)), "")}; expected one of {string.Join(", ", cells.Take(8).Select(cell => Path.GetFileName(cell.Root)))}");

    internal static double LossOf(CellFolder cell)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(cell.Metrics))?["loss"] is JsonValue loss && loss.TryGetValue<double>(out var value) ? value : double.PositiveInfinity;
        }
        catch (JsonException e)
        {
            throw new DataException(cell.Metrics, $"is not valid JSON: {e.Message}", inner: e);
        }
    }
}
