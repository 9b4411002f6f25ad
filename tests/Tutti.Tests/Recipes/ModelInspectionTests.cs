using System.Text.Json.Nodes;
using Tutti.Recipes;
using Tutti.Tests.App;
using Tutti.Tests.Models;

namespace Tutti.Tests.Recipes;

[Collection(RunCollection.Name)]
public sealed class ModelInspectionTests(TinyRun run)
{
    string Cell => Directory.GetDirectories(Path.Combine(run.Folder, "cells")).Order(StringComparer.Ordinal).First();

    // Measuring memory takes seconds; the finished run does not change.
    static readonly Dictionary<string, ModelInspection> known = [];

    static ModelInspection Inspected(string folder) => known.TryGetValue(folder, out var found) ? found : known[folder] = ModelInspection.Of(folder, TestContext.Current.CancellationToken);

    [Fact]
    public void A_cell_shows_its_network_block_by_block()
    {
        var found = Inspected(Cell);
        // deep: three layers of 32 channels, 128 inside: 4 (32 x 32 + 32) + 2 norms of 64 + 32 x 128 + 128 + 128 x 32 + 32.
        var layers = Assert.Single(found.Blocks, block => block.Name == "bert.encoder.layer");
        Assert.Equal((3, 3L * ((4 * ((32 * 32) + 32)) + (2 * 64) + (32 * 128) + 128 + (128 * 32) + 32)), (layers.Layers, layers.Weights));
        Assert.Equal(found.Weights, found.Blocks.Sum(block => block.Weights));
        Assert.Equal(("bert", "BertForSequenceClassification"), (found.ModelType, found.Architecture));
        Assert.Equal(["0", "1"], found.Labels);
        Assert.Empty(found.Report.Lines());
    }

    [Fact]
    public void A_cell_shows_its_vocabulary_and_the_scripts_in_it()
    {
        var vocabulary = Inspected(Cell).Vocabulary!;
        Assert.Equal("BertTokenizer", vocabulary.Kind);
        Assert.Equal(("[CLS]", "[PAD]"), (vocabulary.Special["cls_token"], vocabulary.Special["pad_token"]));
        Assert.Equal("Latin", vocabulary.Scripts[0].Script);
        Assert.Contains(vocabulary.Scripts, script => script.Script == "digits");
        Assert.Equal(1, vocabulary.Scripts.Sum(script => script.Share), 1e-9);
        Assert.Equal(vocabulary.Ids - 5, vocabulary.Scripts.Sum(script => script.Tokens));       // all but the special ones
    }

    [Fact]
    public void Memory_to_predict_is_less_than_to_train_and_what_saves_memory_saves_it()
    {
        var found = Inspected(Cell);
        var peaks = found.Memory.Select(use => use.Peak!.Value).ToArray();
        Assert.Equal(["predict", "train, micro-batches of 2048 tokens", "train, micro-batches of 2048 tokens, activations computed again in backward", "train, micro-batches of 2048 tokens, activations computed again in backward, optimizer state in a file"],
            found.Memory.Select(use => use.Use));
        Assert.True(peaks[0] < peaks[1] && peaks[2] < peaks[1] && peaks[3] < peaks[2], string.Join(", ", peaks));
        Assert.True(peaks[0] > 4 * found.Weights, "the weights alone take 4 bytes each");
        Assert.True(peaks[1] > 3 * 4 * found.Weights, "the optimizer keeps two numbers for each weight");
    }

    [Fact]
    public void Weights_that_a_folder_lacks_are_said_and_a_folder_without_tokenizer_is_shown()
    {
        using var model = Tiny.Model();
        using var temp = Shared.Temp();
        Tiny.Save(temp.Path, model, rename: name => name.StartsWith("classifier.", StringComparison.Ordinal) ? null : name);
        var found = Inspected(temp.Path);
        Assert.Equal(["classifier.weight", "classifier.bias"], found.Report.Missing);
        Assert.Null(found.Vocabulary);
        Assert.Equal(Tiny.Vocabulary, found.VocabularySize);
    }

    [Fact]
    public void The_command_prints_tables_or_json()
    {
        var text = CommandLine.Run("inspect", Cell);
        Assert.Equal((0, ""), (text.Code, text.Error));
        Assert.All(["bert.encoder.layer", "BertForSequenceClassification", "script of the vocabulary", "Latin", "memory for 32 texts"], word => Assert.Contains(word, text.Out, StringComparison.Ordinal));
        var json = JsonNode.Parse(CommandLine.Run("inspect", Cell, "--json").Out)!;
        Assert.Equal("bert", (string?)json["modelType"]);
        Assert.Equal("bert.encoder.layer", (string?)json["blocks"]![1]!["name"]);
        Assert.Equal("Latin", (string?)json["vocabulary"]!["scripts"]![0]!["script"]);
        Assert.True((long)json["memory"]!["uses"]![0]!["peak"]! > 0);
    }

    [Fact]
    public void What_is_no_model_is_refused_with_the_next_step()
    {
        using var temp = Shared.Temp();
        CommandLine.Run("inspect", temp.File("absent")).IsWrongInput(temp.File("absent"), "does not exist");
        CommandLine.Run("inspect", temp.Path).IsWrongInput(temp.Path, "config.json");
        CommandLine.Run("inspect", run.Folder).IsWrongInput(run.Folder, "cells");
    }
}
