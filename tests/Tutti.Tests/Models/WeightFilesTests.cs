using System.Text.Json.Nodes;
using Tutti.Bench.Fuzz;
using Tutti.Models;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Models;

public sealed class WeightFilesTests : EngineTest
{
    readonly TextModel model = Tiny.Model();

    [Fact]
    public void Shards_are_read_through_their_index()
    {
        using (model)
        {
            using var temp = Shared.Temp();
            Shard(temp);
            using var again = ModelFolder.Load(temp.Path, null, 9, out var report);
            Assert.Empty(report.Lines());
            Assert.Equal(Tiny.Logits(model), Tiny.Logits(again));
        }
    }

    [Theory]
    [InlineData("../one.safetensors"), InlineData("/etc/passwd"), InlineData("sub/one.safetensors"), InlineData(".."), InlineData("."), InlineData(""), InlineData(null)]
    public void An_index_never_leaves_its_folder(string? path)
    {
        using (model)
        {
            using var temp = Shared.Temp();
            var index = Shard(temp);
            index["weight_map"]!["classifier.bias"] = path;
            temp.Write("model.safetensors.index.json", index.ToJsonString());
            Assert.Contains("'classifier.bias'", Refused(temp).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_missing_shard_or_a_weight_not_in_it_is_said()
    {
        using (model)
        {
            using var temp = Shared.Temp();
            var index = Shard(temp);
            File.Move(temp.File("two.safetensors"), temp.File("away"));
            var error = Refused(temp);
            Assert.Contains("two.safetensors", error.Message, StringComparison.Ordinal);
            Assert.Contains("does not exist", error.Message, StringComparison.Ordinal);
            File.Move(temp.File("away"), temp.File("two.safetensors"));
            index["weight_map"]!["no.such.weight"] = "one.safetensors";
            temp.Write("model.safetensors.index.json", index.ToJsonString());
            Assert.Contains("'no.such.weight'", Refused(temp).Message, StringComparison.Ordinal);
        }
    }

    [Theory, InlineData("{"), InlineData("[]"), InlineData("{}"), InlineData("""{"weight_map":[]}"""), InlineData("""{"weight_map":{"a":"x","a":"y"}}""")]
    public void A_broken_index_is_refused(string text)
    {
        using (model)
        {
            using var temp = Shared.Temp();
            Shard(temp);
            temp.Write("model.safetensors.index.json", text);
            Assert.Contains("index.json", Refused(temp).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Old_names_of_norms_are_understood()
    {
        using (model)
        {
            using var temp = Shared.Temp();
            Tiny.Save(temp.Path, model, rename: name => name.Replace("LayerNorm.weight", "LayerNorm.gamma", StringComparison.Ordinal).Replace("LayerNorm.bias", "LayerNorm.beta", StringComparison.Ordinal));
            using var again = ModelFolder.Load(temp.Path, null, 9, out var report);
            Assert.Empty(report.Lines());
            Assert.Equal(Tiny.Logits(model), Tiny.Logits(again));
        }
    }

    [Fact]
    public void A_weight_under_both_names_is_refused()
    {
        using (model)
        {
            using var temp = Shared.Temp();
            Tiny.Save(temp.Path, model, rename: name => name == "bert.pooler.dense.bias" ? "bert.embeddings.LayerNorm.gamma" : name);
            Assert.Contains("stored twice", Refused(temp).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_bare_encoder_is_found_without_the_prefix()
    {
        using (model)
        {
            using var temp = Shared.Temp();
            Tiny.Save(temp.Path, model, rename: name => name.StartsWith("bert.", StringComparison.Ordinal) ? name[5..] : null);
            using var again = ModelFolder.Load(temp.Path, ["a", "b"], 9, out var report);
            Assert.Equal(["classifier.weight", "classifier.bias"], report.Missing);
            Assert.Empty(report.Unexpected);
            Assert.Equal(Value(model, "bert.pooler.dense.weight"), Value(again, "bert.pooler.dense.weight"));
        }
    }

    [Fact]
    public void Half_precision_files_become_float_weights()
    {
        using (model)
        {
            using var temp = Shared.Temp();
            Tiny.Save(temp.Path, model, change: (_, value) => value.Detach().To(DType.BFloat16));
            using var again = ModelFolder.Load(temp.Path, null, 9, out _);
            Assert.All(again.Params.Items, item => Assert.Equal(DType.Float32, item.Value.DType));
            Assert.Equal(model.Params.Items[0].Value.Detach().To(DType.BFloat16).To(DType.Float32).ToArray<float>(), Value(again, model.Params.Items[0].Name));
        }
    }

    /// <summary>Folders of the fixtures that hold the same weights as safetensors and as torch.save's files.</summary>
    public static TheoryData<string> Bins() => [.. Directory.GetFiles(Path.Combine(Shared.Fixtures, "01_hf_text"), "pytorch_model*.bin", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    [Theory, MemberData(nameof(Bins))]
    public void A_folder_with_pickled_weights_is_the_same_model(string bin)
    {
        model.Dispose();
        using var temp = Shared.Temp();
        var folder = Path.GetDirectoryName(bin)!;
        File.Copy(Path.Combine(folder, "config.json"), temp.File("config.json"));
        File.Copy(bin, temp.File("pytorch_model.bin"));
        using var pickled = ModelFolder.Load(temp.Path, null, 9, out var report);
        using var plain = ModelFolder.Load(folder, null, 9, out _);
        Assert.Empty(report.Lines());
        Assert.Equal(plain.Params.Items.Count, pickled.Params.Items.Count);
        foreach (var item in plain.Params.Items) Assert.Equal(item.Value.ToArray<float>(), Value(pickled, item.Name));
    }

    [Fact]
    public void Pickled_weights_are_read_in_one_file_in_shards_and_as_the_old_stream()
    {
        using (model)
        {
            using var temp = Shared.Temp();
            var all = Seeds();
            ModelFolder.Save(model, temp.Path);
            File.Delete(temp.File("model.safetensors"));
            temp.Write("pytorch_model.bin", TorchSeeds.Zip(all));
            Same(temp);
            temp.Write("pytorch_model.bin", TorchSeeds.Legacy(all));
            Same(temp);
            File.Delete(temp.File("pytorch_model.bin"));
            temp.Write("one.bin", TorchSeeds.Zip([.. all.Where((_, i) => i % 2 == 0)]));
            temp.Write("two.bin", TorchSeeds.Legacy([.. all.Where((_, i) => i % 2 == 1)]));
            var map = new JsonObject(all.Select((tensor, i) => KeyValuePair.Create<string, JsonNode?>(tensor.Name, i % 2 == 0 ? "one.bin" : "two.bin")));
            temp.Write("pytorch_model.bin.index.json", new JsonObject { ["weight_map"] = map }.ToJsonString());
            Same(temp);
            map["classifier.bias"] = "../one.bin";
            temp.Write("pytorch_model.bin.index.json", new JsonObject { ["weight_map"] = map.DeepClone() }.ToJsonString());
            Assert.Contains("'../one.bin'", Refused(temp).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Safetensors_are_taken_where_both_are_there()
    {
        using (model)
        {
            using var temp = Shared.Temp();
            ModelFolder.Save(model, temp.Path);
            temp.Write("pytorch_model.bin", "would be refused");
            Same(temp);
            File.Delete(temp.File("model.safetensors"));
            Assert.Contains("pytorch_model.bin: the file is neither", Refused(temp).Message, StringComparison.Ordinal);
            File.Delete(temp.File("pytorch_model.bin"));
            Assert.Contains("model.safetensors or pytorch_model.bin", Refused(temp).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_parallel_training_puts_before_names_is_taken_away()
    {
        using (model)
        {
            using var temp = Shared.Temp();
            Tiny.Save(temp.Path, model, rename: name => "module." + name);
            Same(temp);
        }
    }

    [Theory]
    [InlineData("LayerNorm", "LayerNorm.gamma", "LayerNorm.beta")]
    [InlineData("layer_norm", "layer_norm.gamma", "layer_norm.beta")]
    public void Names_of_TensorFlow_are_mapped_within_norms_only(string norm, string gamma, string beta)
    {
        using (model)
        {
            using var temp = Shared.Temp();
            using (var stream = File.Create(temp.File("model.safetensors")))
                SafeTensors.Write(stream, new Dictionary<string, Tensor> { ["bert.x." + gamma] = Tensor.From([1f]), ["bert.x." + beta] = Tensor.From([2f]), ["bert.scale.gamma"] = Tensor.From([3f]), ["bert.embeddings.token_type_ids"] = Tensor.From([4L]) });
            using var files = new WeightFiles(temp.Path, "bert");
            Assert.Equal([1f], files.Read($"bert.x.{norm}.weight")!.ToArray<float>());
            Assert.Equal([2f], files.Read($"bert.x.{norm}.bias")!.ToArray<float>());
            Assert.Equal(["bert.scale.gamma"], files.Unexpected);
        }
    }

    void Same(TempFolder temp)
    {
        using var again = ModelFolder.Load(temp.Path, null, 9, out var report);
        Assert.Empty(report.Lines());
        Assert.Equal(Tiny.Logits(model), Tiny.Logits(again));
    }

    SeedTensor[] Seeds() => [.. model.Params.Items.Select(item => new SeedTensor(item.Name, item.Value.Shape, item.Value.ToArray<float>()))];

    // The model's weights dealt to two files.
    JsonObject Shard(TempFolder temp)
    {
        ModelFolder.Save(model, temp.Path);
        File.Delete(temp.File("model.safetensors"));
        var map = new JsonObject();
        foreach (var (file, rest) in (ReadOnlySpan<(string, int)>)[("one.safetensors", 0), ("two.safetensors", 1)])
        {
            var items = model.Params.Items.Where((_, i) => i % 2 == rest).ToDictionary(item => item.Name, item => item.Value);
            using (var stream = File.Create(temp.File(file))) SafeTensors.Write(stream, items);
            foreach (var name in items.Keys) map[name] = file;
        }
        var index = new JsonObject { ["metadata"] = new JsonObject { ["total_size"] = 1 }, ["weight_map"] = map };
        temp.Write("model.safetensors.index.json", index.ToJsonString());
        return index;
    }

    DataException Refused(TempFolder temp)
    {
        var live = Live.Count;
        var error = Assert.Throws<DataException>(() => ModelFolder.Load(temp.Path, null, 1, out _));
        Assert.Equal(live, Live.Count);
        return error;
    }

    static float[] Value(TextModel of, string name) => of.Params.Items.Single(item => item.Name == name).Value.ToArray<float>();
}
