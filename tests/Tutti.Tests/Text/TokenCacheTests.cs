using Tutti.Text;

namespace Tutti.Tests.Text;

public sealed class TokenCacheTests : IDisposable
{
    const int Length = 12;

    static readonly Tokenizer words = WordPieceTrainer.Train(["the quick brown fox jumps over the lazy dog", "hello world"], 120);
    static readonly string[] texts = ["the quick fox", "", "hello lazy world, the dog jumps over the brown fox again and again", "zebra"];

    readonly TempFolder folder = Shared.Temp();
    readonly List<string> notes = [];

    public void Dispose() => folder.Dispose();

    TokenCache Cache(long bytes = TokenCache.DefaultBytes) => new(folder.File("tokens"), bytes, notes.Add);

    string TheFile => Assert.Single(Directory.GetFiles(folder.File("tokens")));

    static TokenIds[] Encode(TokenCache cache, IReadOnlyList<string>? of = null) => cache.EncodeAll(words, of ?? texts, Length, cancellation: TestContext.Current.CancellationToken);

    static void Same(TokenIds[] expected, TokenIds[] got)
    {
        Assert.Equal(expected.Select(row => row.FullLength), got.Select(row => row.FullLength));
        foreach (var (one, other) in expected.Zip(got))
        {
            Assert.Equal(one.Ids, other.Ids);
            Assert.Equal(one.TypeIds, other.TypeIds);
        }
    }

    static TokenIds[] Plain => words.EncodeAll(texts, Length, cancellation: TestContext.Current.CancellationToken);

    [Fact]
    public void What_was_encoded_before_is_read_and_not_encoded_again()
    {
        var first = Cache();
        Same(Plain, Encode(first));
        Assert.Equal(0, first.Hits);
        var second = Cache();
        Same(Plain, Encode(second));
        Assert.Equal(1, second.Hits);
        // Other rows under the same key: had the texts been encoded, these would not come out.
        TokenIds[] planted = [.. texts.Select((_, i) => new TokenIds([i, 7], null, 2))];
        using (var file = File.Create(TheFile)) TokenFile.Write(file, Convert.FromHexString(Path.GetFileNameWithoutExtension(file.Name)), planted);
        Same(planted, Encode(Cache()));
        Assert.Empty(notes);
    }

    [Fact]
    public void Without_a_folder_nothing_is_kept()
    {
        var cache = new TokenCache(null);
        Same(Plain, Encode(cache));
        Same(Plain, Encode(cache));
        Assert.Equal(0, cache.Hits);
    }

    [Fact]
    public void Types_lengths_and_large_ids_come_back()
    {
        TokenIds[] rows = [new([1, 70_000, int.MaxValue], [0, 1, 1], 300), new([], null, 0), new([65_535], null, 1)];
        var key = new byte[32];
        foreach (var some in new[] { rows, rows[1..], [] })
        {
            using (var file = File.Create(folder.File("x"))) TokenFile.Write(file, key, some);
            Same(some, TokenFile.Read(folder.File("x"), key)!);
        }
        key[31] = 1;
        Assert.Null(TokenFile.Read(folder.File("x"), key));
    }

    [Fact]
    public void A_small_vocabulary_takes_two_bytes_a_token()
    {
        string[] many = [.. Enumerable.Repeat("the quick brown fox jumps over the lazy dog", 1000)];
        var tokens = Encode(Cache(), many).Sum(row => row.Ids.Length);
        Assert.InRange(new FileInfo(TheFile).Length, 2 * tokens, (2 * tokens) + (3 * many.Length) + 100);
    }

    [Fact]
    public void Another_text_length_pair_or_tokenizer_is_not_found()
    {
        var token = TestContext.Current.CancellationToken;
        var cache = Cache();
        string[][] others = [texts, [.. texts.Reverse()], texts[1..], [.. texts, ""], ["the quick fo", "x", .. texts[2..]], [.. texts[..3], "zebra\ud800"], [.. texts[..3], "zebra\ud801"]];
        foreach (var other in others) Encode(cache, other);
        cache.EncodeAll(words, texts, Length + 1, cancellation: token);
        cache.EncodeAll(words, texts, Length, texts, token);
        cache.EncodeAll(words, texts, Length, others[1], token);
        cache.EncodeAll(words, [.. texts, .. texts], Length, cancellation: token);
        cache.EncodeAll(WordPieceTrainer.Train(["the quick brown fox jumps over the lazy dog", "hello zebra"], 120), texts, Length, cancellation: token);
        Assert.Equal(0, cache.Hits);
        Assert.Equal(others.Length + 5, Directory.GetFiles(folder.File("tokens")).Length);
        Encode(cache);
        Assert.Equal(1, cache.Hits);
    }

