using Tutti.Text;
using Tutti.Torch;

namespace Tutti.Models;

/// <summary>
/// Weights of one vocabulary for another (fastai's match_embeds): rows of embedding and decoder follow their words, and a word that the weights have not seen starts from the mean of all rows.
/// </summary>
public sealed class VocabularyMatch
{
    readonly IReadOnlyList<string> had;
    readonly long[] from;                                     // the old row of each word, or -1

    /// <param name="had">The words of the weights' rows.</param>
    /// <param name="words">The words that are wanted.</param>
    public VocabularyMatch(IReadOnlyList<string> had, IReadOnlyList<string> words)
    {
        ArgumentNullException.ThrowIfNull(words);
        (this.had, Words) = (had, words);
        var rows = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < had.Count; i++) rows[had[i]] = i;  // of several the last, as in fastai
        from = [.. words.Select(word => rows.TryGetValue(word, out var row) ? (long)row : -1)];
    }

    /// <summary>The words that are wanted.</summary>
    public IReadOnlyList<string> Words { get; }

    /// <summary>How many of them the weights know.</summary>
    public int Known => from.Count(row => row >= 0);

    /// <summary>For the weights of a model's folder, whose tokenizer says its words.</summary>
    /// <exception cref="DataException">The folder has no tokenizer of a list of words.</exception>
    public static VocabularyMatch Of(string folder, IReadOnlyList<string> words) => new(UlmfitTokenizer.Words(Tokenizer.Load(folder))
        ?? throw new DataException(folder, "its tokenizer is no list of words, whose rows could follow their words into another vocabulary"), words);

    /// <summary>A weight with a row (or number) per word, for the words that are wanted.</summary>
    /// <param name="stored">(V,...) in any floating type.</param>
    /// <param name="name">Of the weight, for the error.</param>
    /// <exception cref="DataException">The weights have another number of rows than the list has words.</exception>
    public Tensor Rows(Tensor stored, string name)
    {
        ArgumentNullException.ThrowIfNull(stored);
        var rows = stored.Size(0);
        if (rows != had.Count) throw new DataException(name, $"the weight has {rows} rows, its list has {had.Count} words; weights and list do not belong together. Take the list that was saved with these weights.");
        if (stored.Device.IsMeta) return Tensor.Empty([Words.Count, .. stored.Shape[1..]], stored.DType, Device.Meta);
        return Scope.Run(() =>
        {
            using var none = Modes.NoGrad();
            var wide = stored.To(DType.Float32);
            var mean = (wide.Sum(0, keep: true) / rows).Reshape([1, .. stored.Shape[1..]]);
            return Tensor.Cat([wide, mean]).IndexSelect(0, Tensor.From(Array.ConvertAll(from, row => row < 0 ? rows : row)));
        });
    }
}
