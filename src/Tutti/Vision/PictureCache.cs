using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Tutti.Vision;

/// <summary>
/// Resized pictures on disk, found again by the bytes of their files and by how they were made. A file that is damaged, foreign or cannot be read is as good as none, and a
/// folder that cannot be written costs decoding again: both are noted once, never errors. Safe for several processes: files appear whole.
/// </summary>
/// <param name="folder">Where the files lie; created when needed.</param>
/// <param name="bytes">All files together; when new ones make them more, those that were not used for longest go.</param>
/// <param name="note">Hears what the user should know.</param>
public sealed class PictureCache(string folder, long bytes = PictureCache.DefaultBytes, Action<string>? note = null)
{
    public const long DefaultBytes = 10_000_000_000;

    /// <summary>Part of every key: pixels of another version are other pixels.</summary>
    const int Version = 2;

    const string Ending = ".pixels";
    const int HeadBytes = 16;

    // The folder is looked through once for so many bytes written.
    const long SweepBytes = 256 << 20;

    static readonly TimeSpan abandoned = TimeSpan.FromHours(1);

    long written = SweepBytes;
    int said;

    static ReadOnlySpan<byte> Magic => "TUTTIPIX"u8;

    /// <summary>The cache of this user, or null where nothing is to be kept; see <see cref="UserCache"/>.</summary>
    public static PictureCache? OfUser(Action<string>? note = null) => UserCache.Folder("pictures") is { } folder ? new(folder, note: note) : null;

    /// <summary>How often a picture was found.</summary>
    public int Hits => hits;
    int hits;

    /// <summary>The name of what is made of a file's bytes in some way.</summary>
    public static string Key(ReadOnlySpan<byte> file, string way)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(BitConverter.GetBytes(Version));
        hash.AppendData(Encoding.UTF8.GetBytes(way + "\n"));
        hash.AppendData(file);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public Picture? Find(string key)
    {
        var path = PathOf(key);
        try
        {
            if (!File.Exists(path)) return null;
            if (Parse(File.ReadAllBytes(path)) is { } picture)
            {
                Interlocked.Increment(ref hits);
                File.SetLastWriteTimeUtc(path, TimeProvider.System.GetUtcNow().UtcDateTime);   // the oldest goes first
                return picture;
            }
            Note($"{path} is damaged or not a kept picture; decoded again");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Note($"{path} cannot be read ({e.Message}); decoded again");
        }
        return null;
    }

    public void Keep(string key, Picture picture)
    {
        try
        {
            UserCache.Make(folder);
            var path = PathOf(key);
            UserCache.Make(Path.GetDirectoryName(path)!);
            AtomicFile.Write(path, stream => Write(stream, picture));
            if (Interlocked.Add(ref written, picture.Pixels.Length) >= SweepBytes) Sweep();
        }
        catch (Exception e) when (e is InputException or IOException or UnauthorizedAccessException)
        {
            Note($"decoded pictures are not kept: {e.Message}\n{UserCache.Variable}=DIR names another folder, {UserCache.Variable}=off keeps none.");
        }
    }

    static void Write(Stream stream, Picture picture)
    {
        Span<byte> head = stackalloc byte[HeadBytes];
        Magic.CopyTo(head);
        BinaryPrimitives.WriteInt32LittleEndian(head[8..], picture.Width);
        BinaryPrimitives.WriteInt32LittleEndian(head[12..], picture.Height);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(head);
        hash.AppendData(picture.Pixels);
        stream.Write(head);
        stream.Write(picture.Pixels);
        stream.Write(hash.GetHashAndReset());
    }

    static Picture? Parse(byte[] file)
    {
        if (file.Length < HeadBytes + SHA256.HashSizeInBytes || !file.AsSpan().StartsWith(Magic)) return null;
        var content = file.AsSpan(0, file.Length - SHA256.HashSizeInBytes);
        var (width, height) = (BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(8)), BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(12)));
        if (width <= 0 || height <= 0 || 3L * width * height != content.Length - HeadBytes || !SHA256.HashData(content).AsSpan().SequenceEqual(file.AsSpan(content.Length))) return null;
        return new(width, height, content[HeadBytes..].ToArray());
    }

    void Sweep()
    {
        Interlocked.Exchange(ref written, 0);
        AtomicFile.RemoveUnfinished(folder, below: true, before: TimeProvider.System.GetUtcNow().UtcDateTime - abandoned);
        var total = 0L;
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*" + Ending, SearchOption.AllDirectories).OrderByDescending(file => file.LastWriteTimeUtc))
            if ((total += file.Length) > bytes) file.Delete();
    }

    void Note(string text)
    {
        if (Interlocked.Exchange(ref said, 1) == 0) note?.Invoke(text);
    }

    // Many files in one folder are slow to find.
    string PathOf(string key) => Path.Combine(folder, key[..2], key + Ending);
}
