using System.Diagnostics;
using System.Globalization;
using Tutti.Vision;

namespace Tutti.Bench;

/// <summary>
/// Photos a second from bytes in memory to RGB of one size, on one core and on two: the JPEG photos of hymenoptera. The cases say what both sides may do: <c>full</c> decodes all pixels on both sides and
/// gives the same bytes; in <c>shrink</c> ours may reduce while it decodes and the peer does what its users do, which is not to; in <c>draft</c> both may.
/// </summary>
static class DecodeBench
{
    const string DataVariable = "TUTTI_DATA", UsualData = "../shared/data", Photos = "hymenoptera";

    /// <param name="Shrink">Ours reduces on loading.</param>
    /// <param name="Draft">The peer does.</param>
    sealed record Case(string Way, int Width, int Height, int Threads, bool Shrink, bool Draft)
    {
        public string Name => FormattableString.Invariant($"{Way}-{Width}x{Height}-{Threads}");
    }

    static readonly Case[] all =
    [
        .. from threads in (int[])[1, 2]
           from size in ((int Width, int Height)[])[(128, 128), (224, 224), (256, 192)]
           from way in ((string Name, bool Shrink, bool Draft)[])[("full", false, false), ("shrink", true, false), ("draft", true, true)]
           select new Case(way.Name, size.Width, size.Height, threads, way.Shrink, way.Draft),
    ];

    public static Benchmark All { get; } = new("decode", "photos to RGB of one size, hymenoptera; full: all pixels, the same bytes; shrink: ours reduces on loading; draft: both do; peer: Pillow", "photos/s", true, [.. all.Select(one => one.Name)], Run);

    static Outcome Run(string name, int rounds)
    {
        var one = Array.Find(all, one => one.Name == name)!;
        var files = photos.Value;
        string? skipped = null;
        using var peer = Start(one, ref skipped);
        var (ours, theirs, failed, surroundings) = Rounds.Alternate(rounds, () => new(Speed(one, files)), peer, Theirs, name);
        return new(name, ours, theirs, (string?)peer?.Ready["name"] ?? "Pillow", peer is null ? "" : FormattableString.Invariant($"{one.Threads} threads, {(one.Draft ? "with" : "without")} draft, libjpeg {(string?)peer.Ready["jpeg"]}"),
            skipped ?? failed, surroundings);
    }

    static double Speed(Case one, byte[][] files)
    {
        // As the peer: neither orientation nor profiles.
        var reading = PictureReading.AsPillow with { Enough = one.Shrink ? (one.Width, one.Height) : (0, 0) };
        var size = ResizeRule.Exact(one.Width, one.Height);
        var clock = Stopwatch.GetTimestamp();
        var pixels = 0L;
        foreach (var picture in Ahead.Of(files, bytes => PictureFile.DecodeTo(bytes, "photo", reading, size, ResizeFilter.Bilinear), one.Threads, 4 * one.Threads)) pixels += picture.Pixels.Length;
        var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
        return pixels == 3L * one.Width * one.Height * files.Length ? files.Length / seconds : throw new InvalidOperationException($"{pixels} bytes of {files.Length} photos");
    }

    static readonly Lazy<byte[][]> photos = new(() =>
    {
        string[] endings = [".jpg", ".jpeg"];
        return [.. Directory.EnumerateFiles(Folder(), "*", SearchOption.AllDirectories).Where(file => endings.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase)).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
    });

    static string Folder()
    {
        var root = Environment.GetEnvironmentVariable(DataVariable) is { Length: > 0 } other ? other : Path.Combine(Peer.Root(), UsualData);
        var folder = Path.GetFullPath(Path.Combine(root, Photos));
        return Directory.Exists(folder) ? folder : throw new DataException(folder, $"the folder does not exist; {DataVariable} names the folder that holds {Photos}");
    }

    static Round Theirs(Peer peer)
    {
        var answer = peer.Ask([]);
        return new((double)answer["pictures"]! / (double)answer["seconds"]!);
    }

    static Peer? Start(Case one, ref string? skipped)
    {
        string[] draft = one.Draft ? ["--draft"] : [];
        try
        {
            return new Peer("decode.py", ["--folder", Folder(), "--width", Text(one.Width), "--height", Text(one.Height), "--threads", Text(one.Threads), .. draft]);
        }
        catch (PeerException e)
        {
            skipped = e.Message.Split(';')[0] + "; install it: apt-get install python3-pil";
            return null;
        }
    }

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
