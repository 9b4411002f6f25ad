using Tutti.Training;

namespace Tutti.Bench;

/// <summary>
/// WikiText-2's validation part to learn from and its test part to be judged by, as ids: words by blanks, as the files are tokenised, each line ended by a token of its own. Words that the
/// learnt part has fewer than three times are the files' own &lt;unk&gt;, which is a word like others.
/// </summary>
sealed record WikiText(IReadOnlyList<Example> Train, IReadOnlyList<Example> Test, int Vocabulary)
{
    const string Unknown = "<unk>", LineEnd = "<eos>";
    const int Fewest = 3;

    /// <exception cref="ConfigException">The texts are not there.</exception>
    public static WikiText Read() => Of(File.ReadLines(BaselineBench.Data("wikitext2/valid.txt")), File.ReadLines(BaselineBench.Data("wikitext2/test.txt")));

    /// <param name="train">Lines that are learnt from; " = Title = " begins an article, which is a text of its own.</param>
    /// <param name="test">Lines that are read as one text.</param>
    public static WikiText Of(IEnumerable<string> train, IEnumerable<string> test)
    {
        var articles = Articles(train);
        var counts = articles.SelectMany(words => words).CountBy(word => word, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        var ids = counts.Where(pair => pair.Value >= Fewest && pair.Key != Unknown).OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal)
            .Select((pair, place) => (pair.Key, Id: LmSize.Pad + 1 + place)).ToDictionary(pair => pair.Key, pair => pair.Id, StringComparer.Ordinal);
        Example Text(IEnumerable<string> words, int row) => new([.. words.Select(word => ids.GetValueOrDefault(word, LmSize.Pad - 1))], null, -1, row);
        return new([.. articles.Select(Text)], [Text(Articles(test).SelectMany(words => words), 0)], LmSize.Pad + 1 + ids.Count);
    }

    /// <summary>Perplexity of the test part where a word's probability is its share of the learnt part.</summary>
    public double Unigram()
    {
        var counts = Train.SelectMany(text => text.Ids).CountBy(id => id).ToDictionary();
        var all = (double)counts.Values.Sum();
        return Math.Exp(-Test[0].Ids.Skip(1).Average(id => Math.Log(counts[id] / all)));
    }

    static List<List<string>> Articles(IEnumerable<string> lines)
    {
        List<List<string>> articles = [];
        foreach (var line in lines)
        {
            var isTitle = line.StartsWith(" = ", StringComparison.Ordinal) && !line.StartsWith(" = = ", StringComparison.Ordinal);
            if (articles.Count == 0 || (isTitle && articles[^1].Exists(word => word != LineEnd))) articles.Add([]);
            articles[^1].AddRange(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
            articles[^1].Add(LineEnd);
        }
        return articles;
    }
}
