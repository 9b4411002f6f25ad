using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using Tutti.Runs;
using Tutti.Tests.Recipes;

namespace Tutti.Tests.App;

/// <summary>Model folders that cannot be used: exit code 2, and nothing left behind.</summary>
[Collection(RunCollection.Name)]
public sealed class BadModelTests : IDisposable
{
    const string Embedding = "bert.embeddings.word_embeddings.weight", Query = "bert.encoder.layer.0.attention.self.query.weight";

    readonly BadInput input = new();

    public BadModelTests(TinyRun run)
    {
        Directory.CreateDirectory(input.At("model"));
        foreach (var file in Directory.EnumerateFiles(new RunFolder(run.Folder).Cell("small", 1, 0).Checkpoint)) File.Copy(file, input.At($"model/{Path.GetFileName(file)}"));
    }

    public void Dispose() => input.Dispose();

    void Refused(params string[] naming) => input.TrainRefused(["members=[ { model: model } ]"], naming);

    [Fact]
    public void As_it_is_the_folder_trains() =>
        Assert.Equal(0, CommandLine.Run("train", input.At("recipe.yaml"), "--run", input.At("run"), "--set", "members=[ { model: model } ]", "--set", "train.epochs=1").Code);

    [Theory]
    [InlineData("config.json", "config.json", "does not exist")]
    [InlineData("model.safetensors", "there are no weights", "model.safetensors")]
    public void A_file_is_missing(string file, params string[] naming)
    {
        File.Delete(input.At($"model/{file}"));
        Refused(["model", .. naming]);
    }

    [Fact]
    public void Every_file_of_the_tokenizer_is_missing()
    {
        foreach (var file in new[] { "tokenizer.json", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json" }) File.Delete(input.At($"model/{file}"));
        Refused("model", "tokenizer.json");
    }

    [Theory]
    [InlineData("model_type", "\"gpt17\"", "model_type 'gpt17' is not supported", "bert")]
    [InlineData("model_type", "null", "model_type is missing")]
    [InlineData("hidden_size", "\"wide\"", "hidden_size", "expected a whole number")]
    [InlineData("hidden_size", "24", "do not belong together")]
    [InlineData("hidden_size", "-16", "hidden_size")]
    [InlineData("hidden_size", "0", "hidden_size")]
    [InlineData("num_attention_heads", "3", "num_attention_heads")]
    [InlineData("num_attention_heads", "0", "num_attention_heads")]
    [InlineData("num_hidden_layers", "-1", "num_hidden_layers")]
    [InlineData("vocab_size", "100", "do not belong together")]
    [InlineData("hidden_act", "\"tangent\"", "hidden_act", "tangent")]
    [InlineData("hidden_dropout_prob", "1.5", "hidden_dropout_prob")]
    public void A_config_that_cannot_be(string key, string value, params string[] naming)
    {
        input.Edit("model/config.json", text =>
        {
            var json = JsonNode.Parse(text)!;
            json[key] = JsonNode.Parse(value);
            return json.ToJsonString();
        });
        Refused(["model", .. naming]);
    }

    [Theory]
    [InlineData("[1, 2]", "the file is [1, 2], expected an object")]
    [InlineData("{ broken", "line 1: not JSON")]
    [InlineData("", "line 1: not JSON")]
    public void A_config_that_is_none(string text, string naming)
    {
        input.Write("model/config.json", text);
        Refused("config.json", naming);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(100)]
    [InlineData(-1)]
    public void Weights_that_are_cut_short(int keep)
    {
        var bytes = Weights;
        input.Write("model/model.safetensors", keep < 0 ? bytes[..^1] : bytes[..keep]);
        Refused("model.safetensors");
    }

    [Theory]
    [InlineData(1L << 40)]
    [InlineData(-1L)]
    [InlineData(long.MaxValue)]
    public void A_header_that_claims_to_be_longer_than_the_file(long length)
    {
        var bytes = Weights;
        BinaryPrimitives.WriteInt64LittleEndian(bytes, length);
        input.Write("model/model.safetensors", bytes);
        Refused("model.safetensors", "header");
    }

    [Fact]
    public void Weights_that_overlap() => Header(header =>
    {
        var (first, second) = (header[Query]!["data_offsets"]!, header[Query.Replace("query", "key", StringComparison.Ordinal)]!);
        second["data_offsets"] = first.DeepClone();
    }, "model.safetensors");

    [Theory]
    [InlineData(1L << 40)]
    [InlineData(-8L)]
    public void Weights_that_lie_outside_the_file(long offset) => Header(header =>
    {
        var bytes = (long)header[Query]!["data_offsets"]![1]! - (long)header[Query]!["data_offsets"]![0]!;
        header[Query]!["data_offsets"] = new JsonArray(offset, offset + bytes);
    }, "model.safetensors", Query);

    [Fact]
    public void A_shape_that_does_not_fit_the_bytes() => Header(header => header[Query]!["shape"] = new JsonArray(16, 17), "model.safetensors", Query);

    [Fact]
    public void A_weight_of_another_shape_than_the_config_says() => Header(header => header[Query]!["shape"] = new JsonArray(8, 32), Query, "do not belong together");

    [Fact]
    public void A_type_that_does_not_exist() => Header(header => header[Query]!["dtype"] = "F31", "model.safetensors", "F31");

    [Theory]
    [InlineData("no json")]
    [InlineData("[]")]
    public void A_header_that_is_none(string header)
    {
        var text = Encoding.UTF8.GetBytes(header);
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        input.Write("model/model.safetensors", [.. length, .. text]);
        Refused("model.safetensors", "header");
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(-50)]
    public void A_vocabulary_smaller_than_the_embedding(int change)
    {
        OnlyVocabulary(lines => lines[..(lines.Length + change)]);
        Refused("model", "the tokenizer has only", "embedding");
    }

    [Fact]
    public void A_vocabulary_larger_than_the_embedding()
    {
        OnlyVocabulary(lines => [.. lines, "zebra"]);
        Refused("model", "the tokenizer has", "embedding", "do not belong together");
    }

    [Theory]
    [InlineData("tokenizer.json", "{")]
    [InlineData("tokenizer.json", "[]")]
    public void A_tokenizer_that_is_none(string file, string text)
    {
        File.Delete(input.At("model/vocab.txt"));
        input.Write($"model/{file}", text);
        Refused(file);
    }

    byte[] Weights => File.ReadAllBytes(input.At("model/model.safetensors"));

    /// <summary>Changes the header of the weights, leaves their bytes, and expects a refusal.</summary>
    void Header(Action<JsonNode> change, params string[] naming)
    {
        var bytes = Weights;
        var length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        var header = JsonNode.Parse(bytes.AsSpan(8, length))!;
        Assert.NotNull(header[Embedding]);
        change(header);
        var text = Encoding.UTF8.GetBytes(header.ToJsonString());
        var start = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(start, text.Length);
        input.Write("model/model.safetensors", [.. start, .. text, .. bytes[(8 + length)..]]);
        Refused(naming);
    }

    void OnlyVocabulary(Func<string[], string[]> change)
    {
        File.Delete(input.At("model/tokenizer.json"));
        var lines = change(File.ReadAllLines(input.At("model/vocab.txt")));
        input.Write("model/vocab.txt", string.Concat(lines.Select(line => line + "\n")));
    }
}
