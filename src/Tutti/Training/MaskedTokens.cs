using Tutti.Models;
using Tutti.Text;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>
/// Masked language modelling (Devlin et al. 2019, 3.1): a share of each text's tokens is to be predicted; of these 80 % are replaced by the mask token, 10 % by any
/// other, 10 % stay. Which ones is drawn anew in every epoch (Liu et al. 2019) from (seed, epoch, row), so it does not depend on how a batch is cut. The
/// loss is the mean over the masked tokens of a whole update, however many each micro-batch has.
/// </summary>
public sealed class MaskedTokens : LanguageObjective
{
    readonly long seed;
    readonly double share;
    readonly bool wholeWords;
    readonly int mask;
    readonly int[] ordinary;                                  // ids that are no special tokens
    readonly bool[] special, begins;                          // by id; begins: the token is the first of a word

    /// <param name="tokenizer">The model's.</param>
    /// <param name="seed">Of the masks.</param>
    /// <param name="share">Of the tokens that are no special ones; at least one per text.</param>
    /// <param name="wholeWords">All tokens of a word are masked, or none.</param>
    /// <exception cref="DataException">The tokenizer has no mask token.</exception>
    public MaskedTokens(Tokenizer tokenizer, long seed, double share = 0.15, bool wholeWords = false)
    {
        mask = tokenizer.MaskId ?? throw new DataException(tokenizer.Kind, "the tokenizer has no mask token, which masked language modelling needs");
        (this.seed, this.share, this.wholeWords) = (seed, share, wholeWords);
        var tokens = new string?[tokenizer.VocabularySize];
        foreach (var (token, id) in tokenizer.Ids) tokens[id] = token;
        int?[] roles = [tokenizer.PadId, tokenizer.ClsId, tokenizer.SepId, mask, tokenizer.UnknownId, tokenizer.BosId, tokenizer.EosId];
        special = [.. tokens.Select((token, id) => token is null || roles.Contains(id))];
        ordinary = [.. Enumerable.Range(0, tokens.Length).Where(id => !special[id])];
        // WordPiece marks what goes on; byte-level BPE and SentencePiece mark the blank before a word. A vocabulary does one or the other.
        var marksEnds = tokens.Any(token => token is { Length: > 2 } && token.StartsWith("##", StringComparison.Ordinal));
        begins = [.. tokens.Select(token => marksEnds ? !(token ?? "").StartsWith("##", StringComparison.Ordinal) : token is { Length: > 0 } && token[0] is 'Ġ' or '▁')];
    }

    /// <summary>Whether a text has a token that can be masked.</summary>
    public override bool CanLearn(Example example) => Array.Exists(example.Ids, id => !special[id]);

    public override IReadOnlyList<Example> Prepared(IReadOnlyList<Example> examples, int epoch) => [.. examples.Select(example => Masked(example, epoch))];

    // Logits, their logarithms of probabilities, and the gradients of both, of every token that is asked for.
    internal override double HeadNumbers(Example example, Network model) => 4.0 * ((TextModel)model).VocabularySize * Wanted(example.Ids.Count(id => !special[id]));

    int Wanted(int tokens) => Math.Max(1, (int)Math.Round(share * tokens));

    /// <summary>One example with its masks of an epoch.</summary>
    public Example Masked(Example example, int epoch)
    {
        var stream = RandomStream.Of(seed, "mask", epoch, example.Row);
        var words = Words(example.Ids);
        stream.Shuffle(words.AsSpan());
        var wanted = Wanted(words.Sum(word => word.Length));
        List<int> chosen = [];
        foreach (var word in words)                           // a word that would be too many is passed over
            if (chosen.Count == 0 || chosen.Count + word.Length <= wanted) chosen.AddRange(word);
        chosen.Sort();
        var ids = (int[])example.Ids.Clone();
        var draws = RandomStream.Of(seed, "masked as", epoch, example.Row);
        foreach (var place in chosen)
            ids[place] = draws.Uniform(2 * place) switch { < 0.8 => mask, < 0.9 => ordinary[draws.Below((2 * place) + 1, ordinary.Length)], _ => ids[place] };
        return example with { Ids = ids, Asked = [.. chosen], Answers = [.. chosen.Select(place => example.Ids[place])] };
    }

    /// <summary>The places of the tokens that can be masked, those of a word together where whole words are masked.</summary>
    int[][] Words(int[] ids)
    {
        List<List<int>> words = [];
        for (var place = 0; place < ids.Length; place++)
        {
            if (special[ids[place]]) continue;
            if (wholeWords && words.Count > 0 && words[^1][^1] == place - 1 && !begins[ids[place]]) words[^1].Add(place);
            else words.Add([place]);
        }
        return [.. words.Select(word => word.ToArray())];
    }

    public override double Weight(IReadOnlyList<Example> update) => update.Sum(example => example.Asked!.Length);

    /// <summary>Of each text, with the masks of epoch 0: summed loss, masked tokens, right ones (n*3).</summary>
    internal override double[] PerUnit(TextModel model, IReadOnlyList<Example> examples, Precision precision, int tokens, CancellationToken cancel) =>
        Predictor.Values(model, Prepared(examples, 0), (logits, piece) =>
        {
            var losses = logits.To(DType.Float32).CrossEntropy(Answers(piece, logits.Device), null, 0, 0).To(DType.Float64).ToArray<double>();
            var (best, at) = (logits.ArgMax(1).ToArray<long>(), 0);
            var sums = new double[Sums * piece.Count];
            for (var i = 0; i < piece.Count; i++)
                foreach (var answer in piece[i].Answers!)
                {
                    sums[Sums * i] += losses[at];
                    sums[(Sums * i) + 1]++;
                    if (best[at++] == answer) sums[(Sums * i) + 2]++;
                }
            return sums;
        }, precision, tokens, cancel);

}
