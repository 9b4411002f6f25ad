using System.Text;
using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Text;
using Tutti.Torch;

namespace Tutti.Bench.Fuzz;

/// <summary>A format whose reader is given changed files.</summary>
/// <param name="Name">As on the command line.</param>
/// <param name="Seeds">Sound folders.</param>
/// <param name="Own">Bytes that the reader takes of a file of any size: its tables, an error.</param>
/// <param name="Read">Reads a folder and uses what it holds, as the program would.</param>
/// <param name="Resident">How far the whole process may grow, or 0 where all memory is counted anyway.</param>
sealed record FuzzCase(string Name, IReadOnlyList<FuzzSeed> Seeds, long Own, Action<string> Read, long Resident = 0)
{
    static readonly string[] texts = ["Forest fire near La Ronge", "", "ünïcödé 😀\u0301 [MASK] <s> don't  stop"];

    public static IReadOnlyList<string> Names { get; } = ["safetensors", "bin", "tokenizer", "config", "pictures"];

    public static FuzzCase Of(string name) => name switch
    {
        "safetensors" => new(name, SafeTensorsSeeds(), 128 << 10, ReadWeights),
        "bin" => new(name, BinSeeds(), 128 << 10, ReadWeights),
        "tokenizer" => new(name, [.. FuzzTokenizers.All()], 1 << 20, ReadTokenizer),
        "pictures" => new(name, PictureSeeds.All(), PictureSeeds.Own, PictureSeeds.Read, PictureSeeds.Resident),
        _ => new("config", ConfigSeeds(), 512 << 10, ReadModel),
    };

    static FuzzSeed[] SafeTensorsSeeds()
    {
        var whole = SafeTensorsBytes(TorchSeeds.Usual);
        return
        [
            new("model.safetensors", whole, FuzzSeed.SafeTensors),
            new("model.safetensors", whole, FuzzSeed.SafeTensors),
            new(new Dictionary<string, byte[]>
            {
                ["model.safetensors.index.json"] = Index("one.safetensors", "two.safetensors"),
                ["one.safetensors"] = SafeTensorsBytes(Half(0)),
                ["two.safetensors"] = SafeTensorsBytes(Half(1)),
            }, ["model.safetensors.index.json"], FuzzSeed.Json),
        ];
    }

    static FuzzSeed[] BinSeeds()
    {
        var items = TorchSeeds.Items(TorchSeeds.Usual);
        return
        [
            new("pytorch_model.bin", ZipWriter.Write(items), (_, _, dice) => FuzzSeed.Zip(items, dice)),
            new("pytorch_model.bin", ZipWriter.Write(items), FuzzSeed.Pickle),
            new("pytorch_model.bin", TorchSeeds.Legacy(TorchSeeds.Usual), FuzzSeed.Pickle),
            new(new Dictionary<string, byte[]>
            {
                ["pytorch_model.bin.index.json"] = Index("one.bin", "two.bin"),
                ["one.bin"] = TorchSeeds.Zip(Half(0)),
                ["two.bin"] = TorchSeeds.Legacy(Half(1)),
            }, ["pytorch_model.bin.index.json", "one.bin", "two.bin"], FuzzSeed.Json),
        ];
    }

    static FuzzSeed[] ConfigSeeds() => [.. Catalog.Names.Select(type =>
    {
        var config = new JsonObject
        {
            ["model_type"] = type, ["architectures"] = new JsonArray("Any"), ["vocab_size"] = 40, ["hidden_size"] = 16, ["num_hidden_layers"] = 2, ["num_attention_heads"] = 2,
            ["intermediate_size"] = 32, ["hidden_act"] = "gelu", ["hidden_dropout_prob"] = 0.1, ["attention_probs_dropout_prob"] = 0.1, ["max_position_embeddings"] = 34,
            ["type_vocab_size"] = type == "bert" ? 2 : 1, ["pad_token_id"] = type == "bert" ? 0 : 1, ["layer_norm_eps"] = 1e-5, ["initializer_range"] = 0.2, ["problem_type"] = null,
            ["id2label"] = new JsonObject { ["0"] = "no", ["1"] = "yes" }, ["label2id"] = new JsonObject { ["no"] = 0, ["yes"] = 1 },
        };
        foreach (var (key, value) in OwnKeys(type)) config[key] = value?.DeepClone();
        using var model = ModelFolder.New(new ModelConfig(config, "config.json"), 1);
        using var weights = new MemoryStream();
        SafeTensors.Write(weights, model.Params.Items.ToDictionary(item => item.Name, item => item.Value));
        var files = new Dictionary<string, byte[]> { ["config.json"] = Encoding.UTF8.GetBytes(config.ToJsonString()), ["model.safetensors"] = weights.ToArray() };
        return new FuzzSeed(files, ["config.json"], FuzzSeed.Json);
    })];

