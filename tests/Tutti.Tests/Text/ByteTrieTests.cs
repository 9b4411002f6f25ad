using System.Text;
using Tutti.Text;

namespace Tutti.Tests.Text;

public class ByteTrieTests
{
    static readonly string[] alphabets = ["ab", "abcdefghijklmnopqrstuvwxyz", "a\u00E9\u4E2D\U0001F600\u0000\u007F"];

    [Theory]
    [InlineData(0, 300)]
    [InlineData(1, 20000)]
    [InlineData(2, 3000)]
    public void Every_entry_is_found_by_its_number_and_nothing_else(int alphabet, int count)
    {
        var random = new TestRandom((ulong)count);
        var runes = alphabets[alphabet].EnumerateRunes().Select(rune => rune.ToString()).ToArray();
        string Text() => string.Concat(Enumerable.Range(0, 1 + random.Below(8)).Select(_ => runes[random.Below(runes.Length)]));
        var entries = new Dictionary<string, int>();
        for (var i = 0; i < count; i++) entries.TryAdd(Text(), i);
        var trie = new ByteTrie(entries.Select(entry => (entry.Key, entry.Value)));
        foreach (var (text, number) in entries) Assert.Equal(number, trie.Find(Encoding.UTF8.GetBytes(text)));
        for (var i = 0; i < 2000; i++)
        {
            var text = Text() + Text();
            Assert.Equal(entries.GetValueOrDefault(text, -1), trie.Find(Encoding.UTF8.GetBytes(text)));
            var longest = Enumerable.Range(0, text.Length + 1).LastOrDefault(length => entries.ContainsKey(text[..length]));
            Assert.Equal(Encoding.UTF8.GetByteCount(text[..longest]), trie.LongestAt(Encoding.UTF8.GetBytes(text)));
        }
    }

    [Fact]
    public void An_empty_one_finds_nothing()
    {
        var trie = new ByteTrie([]);
        Assert.Equal((-1, 0, -1), (trie.Find("a"u8), trie.LongestAt("a"u8), trie.Step(0, 0)));
    }
}
