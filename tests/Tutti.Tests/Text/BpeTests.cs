using Tutti.Text;

namespace Tutti.Tests.Text;

public class BpeTests
{
    static Bpe Model(string alphabet, params (string, string)[] merges)
    {
        var tokens = alphabet.Select(c => c.ToString()).Concat(merges.Select(merge => merge.Item1 + merge.Item2)).Append("<unk>").Distinct();
        return new(tokens.Select((token, id) => (token, id)).ToDictionary(entry => entry.token, entry => entry.id), merges, "<unk>");
    }

    static string[] Tokens(Bpe model, string word)
    {
        var ids = new List<int>();
        model.Encode(word, ids);
        var names = model.Vocabulary.ToDictionary(entry => entry.Value, entry => entry.Key);
        return [.. ids.Select(id => names[id])];
    }

    [Fact]
    public void The_pair_of_the_lowest_rank_is_merged_first_from_left_to_right()
    {
        var model = Model("abc", ("b", "c"), ("a", "b"), ("a", "bc"), ("a", "a"));
        Assert.Equal(["abc"], Tokens(model, "abc"));
        Assert.Equal(["ab", "abc"], Tokens(model, "ababc"));
        Assert.Equal(["aa", "a"], Tokens(model, "aaa"));
        Assert.Equal([], Tokens(model, ""));
    }

    [Fact]
    public void A_character_outside_the_vocabulary_is_unknown_and_joins_nothing() =>
        Assert.Equal(["ab", "<unk>", "<unk>", "ab"], Tokens(Model("ab", ("a", "b")), "abx\U0001F600ab"));

    [Fact]
    public void Words_of_any_length_merge_as_the_plain_definition_says()
    {
        var random = new TestRandom(3);
        for (var round = 0; round < 60; round++)
        {
            // Merges in arbitrary order, so that one made late may rank before one that its parts come from.
            var pieces = new List<string> { "a", "b", "c" };
            var merges = new List<(string, string)>();
            for (var i = 0; i < 12; i++)
            {
                var merge = (pieces[random.Below(pieces.Count)], pieces[random.Below(pieces.Count)]);
                if (merges.Contains(merge)) continue;
                merges.Add(merge);
                pieces.Add(merge.Item1 + merge.Item2);
            }
            var shuffled = merges.Select(merge => (Key: random.Below(1000), merge)).OrderBy(entry => entry.Key).Select(entry => entry.merge).ToArray();
            var model = Model("abc", shuffled);
            foreach (var length in new[] { 1, 7, Bpe.ShortWord, Bpe.ShortWord + 1, 300 })
            {
                var word = random.Text("abc", length);
                Assert.Equal(Plain(word, shuffled), Tokens(model, word));
            }
        }
    }

    /// <summary>openai/gpt-2, encoder.py: the loop of bpe() on strings.</summary>
    static List<string> Plain(string word, (string Left, string Right)[] merges)
    {
        var parts = word.Select(c => c.ToString()).ToList();
        while (true)
        {
            var present = parts.Zip(parts.Skip(1)).ToHashSet();
            if (!merges.Any(present.Contains)) return parts;
            var (left, right) = merges.First(present.Contains);
            for (var i = 0; i + 1 < parts.Count; i++)
                if (parts[i] == left && parts[i + 1] == right)
                {
                    parts[i] = left + right;
                    parts.RemoveAt(i + 1);
                }
        }
    }
}
