using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Models;

public sealed class ModelFolderTests : EngineTest
{
    readonly string[] two = ["no", "yes"], three = ["a", "b", "c"];

    [Theory, MemberData(nameof(Tiny.Kinds), MemberType = typeof(Tiny))]
    public void A_saved_model_comes_back_bit_for_bit(string type)
    {
        using var temp = Shared.Temp();
        using var model = Tiny.Model(type);
        ModelFolder.Save(model, temp.Path);
        using var again = ModelFolder.Load(temp.Path, null, 9, out var report);
        Assert.Empty(report.Lines());
        Assert.Equal(Tiny.Logits(model), Tiny.Logits(again));
        Assert.Equal(["class 0", "class 1"], new ModelConfig(again.Config, "").Labels);
    }

    [Fact]
    public void A_head_for_other_classes_starts_fresh_and_is_reported()
    {
        using var temp = Shared.Temp();
        using (var model = Tiny.Model(classes: 2)) ModelFolder.Save(model, temp.Path);
        using var other = ModelFolder.Load(temp.Path, three, 9, out var report);
        Assert.Equal(["classifier.weight", "classifier.bias"], report.Missing);
        Assert.Equal(["classifier.bias", "classifier.weight"], report.Unexpected);
        Assert.Equal(2, report.Lines().Count());
        Assert.Equal(9, Tiny.Logits(other).Length);
    }

    [Fact]
    public void A_head_for_as_many_classes_is_kept()
    {
        using var temp = Shared.Temp();
        using var model = Tiny.Model(classes: 2);
        ModelFolder.Save(model, temp.Path);
        using var renamed = ModelFolder.Load(temp.Path, two, 9, out var report);
        Assert.Empty(report.Lines());
        Assert.Equal(Tiny.Logits(model), Tiny.Logits(renamed));
    }

    [Fact]
    public void A_weight_of_the_wrong_shape_is_an_error_that_names_it_and_both_shapes()
    {
        using var temp = Shared.Temp();
        using (var model = Tiny.Model()) Tiny.Save(temp.Path, model, change: (name, value) => name.EndsWith("1.output.dense.weight", StringComparison.Ordinal) ? Tensor.Zeros([16, 31]) : value);
        var live = Live.Count;
        var error = Assert.Throws<DataException>(() => ModelFolder.Load(temp.Path, three, 1, out _));
        foreach (var part in (string[])["bert.encoder.layer.1.output.dense.weight", "(16, 31)", "(16, 32)", temp.Path]) Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.Equal(live, Live.Count);
    }

