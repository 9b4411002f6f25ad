using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;
using Tutti.Recipes;
using Tutti.Torch;

namespace Tutti.App.Commands;

static class InspectCommand
{
    static readonly JsonSerializerOptions indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    static readonly Argument<string> model = new("MODEL") { Description = "A model folder, or the folder of a run's cell." };
    static readonly Option<bool> json = new("--json") { Description = "Print JSON." };

    public static Command Make()
    {
        var command = new Command("inspect", "What a model is: architecture, weights by block, vocabulary and its scripts, memory to predict and to train.") { model, json };
        command.SetAction(parsed => Session.Guard(parsed, () => Inspect(parsed.GetRequiredValue(model), parsed.GetValue(json))));
        return command;
    }

    static int Inspect(string path, bool asJson)
    {
        var found = ModelInspection.Of(path, Session.Cancel);
        if (asJson) Show.Line(Json(found).ToJsonString(indented));
        else Write(found);
        return 0;
    }

    static void Write(ModelInspection found)
    {
        Show.Line(FormattableString.Invariant($"{found.Folder}: {found.ModelType}, {found.Architecture}, {found.Weights} weights, {found.Labels.Count} classes, texts of up to {found.MaxLength} tokens"));
        foreach (var line in found.Report.Lines()) Show.Warning(line);
        var blocks = Show.Table("block", "layers", "weights", "share");
        foreach (var block in found.Blocks)
            blocks.AddRow(Show.Cells(block.Name, block.Layers == 0 ? "" : Whole(block.Layers), Whole(block.Weights), Share((double)block.Weights / found.Weights)));
        Show.Out.Write(blocks);
        if (found.Vocabulary is { } vocabulary) Write(vocabulary, found.VocabularySize);
        else Show.Line(FormattableString.Invariant($"no tokenizer here; the embedding has {found.VocabularySize} rows"));
        var memory = Show.Table(FormattableString.Invariant($"memory for {found.Batch} texts of {found.Tokens} tokens"), "peak");
        foreach (var use in found.Memory) memory.AddRow(Show.Cells(use.Use, use.Peak is { } peak ? MemoryStats.Text(peak) : "does not fit"));
        Show.Out.Write(memory);
    }

    static void Write(VocabularyInspection vocabulary, int rows)
    {
        Show.Line(FormattableString.Invariant($"{vocabulary.Kind}: {vocabulary.Ids} ids, embedding of {rows} rows; {string.Join(", ", vocabulary.Special.Select(token => $"{token.Key[..^"_token".Length]} {token.Value}"))}"));
        var scripts = Show.Table("script of the vocabulary", "tokens", "share");
        foreach (var script in vocabulary.Scripts) scripts.AddRow(Show.Cells(script.Script, Whole(script.Tokens), Share(script.Share)));
        Show.Out.Write(scripts);
    }

    static string Whole(long value) => value.ToString(CultureInfo.InvariantCulture);
    static string Share(double value) => FormattableString.Invariant($"{100 * value:0.0} %");

    static JsonObject Json(ModelInspection found) => new()
    {
        ["folder"] = found.Folder,
        ["modelType"] = found.ModelType,
        ["architecture"] = found.Architecture,
        ["weights"] = found.Weights,
        ["blocks"] = JsonSerializer.SerializeToNode(found.Blocks, indented),
        ["labels"] = JsonSerializer.SerializeToNode(found.Labels, indented),
        ["missing"] = JsonSerializer.SerializeToNode(found.Report.Missing, indented),
        ["unexpected"] = JsonSerializer.SerializeToNode(found.Report.Unexpected, indented),
        ["embeddingRows"] = found.VocabularySize,
        ["maxLength"] = found.MaxLength,
        ["vocabulary"] = JsonSerializer.SerializeToNode(found.Vocabulary, indented),
        ["memory"] = new JsonObject { ["texts"] = found.Batch, ["tokens"] = found.Tokens, ["uses"] = JsonSerializer.SerializeToNode(found.Memory, indented) },
    };
}
