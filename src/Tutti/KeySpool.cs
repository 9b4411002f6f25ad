using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tutti;

/// <summary>
/// Any number of keys on disk, read back as they were added or sorted: an external merge sort, which needs about a megabyte of memory
/// however many keys there are and however often one of them is there.
/// </summary>
/// <typeparam name="TKey">A number of some bytes.</typeparam>
sealed class KeySpool<TKey> : IDisposable where TKey : unmanaged, IComparable<TKey>
{
    const int Ways = 32;

    readonly TemporaryFolder folder = new("tutti-keys-");
    readonly FileStream added;
    readonly TKey[] buffer;
    int held, files;

    /// <param name="run">Keys that are sorted in memory at a time.</param>
    public KeySpool(int run = 1 << 16)
    {
        buffer = new TKey[run];
        try
        {
            added = TemporaryFolder.OnDisk(() => Create("added"));
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Keys added so far.</summary>
    public long Count { get; private set; }

    /// <exception cref="ConfigException">The temporary file cannot be written.</exception>
    public void Add(TKey key)
    {
        buffer[held++] = key;
        Count++;
        if (held == buffer.Length) Flush();
    }

    /// <summary>All keys in the order of adding.</summary>
    public IEnumerable<TKey> AsAdded()
    {
        Flush();
        return new Run(added.SafeFileHandle, 0, Count).Keys();
    }

    /// <summary>All keys, the lowest first. Several may read at once, each from a sorted copy of its own.</summary>
    public IEnumerable<TKey> Sorted()
    {
        Flush();
        long length = buffer.Length;                          // of a sorted run
        var sorted = SortRuns();
        while (Count > length * Ways)                         // more runs than are merged at once: merge them to longer ones first
        {
            using var shorter = sorted;
            sorted = MergeRuns(shorter, length, "merged");
            length *= Ways;
        }
        using var last = sorted;
        foreach (var key in Merged(last.SafeFileHandle, 0, Count, length)) yield return key;
    }

    public void Dispose()
    {
        added.Dispose();
        folder.Dispose();
    }

    FileStream SortRuns()
    {
        var file = TemporaryFolder.OnDisk(() => Create("sorted"));
        for (long first = 0; first < Count; first += buffer.Length)
        {
            var run = buffer.AsSpan(0, (int)Math.Min(buffer.Length, Count - first));
            Read(added.SafeFileHandle, first, run);
            run.Sort();
            held = run.Length;
            Flush(file);
        }
        return file;
    }

    FileStream MergeRuns(FileStream shorter, long length, string name)
    {
        var file = TemporaryFolder.OnDisk(() => Create(name));
        for (long first = 0; first < Count; first += length * Ways)
            foreach (var key in Merged(shorter.SafeFileHandle, first, Math.Min(Count, first + length * Ways), length))
            {
                buffer[held++] = key;
                if (held == buffer.Length) Flush(file);
            }
        Flush(file);
        return file;
    }

    static IEnumerable<TKey> Merged(SafeFileHandle file, long first, long end, long length)
    {
        var heads = new PriorityQueue<IEnumerator<TKey>, TKey>();
        for (; first < end; first += length)
        {
            var run = new Run(file, first, Math.Min(length, end - first)).Keys().GetEnumerator();
            if (run.MoveNext()) heads.Enqueue(run, run.Current);
        }
        while (heads.TryPeek(out var lowest, out var key))
        {
            yield return key;
            if (lowest.MoveNext()) heads.DequeueEnqueue(lowest, lowest.Current);
            else heads.Dequeue();
        }
    }

    // Several readers of the sorted keys may be on their way.
    FileStream Create(string name) => new(folder.File(FormattableString.Invariant($"{name}-{files++}")), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);

    void Flush() => Flush(added);

    void Flush(FileStream file)
    {
        TemporaryFolder.OnDisk(() => file.Write(MemoryMarshal.AsBytes(buffer.AsSpan(0, held))));
        held = 0;
    }

    static void Read(SafeFileHandle file, long first, Span<TKey> keys)
    {
        var bytes = MemoryMarshal.AsBytes(keys);
        for (int done = 0, read; done < bytes.Length; done += read)
            if ((read = RandomAccess.Read(file, bytes[done..], (first * Unsafe.SizeOf<TKey>()) + done)) == 0) throw new EndOfStreamException("a temporary file was cut while it was read");
    }

    /// <summary>Some keys of a file, read piece by piece.</summary>
    sealed record Run(SafeFileHandle File, long First, long Count)
    {
        const int Piece = 2048;

        public IEnumerable<TKey> Keys()
        {
            var piece = new TKey[Math.Min(Piece, Count)];
            for (long done = 0; done < Count; done += piece.Length)
            {
                var part = (int)Math.Min(piece.Length, Count - done);
                Read(File, First + done, piece.AsSpan(0, part));
                for (var i = 0; i < part; i++) yield return piece[i];
            }
        }
    }
}
