using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Tutti.Tables;
using Tutti.Text;

namespace Tutti.Bench;

/// <summary>
/// Megabytes of UTF-8 text a second from strings in memory to token ids, for each kind of tokenizer, on one core and on two: the reviews of IMDb, whole, with the
/// vocabularies of published models. Nothing is kept from one text to the next but the tokenizer's own caches.
/// </summary>
static class TokenizeBench
{
    /// <summary>Where the reviews and the vocabularies lie unless <see cref="DataVariable"/> names another folder.</summary>
    const string DataVariable = "TUTTI_DATA", UsualData = "../shared/data";

    const string Reviews = "imdb_full/train.csv.gz", Vocabularies = "tokenizers";
    const int MostRows = 10_000;

    /// <param name="Folder">Below the vocabularies.</param>
    /// <param name="Class">Hugging Face's name; the words of fastai's kind are learnt from the reviews.</param>
    /// <param name="Files">Taken from the folder; others there, such as tokenizer.json, are left out.</param>
    /// <param name="Target">Megabytes a second on one core that are aimed at, or null.</param>
    sealed record Kind(string Name, string Folder, string? Class, double? Target, params string[] Files);

    static readonly Kind[] kinds =
    [
        new("wordpiece", "bert-base-uncased", "BertTokenizer", 15, "vocab.txt"),
        new("byte-bpe", "roberta-base", "RobertaTokenizer", 15, "vocab.json", "merges.txt"),
        new("unigram", "legal-t5-small-fr-en", "T5Tokenizer", 8, "spiece.model"),
        new("unigram-albert", "albert-base-v2", "AlbertTokenizer", null, "spiece.model"),
        new("unigram-json", "pegasus", null, null, "tokenizer.json"),
        new("words", "", UlmfitTokenizer.ClassName, null),
    ];

    static readonly int[] cores = [1, 2];

    public static Benchmark All { get; } = new("tokenize", "text to token ids, IMDb reviews; peer: Hugging Face's tokenizers or transformers, where Python can import them", "MB/s", true,
        [.. kinds.SelectMany(kind => cores.Select(count => Case(kind, count)))], Run);

    static string Case(Kind kind, int count) => FormattableString.Invariant($"{kind.Name}-{count}");

    static Outcome Run(string name, int rounds)
    {
        var (kind, count) = kinds.SelectMany(kind => cores.Select(count => (kind, count))).First(one => Case(one.kind, one.count) == name);
        using var folder = new TemporaryFolder("tutti-bench-");
        Prepare(kind, folder);
        var clock = Stopwatch.GetTimestamp();
        var tokenizer = Tokenizer.Load(folder.File("."));
        var loading = Stopwatch.GetElapsedTime(clock);
        string? skipped = null;
        using var peer = Start(folder, count, ref skipped);
        var (ours, theirs, failed, surroundings) = Rounds.Alternate(rounds, () => new(Speed(tokenizer, count)), peer, Theirs, name);
        var facts = new Dictionary<string, string>
        {
            ["best"] = ours.Max(round => round.Value).ToString("0.0", CultureInfo.InvariantCulture),
            ["target"] = count == 1 && kind.Target is { } target ? target.ToString("0", CultureInfo.InvariantCulture) : "",
            ["loading"] = FormattableString.Invariant($"{loading.TotalMilliseconds:0} ms"),
        };
        return new(name, ours, theirs, (string?)peer?.Ready["name"] ?? "Hugging Face tokenizers", peer is null ? "" : FormattableString.Invariant($"{count} threads"), skipped ?? failed, surroundings, Facts: facts);
    }

    static void Prepare(Kind kind, TemporaryFolder folder)
    {
        if (kind.Class == UlmfitTokenizer.ClassName)
        {
            UlmfitTokenizer.Learn(texts.Value.Texts).Save(folder.File("."));
            return;
        }
        foreach (var file in kind.Files) File.Copy(Data(Path.Combine(Vocabularies, kind.Folder, file)), folder.File(file));
        if (kind.Class is not null) File.WriteAllText(folder.File("tokenizer_config.json"), new JsonObject { ["tokenizer_class"] = kind.Class }.ToJsonString());
    }

    static double Speed(Tokenizer tokenizer, int count)
    {
        var rows = texts.Value;
        var clock = Stopwatch.GetTimestamp();
        var ids = 0L;
        Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = count }, part =>
        {
            var found = 0L;
            for (var i = part; i < rows.Texts.Count; i += count) found += tokenizer.Encode(rows.Texts[i], maxLength: int.MaxValue).Ids.Length;
            Interlocked.Add(ref ids, found);
        });
        var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
        return ids > rows.Texts.Count ? rows.Bytes / 1e6 / seconds : throw new InvalidOperationException($"{ids} ids of {rows.Texts.Count} texts");
    }

    static readonly Lazy<(IReadOnlyList<string> Texts, long Bytes)> texts = new(() =>
    {
        using var folder = new TemporaryFolder("tutti-bench-");
        using (var packed = new GZipStream(File.OpenRead(Data(Reviews)), CompressionMode.Decompress))
        using (var plain = File.Create(folder.File("reviews.csv"))) packed.CopyTo(plain);
        var table = Table.Read(folder.File("reviews.csv"));
        string[] rows = [.. Enumerable.Range(0, Math.Min(table.Count, MostRows)).Select(row => table[row, "text"] ?? "")];
        return (rows, rows.Sum(row => (long)Encoding.UTF8.GetByteCount(row)));
    });

    static string Data(string path)
    {
        var root = Environment.GetEnvironmentVariable(DataVariable) is { Length: > 0 } other ? other : Path.Combine(Peer.Root(), UsualData);
        var file = Path.GetFullPath(Path.Combine(root, path));
        return File.Exists(file) ? file : throw new DataException(file, $"the file does not exist; {DataVariable} names the folder that holds {path}");
    }

    static Round Theirs(Peer peer)
    {
        var answer = peer.Ask([]);
        return new((double)answer["bytes"]! / 1e6 / (double)answer["seconds"]!);
    }

    static Peer? Start(TemporaryFolder folder, int count, ref string? skipped)
    {
        try
        {
            return new Peer("encode_texts.py", "--folder", folder.File("."), "--reviews", Data(Reviews), "--rows", MostRows.ToString(CultureInfo.InvariantCulture), "--threads", count.ToString(CultureInfo.InvariantCulture));
        }
        catch (PeerException e)
        {
            skipped = e.Message.Split(';')[0];                 // the rest names what PyTorch's peers need
            return null;
        }
    }
}
