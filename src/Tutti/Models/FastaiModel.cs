using System.Text.Json.Nodes;
using Tutti.Models.Text;
using Tutti.Text;
using Tutti.Torch;
using Tutti.Torch.Pickles;

namespace Tutti.Models;

/// <summary>A language model as fastai publishes and saves it, such as wt103: a <c>.pth</c> of weights and a pickled list of words.</summary>
public static class FastaiModel
{
    /// <summary>The words of an embedding's rows: a pickled list as fastai keeps it, a JSON list, or one word a line.</summary>
    /// <exception cref="DataException">The file is missing, damaged, or holds anything but a list of texts.</exception>
    public static IReadOnlyList<string> Words(string file) => File.Exists(file) && PickledWords.IsPickle(file) ? PickledWords.Read(file) : UlmfitTokenizer.ReadWords(file);

    /// <summary>Writes the model's folder: config.json with the sizes that the weights have, model.safetensors, the tokenizer's files.</summary>
    /// <param name="weights">A .pth (a bare state_dict, or one that was saved with its optimizer), or safetensors with fastai's names.</param>
    /// <param name="words">The list of its words: a pickled list, or a JSON list.</param>
    /// <param name="folder">Where the model goes; made where it does not exist.</param>
    /// <param name="language">By whose habits texts are cut into words.</param>
    /// <param name="backward">The weights read texts from their end.</param>
    /// <returns>What the file lacked and what is not used of it.</returns>
    /// <exception cref="DataException">A file that cannot be used, or a list with another number of words than the weights have rows.</exception>
    public static LoadReport Convert(string weights, string words, string folder, WordLanguage language = WordLanguage.En, bool backward = false)
    {
        var list = Words(words);
        var tokenizer = UlmfitTokenizer.Of(list, language, words);
        var safe = weights.EndsWith(".safetensors", StringComparison.Ordinal);
        var copy = Path.Combine(folder, safe ? "model.safetensors" : "model.pth");
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()) throw new DataException(folder, "the folder is not empty; take another one");
        JsonObject config;
        using (TensorFile file = safe ? new SafeTensors(weights) : new TorchFile(weights)) config = Config(weights, file, list, backward);
        Directory.CreateDirectory(folder);
        AtomicFile.Write(Path.Combine(folder, "config.json"), config.ToJsonString());
        File.Copy(weights, copy);                             // read by the same reader as every folder, then written as safetensors
        LoadReport report;
        using (var model = ModelFolder.Load(folder, null, 0, out report)) ModelFolder.Save(model, folder);
        if (!safe) File.Delete(copy);
        tokenizer.Save(folder);
        return report;
    }

    static JsonObject Config(string where, TensorFile file, IReadOnlyList<string> words, bool backward)
    {
        var language = new ModelConfig(new JsonObject { ["architectures"] = new JsonArray("AwdLstm" + ModelConfig.CausalLanguage) }, where);
        var shapes = new Dictionary<string, long[]>(StringComparer.Ordinal);
        foreach (var name in file.Names)
            if (AwdLstmConfig.Renamed(language, name, file.Has) is { } own) shapes.TryAdd(own, file.Shape(name));
        long[] Shape(string name) => shapes.TryGetValue(name, out var shape) && shape.Length == 2 ? shape
            : throw new DataException(where, $"there is no weight '{name}'; expected the state_dict of an AWD-LSTM, which begins with 0.encoder.weight");
        var (table, layers) = (Shape("0.encoder.weight"), 0);
        while (shapes.ContainsKey($"0.rnns.{layers}.weight_hh_l0_raw")) layers++;
        var hidden = Shape("0.rnns.0.weight_hh_l0_raw")[1];
        if (table[0] != words.Count)
            throw new DataException(where, $"the embedding has {table[0]} rows, the list has {words.Count} words; weights and list do not belong together");
        var pad = words.ToList().IndexOf("xxpad");
        return new()
        {
            ["model_type"] = "awd-lstm",
            ["architectures"] = new JsonArray("AwdLstm" + ModelConfig.CausalLanguage),
            ["vocab_size"] = table[0],
            ["emb_sz"] = table[1],
            ["n_hid"] = hidden,
            ["n_layers"] = layers,
            ["pad_token"] = pad < 0 ? 1 : pad,
            ["tie_weights"] = true,
            ["out_bias"] = shapes.ContainsKey("1.decoder.bias"),
            ["backward"] = backward,
        };
    }
}