    [Fact]
    public void A_tokenizer_read_from_its_folder_again_finds_what_it_encoded()
    {
        var cache = Cache();
        words.Save(folder.File("tokenizer"));
        foreach (var tokenizer in new[] { words, Tokenizer.Load(folder.File("tokenizer")) }) cache.EncodeAll(tokenizer, texts, Length, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(1, cache.Hits);
        // One changed option is another tokenizer.
        var config = folder.File("tokenizer/tokenizer_config.json");
        var changed = File.ReadAllText(config).Replace("\"do_lower_case\": true", "\"do_lower_case\": false", StringComparison.Ordinal);
        Assert.NotEqual(File.ReadAllText(config), changed);
        File.WriteAllText(config, changed);
        cache.EncodeAll(Tokenizer.Load(folder.File("tokenizer")), texts, Length, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(1, cache.Hits);
    }

    [Fact]
    public void A_file_with_any_byte_changed_or_cut_anywhere_is_made_again()
    {
        Encode(Cache());
        var (path, sound) = (TheFile, File.ReadAllBytes(TheFile));
        byte[][] broken = [.. Enumerable.Range(0, sound.Length).Select(i => (byte[])[.. sound[..i], (byte)(sound[i] ^ 0x10), .. sound[(i + 1)..]]),
            .. Enumerable.Range(0, sound.Length).Select(length => sound[..length]), [.. sound, 0]];
        foreach (var bytes in broken)
        {
            File.WriteAllBytes(path, bytes);
            var cache = Cache();
            Same(Plain, Encode(cache));
            Assert.Equal(0, cache.Hits);
            Assert.Contains("damaged", notes[^1], StringComparison.Ordinal);
            Assert.Equal(sound, File.ReadAllBytes(path));
        }
        Assert.Equal(broken.Length, notes.Count);
    }

    [Fact]
    public void A_foreign_file_of_that_name_is_replaced()
    {
        Encode(Cache());
        var (path, sound) = (TheFile, File.ReadAllBytes(TheFile));
        Encode(Cache(), ["other"]);
        File.Move(Directory.GetFiles(folder.File("tokens")).Single(file => file != path), path, overwrite: true);
        Same(Plain, Encode(Cache()));
        Assert.Equal(sound, File.ReadAllBytes(path));
        Assert.Single(notes);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_noted_once_and_no_error()
    {
        var file = folder.Write("file", "a file, no folder");
        foreach (var place in new[] { Path.Combine(file, "tokens"), "/dev/null/tokens" })
        {
            notes.Clear();
            var cache = new TokenCache(place, note: notes.Add);
            Same(Plain, Encode(cache));
            Encode(cache, ["other"]);
            Assert.Contains("TUTTI_CACHE=DIR", Assert.Single(notes), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_full_disk_is_noted_and_leaves_nothing_half()
    {
        using var disk = new MountedDisk(folder.File("small"), "size=64k");
        string[] many = [.. Enumerable.Range(0, 20_000).Select(i => $"fox {i}")];
        var rows = new TokenCache(disk.Path, note: notes.Add).EncodeAll(words, many, Length, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(many.Length, rows.Length);
        Assert.Contains("the disk is full", Assert.Single(notes), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(disk.Path));
    }

    [Fact]
    public void The_files_that_were_not_used_for_longest_go_first()
    {
        string[][] sets = [["one fox"], ["two fox"], ["the fox"], ["new fox"]];
        var files = new List<string>();
        foreach (var set in sets[..3])
        {
            Encode(Cache(), set);
            files.Add(Directory.GetFiles(folder.File("tokens")).Single(file => !files.Contains(file)));
        }
        foreach (var (i, file) in files.Index()) File.SetLastWriteTimeUtc(file, new DateTime(2024, 1, 1 + i, 0, 0, 0, DateTimeKind.Utc));
        Encode(Cache(), sets[0]);                             // used again: the second is the oldest now
        Encode(Cache(bytes: files.Sum(file => new FileInfo(file).Length)), sets[3]);
        Assert.Equal([true, false, true], files.Select(File.Exists));
        Assert.Equal(3, Directory.GetFiles(folder.File("tokens")).Length);
        Assert.Empty(notes);
    }

    [Fact]
    public void What_killed_processes_left_goes_after_an_hour()
    {
        Directory.CreateDirectory(folder.File("tokens"));
        var (old, young) = (folder.Write("tokens/.a.tokens.abcdefgh.abc.tmp", "x"), folder.Write("tokens/.b.tokens.abcdefgh.abc.tmp", "x"));
        File.SetLastWriteTimeUtc(old, TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-2));
        Encode(Cache());
        Assert.False(File.Exists(old));
        Assert.True(File.Exists(young));
    }

    [Fact]
    public void The_folder_is_for_its_user_alone()
    {
        Encode(Cache());
        if (OperatingSystem.IsWindows()) Assert.Skip("Windows has no such modes");
        else Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder.File("tokens")));
    }
}