    [Fact]
    public void A_head_of_the_wrong_width_is_an_error_even_where_classes_fit()
    {
        using var temp = Shared.Temp();
        using (var model = Tiny.Model()) Tiny.Save(temp.Path, model, change: (name, value) => name == "classifier.weight" ? Tensor.Zeros([2, 15]) : value);
        Assert.Contains("classifier.weight", Assert.Throws<DataException>(() => ModelFolder.Load(temp.Path, two, 1, out _)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_and_unexpected_weights_are_reported()
    {
        using var temp = Shared.Temp();
        using (var model = Tiny.Model())
            Tiny.Save(temp.Path, model, rename: name => name == "bert.pooler.dense.bias" ? "cls.predictions.bias" : name);
        using var again = ModelFolder.Load(temp.Path, null, 1, out var report);
        Assert.Equal(["bert.pooler.dense.bias"], report.Missing);
        Assert.Equal(["cls.predictions.bias"], report.Unexpected);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_the_users_to_mend()
    {
        using var temp = Shared.Temp();
        using var model = Tiny.Model();
        var file = temp.Write("file", "not a folder");
        Assert.Throws<ConfigException>(() => ModelFolder.Save(model, Path.Combine(file, "model")));
        Assert.Throws<ConfigException>(() => ModelFolder.Save(model, "/proc/tutti-model"));
    }

    [Fact]
    public void A_folder_that_is_absent_or_without_weights_is_said()
    {
        using var temp = Shared.Temp();
        Assert.Contains("does not exist", Refused(temp.File("none")).Message, StringComparison.Ordinal);
        Assert.Contains("config.json", Refused(temp.Path).Message, StringComparison.Ordinal);
        temp.Write("config.json", Tiny.Json().ToJsonString());
        Assert.Contains("no weights", Refused(temp.Path).Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, string?, string[]> Configs() => new()
    {
        { "model_type", "\"gpt5\"", ["'gpt5'", "bert", "xlm-roberta"] },
        { "model_type", null, ["model_type is missing"] },
        { "hidden_size", "\"16\"", ["hidden_size is \"16\"", "whole number"] },
        { "hidden_size", "16.5", ["hidden_size", "whole number"] },
        { "hidden_size", "[16]", ["hidden_size", "whole number"] },
        { "hidden_size", "17", ["17", "num_attention_heads 2"] },
        { "num_attention_heads", "0", ["num_attention_heads is 0"] },
        { "num_hidden_layers", "-1", ["num_hidden_layers is -1"] },
        { "hidden_dropout_prob", "1.5", ["hidden_dropout_prob is 1.5"] },
        { "layer_norm_eps", "\"small\"", ["layer_norm_eps", "number"] },
        { "hidden_act", "\"mish\"", ["'mish'"] },
        { "hidden_act", "7", ["hidden_act is 7", "text"] },
        { "position_embedding_type", "\"relative_key\"", ["'relative_key'", "absolute"] },
        { "is_decoder", "true", ["is_decoder"] },
        { "pad_token_id", "40", ["pad_token_id is 40", "39"] },
        { "id2label", """{"0":"a","2":"b"}""", ["id2label", "class 1"] },
        { "id2label", """{"x":"a"}""", ["id2label", "class 0"] },
        { "num_labels", "0", ["num_labels is 0"] },
    };

    [Theory, MemberData(nameof(Configs))]
    public void A_config_that_cannot_be_used_says_which_key(string key, string? value, string[] expected)
    {
        using var temp = Shared.Temp();
        using (var model = Tiny.Model()) ModelFolder.Save(model, temp.Path);
        var config = Tiny.Json();
        config.Remove(key);
        if (value is not null) config[key] = System.Text.Json.Nodes.JsonNode.Parse(value);
        temp.Write("config.json", config.ToJsonString());
        var error = Refused(temp.Path);
        foreach (var part in expected) Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.Contains("config.json", error.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData("{"), InlineData("[]"), InlineData("null"), InlineData(""), InlineData("""{"model_type":"bert","model_type":"bert"}""")]
    public void A_config_that_is_not_an_object_is_refused(string text)
    {
        using var temp = Shared.Temp();
        temp.Write("config.json", text);
        Refused(temp.Path);
    }

    [Fact]
    public void Positions_of_roberta_begin_behind_the_padding_id()
    {
        using var model = Tiny.Model("roberta");
        Assert.Equal(32, model.MaxLength);
        var config = Tiny.Json("roberta");
        config["max_position_embeddings"] = 2;
        Assert.Contains("max_position_embeddings is 2", Assert.Throws<DataException>(() => ModelFolder.New(new(config, "config.json"), 1)).Message, StringComparison.Ordinal);
    }

    DataException Refused(string folder)
    {
        var error = Assert.Throws<DataException>(() => ModelFolder.Load(folder, null, 1, out _));
        Assert.Equal(0, Live.Count);
        return error;
    }

    [Theory]
    [InlineData("num_hidden_layers", "1000000000", "at most 1000")]
    [InlineData("num_hidden_layers", "900", "does not hold")]
    [InlineData("num_labels", "1000000000", "expected 1 to")]
    [InlineData("hidden_act", "\"\\ud83d\"", "not valid JSON")]
    public void A_config_that_claims_more_than_there_is_costs_nothing(string key, string value, string reason)
    {
        using var model = Tiny.Model();
        using var temp = Shared.Temp();
        ModelFolder.Save(model, temp.Path);
        var config = JsonNode.Parse(File.ReadAllText(temp.File("config.json")))!.AsObject();
        config.Remove("id2label");
        config[key] = "HERE";
        temp.Write("config.json", config.ToJsonString().Replace("\"HERE\"", value, StringComparison.Ordinal));
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains(reason, Assert.Throws<DataException>(() => ModelFolder.Load(temp.Path, null, 1, out _)).Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2_000_000);
    }
}
