using System.Security.Cryptography;

namespace Tutti.Hub;

/// <summary>
/// The bytes of a file so far, on disk as they came, so that a killed process loses none that it had taken; with the hash over them.
/// </summary>
sealed class PartialFile : IDisposable
{
    public const string Ending = ".partial";

    readonly string path;
    readonly HubFile file;
    readonly FileStream stream;
    IncrementalHash hash;

    /// <summary>Opens what an earlier call left, or begins.</summary>
    /// <param name="blob">Where the whole file shall be.</param>
    /// <param name="file">What it shall be.</param>
    /// <exception cref="ConfigException">The folder cannot be written.</exception>
    public PartialFile(string blob, HubFile file)
    {
        (path, this.file) = (blob + Ending, file);
        hash = ContentHash.Begin(file.Hash, file.Size);
        // Without a buffer each write is the system's at once.
        stream = HubCache.Writing(path, () => new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, 0));
        try
        {
            if (stream.Length > file.Size) HubCache.Writing(path, () => stream.SetLength(0));
            var buffer = new byte[1 << 20];
            for (int count; (count = stream.Read(buffer)) > 0;) hash.AppendData(buffer, 0, count);
            Length = Found = stream.Position;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public long Length { get; private set; }

    /// <summary>Bytes of an earlier process among them.</summary>
    public long Found { get; private set; }

    /// <exception cref="ConfigException">The disk is full; what was written stays.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        try
        {
            stream.Write(bytes);
        }
        catch (IOException e)
        {
            throw HubCache.Unwritable(path, e);
        }
        hash.AppendData(bytes);
        Length += bytes.Length;
    }

    /// <summary>Forgets the bytes.</summary>
    public void Restart()
    {
        HubCache.Writing(path, () => stream.SetLength(0));
        stream.Position = 0;
        hash.Dispose();
        hash = ContentHash.Begin(file.Hash, file.Size);
        Length = Found = 0;
    }

    /// <summary>Makes the bytes the file, if they are its bytes; otherwise says their hash and forgets them.</summary>
    /// <returns>The hash of other bytes, or null.</returns>
    public string? Finish(string blob)
    {
        var got = Convert.ToHexStringLower(hash.GetHashAndReset());
        if (got != file.Hash)
        {
            Restart();
            return got;
        }
        HubCache.Writing(path, () =>
        {
            stream.Flush(flushToDisk: true);
            File.Move(path, blob, overwrite: true);
        });
        return null;
    }

    /// <summary>Removes the file: its bytes are not to be gone on with.</summary>
    public void Discard()
    {
        Dispose();
        File.Delete(path);
    }

    public void Dispose()
    {
        stream.Dispose();
        hash.Dispose();
    }
}
