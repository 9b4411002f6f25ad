using System.Text.Encodings.Web;
using System.Text.Json;
using Tutti.Torch.Pickles;

namespace Tutti.Models;

/// <summary>The words of an embedding's rows, in their order: <c>itos.json</c>, a JSON list, or fastai's <c>itos.pkl</c>, a pickled one.</summary>
public static class WordList
{
    /// <summary>The file that <see cref="Save"/> writes.</summary>
    public const string FileName = "itos.json";

    static readonly JsonSerializerOptions json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, WriteIndented = false };

    /// <exception cref="DataException">The file is damaged or holds no list of texts.</exception>
    public static IReadOnlyList<string> Read(string file)
    {
        if (!File.Exists(file)) throw new DataException(file, "the list of words does not exist; expected a JSON list or fastai's itos.pkl");
        if (!file.EndsWith(".json", StringComparison.OrdinalIgnoreCase)) return PickledTexts.Read(file);
        try
        {
            var words = JsonSerializer.Deserialize<string?[]>(File.ReadAllBytes(file));
            return words is not null && !words.Contains(null) ? [.. words.OfType<string>()] : throw new DataException(file, "the list has a null; expected a JSON list of words");
        }
        catch (JsonException e)
        {
            throw new DataException(file, $"is no JSON list of words: {e.Message}", inner: e);
        }
    }

    /// <summary>The list in a model's folder; null where there is none.</summary>
    public static IReadOnlyList<string>? In(string folder) =>
        new[] { FileName, "itos.pkl", "vocab.pkl" }.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists) is { } file ? Read(file) : null;

    /// <summary>The list of a tokenizer's ids; an id without a word has an empty one.</summary>
    public static IReadOnlyList<string> Of(IReadOnlyDictionary<string, int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var words = new string[ids.Count == 0 ? 0 : ids.Values.Max() + 1];
        Array.Fill(words, "");
        foreach (var (word, id) in ids) words[id] = word;
        return words;
    }

    public static void Save(IReadOnlyList<string> words, string folder) => AtomicFile.Write(Path.Combine(folder, FileName), JsonSerializer.Serialize(words, json) + "\n");
}
