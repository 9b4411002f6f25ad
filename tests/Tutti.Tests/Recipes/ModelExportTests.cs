using System.Text.Json.Nodes;
using Tutti.Evaluation;
using Tutti.Models;
using Tutti.Models.Onnx;
using Tutti.Predictions;
using Tutti.Recipes;
using Tutti.Runs;
using Tutti.Tests.App;
using Tutti.Text;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Recipes;

[Collection(RunCollection.Name)]
public sealed class ModelExportTests(TinyRun run)
{
    CellFolder[] Cells => [.. Directory.GetDirectories(Path.Combine(run.Folder, "cells")).Order(StringComparer.Ordinal).Select(cell => new CellFolder(cell))];

    [Fact]
    public void An_exported_model_has_the_cells_weights_bit_for_bit_and_gives_the_same_ids()
    {
        using var temp = Shared.Temp();
        var cell = Cells[1];
        var made = ModelExport.ToHuggingFace(run.Folder, temp.File("out"), Path.GetFileName(cell.Root));
        Assert.False(made.Chosen);
        using var before = new SafeTensors(Path.Combine(cell.Checkpoint, "model.safetensors"));
        using var after = new SafeTensors(temp.File("out/model.safetensors"));
        Assert.Equal("pt", after.Metadata["format"]);
        Assert.Equal(before.Names.Order(StringComparer.Ordinal), after.Names.Order(StringComparer.Ordinal));
        using var scope = new Scope();
        foreach (var name in before.Names) Assert.Equal(before.Read(name).ToArray<float>(), after.Read(name).ToArray<float>());
        Assert.Equal(made.Weights, after.Entries.Values.Sum(entry => entry.Shape.Aggregate(1L, (product, size) => product * size)));
        foreach (var text in (string[])["Forest fire near La Ronge", "ünïcödé 2026!", ""])
            Assert.Equal(Tokenizer.Load(cell.Checkpoint).Encode(text).Ids, Tokenizer.Load(temp.File("out")).Encode(text).Ids);
    }

