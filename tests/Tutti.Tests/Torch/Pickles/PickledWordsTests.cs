using System.Text;
using Tutti.Recipes;
using Tutti.Torch.Pickles;

namespace Tutti.Tests.Torch.Pickles;

public sealed class PickledWordsTests
{
    /// <summary>As Python's pickle.dumps of a list of strings in protocol 2 writes it.</summary>
    static byte[] List(params string[] words) =>
        [0x80, 2, (byte)']', (byte)'q', 0, (byte)'(', .. words.SelectMany(word => new byte[] { (byte)'X' }.Concat(BitConverter.GetBytes(Encoding.UTF8.GetByteCount(word))).Concat(Encoding.UTF8.GetBytes(word))), (byte)'e', (byte)'.'];

    [Fact]
    public void A_pickled_list_is_a_vocabulary()
    {
        using var folder = Shared.Temp();
        string[] words = ["xxunk", "xxpad", "xxbos", "the", "caf\u00E9", "\n\n", "xxfake", "xxfake"];
        var file = folder.Write("itos.pkl", List(words));
        Assert.True(PickledWords.IsPickle(file));
        Assert.Equal(words, PickledWords.Read(file));
        var tokenizer = ReadyTokenizer.Load(file);
        Assert.Equal([2, 3, 4, 0], tokenizer.Encode("the caf\u00E9 bar").Ids);
        Assert.Equal(8, tokenizer.VocabularySize);
        folder.Write("itos.txt", "xxunk\nxxpad\nxxbos\nthe\n");
        Assert.Equal([2, 3], ReadyTokenizer.Load(folder.File("itos.txt")).Encode("the").Ids);
        Assert.Contains("does not exist", Assert.Throws<DataException>(() => ReadyTokenizer.Load(folder.File("none"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Anything_but_a_list_of_strings_is_refused()
    {
        using var folder = Shared.Temp();
        Assert.Contains("holds no list", Refused([0x80, 2, (byte)'}', (byte)'.']), StringComparison.Ordinal);
        Assert.Contains("value 1 of the list is no string", Refused([0x80, 2, (byte)']', (byte)'K', 7, (byte)'a', (byte)'.']), StringComparison.Ordinal);
        Assert.Contains("posix.system", Refused([0x80, 2, .. "cposix\nsystem\n."u8]), StringComparison.Ordinal);
        Assert.Contains("cut short", Refused(List("xxunk", "xxpad")[..^4]), StringComparison.Ordinal);

        string Refused(byte[] bytes) => Assert.Throws<DataException>(() => PickledWords.Read(folder.Write("itos.pkl", bytes))).Message;
    }
}
