using Tutti.Hub;

namespace Tutti.Tests.Hub;

public sealed class NeededFilesTests
{
    static readonly HubName model = HubName.Parse("owner/model");

    static readonly string[] tokenizer = ["config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.txt", "vocab.json", "merges.txt", "spiece.model", "sentencepiece.bpe.model", "spm.model"];
    static readonly string[] others = [".gitattributes", "README.md", "tf_model.h5", "flax_model.msgpack", "onnx/model.onnx", "model.onnx", "training_args.bin", "optimizer.pt", "modeling.py", "rust_model.ot", "1_Pooling/config.json", "sub/spiece.model", "generation_config.json"];

    [Fact]
    public void Of_a_model_config_tokenizer_and_weights_are_taken_and_nothing_else()
    {
        string[] weights = ["model.safetensors"];
        Assert.Equal([.. tokenizer.Order(StringComparer.Ordinal), .. weights], NeededFiles.Of([.. others, .. weights, .. tokenizer], model));
    }

    [Theory]
    [InlineData("model.safetensors", "model.safetensors.index.json", "model-00001-of-00002.safetensors", "pytorch_model.bin")]
    [InlineData("model.safetensors.index.json", "model-00001-of-00002.safetensors", "pytorch_model.bin", "pytorch_model.bin.index.json")]
    [InlineData("pytorch_model.bin", "pytorch_model.bin.index.json")]
    [InlineData("pytorch_model.bin.index.json", "tf_model.h5")]
    public void Safetensors_come_before_pickles_and_one_file_before_shards(string chosen, params string[] rest) =>
        Assert.Equal(["config.json", chosen], NeededFiles.Of(["config.json", .. rest, chosen], model));

    [Fact]
    public void A_model_without_weights_that_are_read_says_what_there_is()
    {
        var error = Assert.Throws<ConfigException>(() => NeededFiles.Of(["config.json", "tf_model.h5"], model));
        Assert.Contains("tf_model.h5", error.Message, StringComparison.Ordinal);
        Assert.Contains("model.safetensors or pytorch_model.bin", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_model_is_perhaps_a_data_set() =>
        Assert.Contains("datasets/owner/model", Assert.Throws<ConfigException>(() => NeededFiles.Of(["train.csv"], model)).Message, StringComparison.Ordinal);

    [Fact]
    public void Of_a_data_set_everything_is_taken_but_what_is_run_when_it_is_loaded() =>
        Assert.Equal(["README.md", "data/train.csv", "data/train.parquet"], NeededFiles.Of([".gitattributes", "README.md", "load.py", "data/train.csv", "data/cache.PKL", "data/train.parquet"], HubName.Parse("datasets/owner/rows")));

    [Fact]
    public void Shards_are_those_of_the_index()
    {
        using var temp = Shared.Temp();
        var index = temp.Write("index", """{ "metadata": {}, "weight_map": { "a": "model-2.safetensors", "b": "model-1.safetensors", "c": "model-2.safetensors" } }""");
        Assert.Equal(["model-1.safetensors", "model-2.safetensors"], NeededFiles.Shards(index, "owner/model/model.safetensors.index.json", ["model-1.safetensors", "model-2.safetensors", "model-3.safetensors"]));
    }

    [Theory]
    [InlineData("../model.safetensors")]
    [InlineData("sub/model.safetensors")]
    [InlineData("model.py")]
    [InlineData("pytorch_model.bin")]
    [InlineData("absent.safetensors")]
    public void An_index_that_lists_another_thing_than_weights_of_the_repository_is_refused(string shard)
    {
        using var temp = Shared.Temp();
        var index = temp.Write("index", $$"""{ "weight_map": { "a": "{{shard}}" } }""");
        var error = Assert.Throws<HubException>(() => NeededFiles.Shards(index, "owner/model/model.safetensors.index.json", ["../model.safetensors", "sub/model.safetensors", "model.py", "pytorch_model.bin"]));
        Assert.Contains(shard, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{ "weight_map": {} }""")]
    public void An_index_that_is_none_is_said(string text)
    {
        using var temp = Shared.Temp();
        Assert.Contains("so the weights are not known", Assert.Throws<HubException>(() => NeededFiles.Shards(temp.Write("index", text), "x/model.safetensors.index.json", [])).Message, StringComparison.Ordinal);
    }
}