    [Fact]
    public void The_config_says_what_transformers_asks_for()
    {
        using var temp = Shared.Temp();
        ModelExport.ToHuggingFace(run.Folder, temp.File("out"));
        var config = JsonNode.Parse(File.ReadAllText(temp.File("out/config.json")))!;
        Assert.Equal("BertForSequenceClassification", (string?)config["architectures"]![0]);
        Assert.Equal("single_label_classification", (string?)config["problem_type"]);
        Assert.Equal(["0", "1"], config["id2label"]!.AsObject().Select(pair => (string?)pair.Value));
        Assert.Equal([0, 1], config["label2id"]!.AsObject().Select(pair => (int)pair.Value!));
        Assert.Equal("float32", (string?)config["torch_dtype"]);
        Assert.Equal(["README.md", "config.json", "model.safetensors", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"],
            Directory.GetFiles(temp.File("out")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    /// <summary>The reference wrote its folders itself: a model of the same sizes has the names, shapes and keys that transformers writes and asks for.</summary>
    [Theory, MemberData(nameof(References))]
    public void Names_shapes_and_keys_are_those_of_a_folder_that_transformers_wrote(string folder)
    {
        using var reference = new SafeTensors(Path.Combine(folder, "model.safetensors"));
        using var model = ModelFolder.Load(folder, null, 0, out _);
        using var temp = Shared.Temp();
        ModelFolder.Save(model, temp.Path);
        using var written = new SafeTensors(temp.File("model.safetensors"));
        // transformers kept a buffer of positions in files of that time, which it does not ask for when loading.
        var expected = reference.Entries.Where(entry => !entry.Key.EndsWith(".position_ids", StringComparison.Ordinal)).OrderBy(entry => entry.Key, StringComparer.Ordinal);
        Assert.Equal(expected.Select(entry => (entry.Key, entry.Value.DType, string.Join(',', entry.Value.Shape))), written.Entries.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => (entry.Key, entry.Value.DType, string.Join(',', entry.Value.Shape))));
        var (wanted, got) = (JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!.AsObject(), JsonNode.Parse(File.ReadAllText(temp.File("config.json")))!.AsObject());
        foreach (var (key, value) in wanted) Assert.True(JsonNode.DeepEquals(value, got[key]), $"{key}: {got[key]?.ToJsonString()}, transformers wrote {value?.ToJsonString()}");
        Assert.All(got.Select(pair => pair.Key), key => Assert.True(wanted.ContainsKey(key), $"transformers did not write {key}"));
    }

    public static TheoryData<string> References() => [.. Directory.GetDirectories(Path.Combine(Shared.Fixtures, "01_hf_text")).Where(IsBuilt).Order(StringComparer.Ordinal)];

    static bool IsBuilt(string folder)
    {
        if (!File.Exists(Path.Combine(folder, "case.json"))) return false;
        var config = ModelConfig.Read(Path.Combine(folder, "config.json"));
        return Catalog.Names.Contains(config.ModelType) && (string?)config.Json["architectures"]?[0] == Catalog.Find(config).Architecture;
    }

    [Fact]
    public void The_card_has_the_scores_of_the_held_out_rows_the_hashes_and_the_recipe()
    {
        using var temp = Shared.Temp();
        var cell = Cells[0];
        ModelExport.ToHuggingFace(run.Folder, temp.File("out"), Path.GetFileName(cell.Root));
        var card = File.ReadAllText(temp.File("out/README.md"));
        var summary = EvaluationSummary.Of(PredictionFile.Read(cell.Predictions));
        var accuracy = summary.Scores.First(score => score.Name == "accuracy").Score;
        Assert.Contains(FormattableString.Invariant($"| accuracy | {accuracy.Value:0.000} | {accuracy.Low:0.000} | {accuracy.High:0.000} |"), card, StringComparison.Ordinal);
        Assert.Contains($"On {summary.Rows} rows", card, StringComparison.Ordinal);
        Assert.Contains("- train: ", card, StringComparison.Ordinal);
        Assert.Contains(run.Result.Files.Recipe is var recipe ? File.ReadAllLines(recipe).First(line => line.StartsWith("# train: ", StringComparison.Ordinal))[2..] : "", card, StringComparison.Ordinal);
        Assert.Contains("learning-rate: 0.001", card, StringComparison.Ordinal);
        Assert.Contains("cut after 40 tokens", card, StringComparison.Ordinal);
        Assert.Contains("classes apart: `0`, `1`.", card, StringComparison.Ordinal);
        Assert.Contains("as `{keyword} | {location} | {text}`", card, StringComparison.Ordinal);
        Assert.StartsWith("---\nlibrary_name: transformers\n", card, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_name_the_cell_with_the_lowest_loss_is_taken_and_said()
    {
        using var temp = Shared.Temp();
        var best = Cells.MinBy(cell => (double)JsonNode.Parse(File.ReadAllText(cell.Metrics))!["loss"]!)!;
        var outcome = CommandLine.Run("export", "--run", run.Folder, "--to", "hf", "--out", temp.File("deep/er"));
        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        Assert.StartsWith($"{Path.GetFileName(best.Root)}, the lowest held-out loss of {TinyRun.Cells} cells: ", outcome.Out, StringComparison.Ordinal);
        Assert.True(File.Exists(temp.File("deep/er/config.json")));
    }

    [Fact]
    public void An_onnx_file_of_a_run_comes_with_config_tokenizer_and_card_and_gives_the_cells_logits()
    {
        using var temp = Shared.Temp();
        var cell = Cells[0];
        var outcome = CommandLine.Run("export", "--run", run.Folder, "--to", "onnx", "--out", temp.File("out"), "--cell", Path.GetFileName(cell.Root));
        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        Assert.Contains("computed again from the file, texts alone and padded: logits differ by at most ", outcome.Out, StringComparison.Ordinal);
        Assert.Equal(["README.md", "config.json", "model.onnx", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"],
            Directory.GetFiles(temp.File("out")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        using var scope = new Scope();
        using var none = Modes.NoGrad();
        using var model = ModelFolder.Load(cell.Checkpoint, null, 0, out _);
        var tokenizer = Tokenizer.Load(temp.File("out"));
        var batch = TextData.Batch([.. tokenizer.EncodeAll(["A fire started by the river this morning, and the road is closed", "ok"], 40, cancellation: TestContext.Current.CancellationToken).Select((row, i) => new Example(row.Ids, row.TypeIds, -1, i))]);
        Assert.InRange(OnnxCheck.Deviation(OnnxReader.Read(temp.File("out/model.onnx")), batch, model.Forward(batch).ToArray<float>(), tokenizer.PadId!.Value), 0, 1e-4);
        Assert.Equal(["0", "1"], JsonNode.Parse(File.ReadAllText(temp.File("out/config.json")))!["id2label"]!.AsObject().Select(pair => (string?)pair.Value));
        var card = File.ReadAllText(temp.File("out/README.md"));
        Assert.StartsWith("---\nlibrary_name: onnx\n", card, StringComparison.Ordinal);
        Assert.Contains($"`model.onnx` takes `input_ids`, `attention_mask`, `token_type_ids` (int64, batch x sequence; shorter texts end with id {tokenizer.PadId}", card, StringComparison.Ordinal);
        Assert.Contains("differed from Tutti's by at most ", card, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_with_other_logits_is_not_kept()
    {
        using var temp = Shared.Temp();
        Assert.StartsWith($"{Path.GetFileName(Cells[0].Root)}: as ONNX its logits differ from our own by up to ", Assert.Throws<ExportException>(() => ModelExport.ToOnnx(run.Folder, temp.File("out"), Path.GetFileName(Cells[0].Root), most: -1)).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(temp.Path));
    }

    [Fact]
    public void Nothing_is_overwritten_and_nothing_is_left_behind()
    {
        using var temp = Shared.Temp();
        temp.Write("mine", "x");
        CommandLine.Run("export", "--run", run.Folder, "--to", "hf", "--out", temp.Path).IsWrongInput("--out", "not empty");
        CommandLine.Run("export", "--run", run.Folder, "--to", "hf", "--out", temp.File("mine")).IsWrongInput("--out", "not empty");
        CommandLine.Run("export", "--run", run.Folder, "--to", "hf", "--out", temp.File("mine/below")).IsWrongInput("mine");
        CommandLine.Run("export", "--run", run.Folder, "--to", "hf", "--out", temp.File("out"), "--cell", "deep-s1-f9").IsWrongInput("--cell", "deep-s1-f9", "did you mean", "deep-s1-f0");
        CommandLine.Run("export", "--run", run.Folder, "--to", "coreml", "--out", temp.File("out")).IsWrongInput("--to", "coreml", "hf", "onnx");
        CommandLine.Run("export", "--run", temp.Path, "--to", "hf", "--out", temp.File("out")).IsWrongInput("recipe.yaml");
        Assert.Equal([temp.File("mine")], Directory.GetFileSystemEntries(temp.Path));
        Directory.CreateDirectory(temp.File("empty"));
        Assert.Equal(0, CommandLine.Run("export", "--run", run.Folder, "--to", "hf", "--out", temp.File("empty") + "/").Code);
    }
}
