using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Tutti.Text;

/// <summary>
/// Encoded texts on disk, found again by what they were made from: all texts, the tokenizer, the length, and this build of Tutti. A file that is
/// damaged, foreign or cannot be read is as good as none, and a folder that cannot be written costs encoding again: both are noted, never errors.
/// </summary>
/// <param name="folder">Where the files lie; created when needed. Null: nothing is kept.</param>
/// <param name="bytes">All files together; when a new one makes them more, those that were not used for longest go.</param>
/// <param name="note">Hears what the user should know.</param>
public sealed class TokenCache(string? folder, long bytes = TokenCache.DefaultBytes, Action<string>? note = null)
{
    public const long DefaultBytes = 1_000_000_000;

    /// <inheritdoc cref="UserCache.Variable"/>
    public const string Variable = UserCache.Variable;

    const string Ending = ".tokens";

    static readonly TimeSpan abandoned = TimeSpan.FromHours(1);

    bool saidUnkept;

    /// <summary>How often texts were found.</summary>
    public int Hits { get; private set; }

    /// <summary>The cache of this user: below <c>TUTTI_CACHE</c>, else <c>XDG_CACHE_HOME/tutti</c>, else <c>~/.cache/tutti</c>.</summary>
    public static TokenCache OfUser(Action<string>? note = null) => new(UserCache.Folder("tokens"), note: note);

    /// <summary>As <see cref="Tokenizer.EncodeAll"/>, from disk where these texts were encoded so before.</summary>
    public TokenIds[] EncodeAll(Tokenizer tokenizer, IReadOnlyList<string> texts, int maxLength, IReadOnlyList<string>? pairs = null, CancellationToken cancellation = default)
    {
        if (folder is null) return tokenizer.EncodeAll(texts, maxLength, pairs, cancellation);
        var key = Key(tokenizer, texts, maxLength, pairs);
        var path = Path.Combine(folder, Convert.ToHexStringLower(key) + Ending);
        if (Found(path, key) is { } rows) return rows;
        rows = tokenizer.EncodeAll(texts, maxLength, pairs, cancellation);
        Keep(path, key, rows);
        return rows;
    }

    static byte[] Key(Tokenizer tokenizer, IReadOnlyList<string> texts, int maxLength, IReadOnlyList<string>? pairs)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        // Another build may encode otherwise.
        hash.AppendData(typeof(Tokenizer).Module.ModuleVersionId.ToByteArray());
        hash.AppendData(tokenizer.Identity);
        hash.AppendData(MemoryMarshal.AsBytes<int>([TokenFile.Version, maxLength, texts.Count, pairs?.Count ?? -1]));
        foreach (var text in pairs is null ? texts : texts.Concat(pairs))
        {
            hash.AppendData(MemoryMarshal.AsBytes<int>([text.Length]));
            hash.AppendData(MemoryMarshal.AsBytes(text.AsSpan()));       // as it is: UTF-8 would make broken surrogates equal
        }
        return hash.GetHashAndReset();
    }

    TokenIds[]? Found(string path, byte[] key)
    {
        if (!File.Exists(path)) return null;
        try
        {
            if (TokenFile.Read(path, key) is { } rows)
            {
                Hits++;
                File.SetLastWriteTimeUtc(path, TimeProvider.System.GetUtcNow().UtcDateTime);   // the oldest goes first
                return rows;
            }
            note?.Invoke($"{path} is damaged or not a file of encoded texts; encoded again");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            note?.Invoke($"{path} cannot be read ({e.Message}); encoded again");
        }
        return null;
    }

    void Keep(string path, byte[] key, TokenIds[] rows)
    {
        try
        {
            UserCache.Make(folder!);
            AtomicFile.Write(path, stream => TokenFile.Write(stream, key, rows));
            RemoveOldest();
        }
        catch (Exception e) when (e is InputException or IOException or UnauthorizedAccessException)
        {
            if (!saidUnkept) note?.Invoke($"encoded texts are not kept: {e.Message}\n{Variable}=DIR names another folder, {Variable}=off keeps none.");
            saidUnkept = true;
        }
    }

    void RemoveOldest()
    {
        AtomicFile.RemoveUnfinished(folder!, below: false, before: TimeProvider.System.GetUtcNow().UtcDateTime - abandoned);
        var total = 0L;
        foreach (var file in new DirectoryInfo(folder!).EnumerateFiles("*" + Ending).OrderByDescending(file => file.LastWriteTimeUtc))
            if ((total += file.Length) > bytes) file.Delete();
    }
}
