using System.IO.MemoryMappedFiles;

namespace Tutti.Torch;

/// <summary>A file's bytes as memory: what is touched is read, nothing else.</summary>
sealed unsafe class MappedFile : IDisposable
{
    readonly MemoryMappedFile map;
    readonly MemoryMappedViewAccessor view;
    bool disposed;

    /// <exception cref="DataException">The file is missing, shorter than <paramref name="least"/> bytes, or cannot be opened.</exception>
    public MappedFile(string path, long least, string kind)
    {
        Path = path;
        if (!File.Exists(path)) throw new DataException(path, "the file does not exist");
        // A link has a length of its own; the hub's cache keeps links.
        Length = (File.ResolveLinkTarget(path, returnFinalTarget: true) as FileInfo ?? new FileInfo(path)).Length;
        if (Length < least) throw new DataException(path, $"{Length} bytes are too few for a {kind}");
        try
        {
            map = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
            view = map.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            map?.Dispose();
            throw new DataException(path, $"the file cannot be opened: {e.Message}", inner: e);
        }
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        Data = start;
    }

    public string Path { get; }
    public long Length { get; }

    /// <summary>The first byte; good until this is disposed.</summary>
    public byte* Data { get; }

    /// <summary>Some bytes. The caller has checked that they lie within the file.</summary>
    public ReadOnlySpan<byte> Span(long begin, int count)
    {
        if (begin < 0 || count < 0 || begin > Length - count) throw new ArgumentOutOfRangeException(nameof(begin), begin, $"{count} bytes from there are not within the file's {Length}");
        return new(Data + begin, count);
    }

    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        map.Dispose();
    }
}