    // What an architecture has of its own, so that changes meet it too; sizes stay tiny.
    static JsonObject OwnKeys(string type) => JsonNode.Parse(type switch
    {
        "electra" => """{ "embedding_size": 12 }""",
        "distilbert" => """{ "dim": 16, "hidden_dim": 32, "n_layers": 2, "n_heads": 2, "dropout": 0.1, "attention_dropout": 0.1, "seq_classif_dropout": 0.1, "activation": "gelu", "sinusoidal_pos_embds": false }""",
        "deberta-v2" => """
            {
              "relative_attention": true, "position_buckets": 4, "max_relative_positions": -1, "pos_att_type": "p2c|c2p", "norm_rel_ebd": "layer_norm", "share_att_key": false, "position_biased_input": true,
              "conv_kernel_size": 3, "conv_groups": 2, "conv_act": "tanh", "pooler_dropout": 0.0, "pooler_hidden_act": "gelu", "pooler_hidden_size": 16, "embedding_size": 12
            }
            """,
        "albert" => """{ "embedding_size": 12, "num_hidden_groups": 2, "inner_group_num": 2, "classifier_dropout_prob": 0.1 }""",
        "mpnet" => """{ "relative_attention_num_buckets": 32 }""",
        "modernbert" => """
            {
              "local_attention": 4, "global_attn_every_n_layers": 2, "global_rope_theta": 160000.0, "local_rope_theta": 10000.0, "norm_eps": 1e-5, "hidden_activation": "gelu", "norm_bias": false,
              "attention_bias": false, "mlp_bias": false, "classifier_bias": false, "classifier_pooling": "mean", "classifier_activation": "gelu", "layer_types": ["full_attention", "sliding_attention"],
              "embedding_dropout": 0.1, "attention_dropout": 0.1, "mlp_dropout": 0.1, "classifier_dropout": 0.1
            }
            """,
        _ => "{}",
    })!.AsObject();

    static void ReadWeights(string folder)
    {
        using var files = new WeightFiles(folder, "bert");
        foreach (var name in files.Unexpected)
        {
            using var scope = new Scope();
            files.Describe(name);
            files.Read(name);
        }
    }

    static void ReadTokenizer(string folder)
    {
        var tokenizer = Tokenizer.Load(folder);
        foreach (var text in texts) tokenizer.Decode(tokenizer.Encode(text, maxLength: 64).Ids);
        tokenizer.Encode(texts[0], texts[2], 32);
    }

    static void ReadModel(string folder)
    {
        using var model = ModelFolder.Load(folder, null, 0, out _);
        using var scope = new Scope();
        using var none = Modes.NoGrad();
        model.Params.Run.Training = false;
        if (model.VocabularySize > 9 && model.MaxLength > 3) model.Forward(new TokenBatch([2, 5, 7, 3, 9], null, [3, 2], [0, 1]));
    }

    static SeedTensor[] Half(int rest) => [.. TorchSeeds.Usual.Where((_, i) => i % 2 == rest)];

    static byte[] Index(string first, string second) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["metadata"] = new JsonObject { ["total_size"] = 1 },
        ["weight_map"] = new JsonObject(TorchSeeds.Usual.Select((tensor, i) => KeyValuePair.Create<string, JsonNode?>(tensor.Name, i % 2 == 0 ? first : second))),
    }.ToJsonString());

    static byte[] SafeTensorsBytes(IReadOnlyList<SeedTensor> tensors)
    {
        using var scope = new Scope();
        using var stream = new MemoryStream();
        SafeTensors.Write(stream, tensors.ToDictionary(tensor => tensor.Name, tensor => Tensor.From((ReadOnlySpan<float>)tensor.Values, tensor.Shape)));
        return stream.ToArray();
    }
}
