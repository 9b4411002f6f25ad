using System.Text;
using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Tests.Torch;
using Tutti.Text;
using Tutti.Torch;

namespace Tutti.Tests.Models;

/// <summary>Weights for another vocabulary, lists of words, and fastai's published pairs of files.</summary>
public sealed class VocabularyMatchTests() : EngineTest(threads: 1)
{
    static readonly string[] had = ["xxunk", "xxpad", "the", "cat", "sat"], wanted = ["xxunk", "xxpad", "dog", "sat", "the", "bird"];

    static ModelConfig Config(bool tied = true) => Tiny.Config("awd-lstm").With("vocab_size", had.Length).With("tie_weights", tied).AsLanguageModel();

    /// <summary>A pickle of protocol 2, as Python writes a list of texts: each text and the list itself are memorised.</summary>
    static byte[] Pickle(IEnumerable<object> items)
    {
        using var stream = new MemoryStream();
        stream.Write([0x80, 2, (byte)']', (byte)'q', 0, (byte)'(']);
        var memo = 1;
        foreach (var item in items)
            if (item is string text)
            {
                var utf8 = Encoding.UTF8.GetBytes(text);
                stream.WriteByte((byte)'X');
                stream.Write(BitConverter.GetBytes(utf8.Length));
                stream.Write(utf8);
                stream.WriteByte((byte)'r');
                stream.Write(BitConverter.GetBytes(memo++));
            }
            else stream.Write([(byte)'K', (byte)(int)item]);
        stream.Write("e."u8);
        return stream.ToArray();
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Known_words_keep_their_rows_and_others_start_from_the_mean(bool tied)
    {
        using var temp = Shared.Temp();
        using var model = ModelFolder.New(Config(tied), 3);
        model.Params.Items.Single(item => item.Name == "1.decoder.bias").Stored.Detach().CopyFrom(Tensor.From([1f, 2, 3, 4, 5.5f]));
        ModelFolder.Save(model, temp.Path);
        var match = new VocabularyMatch(had, wanted);
        Assert.Equal(4, match.Known);
        using var other = ModelFolder.Load(temp.Path, null, 9, out var report, match: match);
        Assert.Empty(report.Lines());
        Assert.Equal(6, other.VocabularySize);
        foreach (var name in tied ? new[] { "0.encoder.weight", "1.decoder.bias" } : ["0.encoder.weight", "1.decoder.bias", "1.decoder.weight"])
        {
            float[][] Rows(TextModel of, int count) => [.. of.Params.Items.Single(item => item.Name == name).Value.ToArray<float>() is var all ? all.Chunk(all.Length / count) : []];
            var (before, after) = (Rows(model, 5), Rows(other, 6));
            foreach (var (row, word) in wanted.Index())
                for (var c = 0; c < after[row].Length; c++)
                    Assert.Equal(Array.IndexOf(had, word) is >= 0 and var old ? before[old][c] : before.Average(values => values[c]), after[row][c], 1e-6f);
        }
        Assert.Equal(model.Params.Items.Single(item => item.Name.EndsWith("rnns.1.weight_hh_l0_raw", StringComparison.Ordinal)).Value.ToArray<float>(), other.Params.Items.Single(item => item.Name.EndsWith("rnns.1.weight_hh_l0_raw", StringComparison.Ordinal)).Value.ToArray<float>());
        using var classifier = ModelFolder.Load(temp.Path, ["no", "yes"], 9, out _, match: match);
        Assert.Equal(other.Params.Items[0].Value.ToArray<float>(), classifier.Params.Items.Single(item => item.Name == "0.module.encoder.weight").Value.ToArray<float>());
    }

    [Fact]
    public void A_list_that_is_not_that_of_the_weights_is_refused()
    {
        using var temp = Shared.Temp();
        using var model = ModelFolder.New(Config(), 3);
        ModelFolder.Save(model, temp.Path);
        var error = Assert.Throws<DataException>(() => ModelFolder.Load(temp.Path, null, 9, out _, match: new(had[..4], wanted))).Message;
        Assert.Contains("the weight has 5 rows, its list has 4 words", error, StringComparison.Ordinal);
        using var bert = Tiny.Model();
        ModelFolder.Save(bert, temp.File("bert"));
        Assert.Contains("'bert' cannot be brought to another vocabulary", Assert.Throws<DataException>(() => ModelFolder.Load(temp.File("bert"), null, 9, out _, match: new(had, wanted))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_words_of_a_folder_are_its_tokenizers()
    {
        using var temp = Shared.Temp();
        UlmfitTokenizer.Of([.. TextRules.SpecialTokens, "film", "good"]).Save(temp.File("words"));
        Assert.Equal(TextRules.SpecialTokens.Count + 1, VocabularyMatch.Of(temp.File("words"), [.. TextRules.SpecialTokens, "good", "bad"]).Known);
        UlmfitTokenizer.LearnSubwords(["a film, a good film"], 40).Save(temp.File("pieces"));
        Assert.Contains("no list of words", Assert.Throws<DataException>(() => VocabularyMatch.Of(temp.File("pieces"), wanted)).Message, StringComparison.Ordinal);
    }

    // ---- fastai's files

    static readonly string fixture = Path.Combine(Shared.Fixtures, "03_awdlstm", "lm");

    static string[] Words(int count) => [.. TextRules.SpecialTokens, .. Enumerable.Range(TextRules.SpecialTokens.Count, count - TextRules.SpecialTokens.Count).Select(i => $"w{i}")];

    [Theory, InlineData("model.pth"), InlineData("model.safetensors")]
    public void A_published_pair_becomes_a_folder_that_loads(string weights)
    {
        using var temp = Shared.Temp();
        var size = JsonNode.Parse(File.ReadAllText(Path.Combine(fixture, "case.json")))!;
        var words = Words(size["vocab_size"]!.GetValue<int>());
        var report = FastaiModel.Convert(Path.Combine(fixture, weights), temp.Write("itos_wt103.pkl", Pickle(words)), temp.File("wt103"), backward: true);
        Assert.Empty(report.Lines());
        Assert.Equal(["config.json", "model.safetensors", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json"], Directory.GetFiles(temp.File("wt103")).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal));
        var config = ModelConfig.Read(temp.File("wt103/config.json"));
        foreach (var key in new[] { "emb_sz", "n_hid", "n_layers", "pad_token" }) Assert.Equal(size["config"]![key]!.GetValue<int>(), config.Int(key, -1));
        Assert.True(config.IsLanguageModel && config.Flag("backward", false));
        Assert.Equal(words, UlmfitTokenizer.Words(Tokenizer.Load(temp.File("wt103"))));
        using var model = ModelFolder.Load(temp.File("wt103"), null, 0, out report);
        Assert.Empty(report.Lines());
        using var file = new SafeTensors(Path.Combine(fixture, "model.safetensors"));
        Assert.All(model.Params.Items, item => Assert.Equal(file.Read(item.Name).ToArray<float>(), item.Value.ToArray<float>()));
        Assert.Contains("not empty", Assert.Throws<DataException>(() => FastaiModel.Convert(Path.Combine(fixture, weights), temp.File("itos_wt103.pkl"), temp.File("wt103"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_with_another_number_of_words_than_the_weights_have_rows_is_refused()
    {
        using var temp = Shared.Temp();
        var error = Assert.Throws<DataException>(() => FastaiModel.Convert(Path.Combine(fixture, "model.pth"), temp.Write("itos.pkl", Pickle(Words(49))), temp.File("out"))).Message;
        Assert.Contains("50 rows, the list has 49 words", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(temp.File("out")));
    }

    [Theory]
    [InlineData("with its optimizer")]
    [InlineData("of fastai 1")]
    [InlineData("of the encoder alone")]
    public void Names_of_other_files_of_fastai_are_understood(string kind)
    {
        using var temp = Shared.Temp();
        using var stored = new SafeTensors(Path.Combine(fixture, "model.safetensors"));
        var tensors = new Dictionary<string, Tensor>();
        foreach (var name in stored.Names)
        {
            var value = stored.Read(name);
            if (kind == "with its optimizer") tensors["model." + name] = value;
            else if (kind == "of fastai 1") tensors[name] = value;
            else if (name.StartsWith("0.", StringComparison.Ordinal)) tensors[name[2..]] = value;
        }
        if (kind == "with its optimizer") tensors["opt.state.0.grad_avg"] = Tensor.Zeros([3]);
        if (kind == "of fastai 1") foreach (var layer in new[] { 0, 1 }) tensors[$"0.rnns.{layer}.module.weight_hh_l0"] = tensors[$"0.rnns.{layer}.weight_hh_l0_raw"] * 0;
        using (var stream = File.Create(temp.File("model.safetensors"))) SafeTensors.Write(stream, tensors);
        temp.Write("config.json", """{ "model_type": "awd-lstm", "architectures": ["AwdLstmForCausalLM"], "vocab_size": 50, "emb_sz": 12, "n_hid": 16, "n_layers": 2 }""");
        using var model = ModelFolder.Load(temp.Path, null, 0, out var report);
        Assert.Equal(kind == "of the encoder alone" ? ["1.decoder.bias"] : [], report.Missing);
        Assert.Empty(report.Unexpected);
        Assert.Equal(stored.Read("0.rnns.1.weight_hh_l0_raw").ToArray<float>(), model.Params.Items.Single(item => item.Name == "0.rnns.1.weight_hh_l0_raw").Value.ToArray<float>());
        using var classifier = ModelFolder.Load(temp.Path, ["no", "yes"], 0, out report);
        Assert.DoesNotContain(report.Missing, name => name.StartsWith("0.", StringComparison.Ordinal));
        Assert.Equal(stored.Read("0.encoder.weight").ToArray<float>(), classifier.Params.Items[0].Value.ToArray<float>());
    }
}
