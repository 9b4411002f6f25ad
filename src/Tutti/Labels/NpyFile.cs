using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Tutti.Labels;

/// <summary>A matrix in NumPy's .npy form, rows one after the other, little-endian float32 or float64: read in batches or whole. Nothing in it is executed.</summary>
public sealed partial class NpyFile
{
    readonly string path;
    readonly int start;

    NpyFile(string path, int start, bool single, int rows, int columns) => (this.path, this.start, IsSingle, Rows, Columns) = (path, start, single, rows, columns);

    /// <summary>Whether its numbers are float32; else they are float64.</summary>
    public bool IsSingle { get; }

    public int Rows { get; }
    public int Columns { get; }

    /// <summary>Reads the head.</summary>
    /// <exception cref="DataException">The file is missing or not such a matrix.</exception>
    public static NpyFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path)) throw new DataException(path, "there is no such file");
        using var file = File.OpenRead(path);
        var lead = new byte[12];
        if (file.ReadAtLeast(lead, 12, throwOnEndOfStream: false) < 12 || lead[0] != 0x93 || Encoding.ASCII.GetString(lead, 1, 5) != "NUMPY")
            throw new DataException(path, "is no .npy file: it does not begin with \\x93NUMPY");
        var wide = lead[6] > 1;                               // version 1 has two bytes of length, later ones four
        var (length, start) = wide ? (BitConverter.ToInt32(lead, 8), 12) : (BitConverter.ToUInt16(lead, 8), 10);
        if (length is < 0 or > 1 << 20) throw new DataException(path, $"has a head of {length} bytes; is the file damaged?");
        var head = new byte[length];
        file.Position = start;
        file.ReadExactly(head);
        var match = Head().Match(Encoding.ASCII.GetString(head));
        if (!match.Success) throw new DataException(path, $"holds {Encoding.ASCII.GetString(head).Trim()}; expected a matrix of float32 or float64 ('<f4', '<f8'), fortran_order False, shape (n, K)");
        if (!int.TryParse(match.Groups["rows"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var rows)
            || !int.TryParse(match.Groups["columns"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var columns)) throw new DataException(path, "is too large a matrix");
        var single = match.Groups["size"].Value == "4";
        var (expected, got) = ((long)rows * columns * (single ? 4 : 8), file.Length - start - length);
        return got == expected ? new(path, start + length, single, rows, columns)
            : throw new DataException(path, $"has {got} bytes of numbers; expected {expected} for {rows} x {columns}; is the file cut off?");
    }

    /// <summary>The rows, read anew in batches each time they are gone through.</summary>
    public ProbabilityRows<T> Stream<T>(int batch = 8192) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        Check<T>();
        return new(Rows, Columns, () => Batches<T>(Math.Min(batch, Math.Max(Rows, 1))));
    }

    /// <summary>The rows in memory.</summary>
    public ProbabilityRows<T> Read<T>() where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check<T>();
        var values = new T[checked(Rows * Columns)];
        using var file = File.OpenRead(path);
        file.Position = start;
        Fill<T>(file, values);
        return ProbabilityRows.Of(values, Columns);
    }

    IEnumerable<ReadOnlyMemory<T>> Batches<T>(int batch) where T : unmanaged
    {
        var values = new T[checked(batch * Columns)];
        using var file = File.OpenRead(path);
        file.Position = start;
        for (var row = 0; row < Rows; row += batch)
        {
            var part = values.AsMemory(0, Math.Min(batch, Rows - row) * Columns);
            Fill(file, part.Span);
            yield return part;
        }
    }

    // A span of bytes has at most 2 GiB.
    static void Fill<T>(FileStream file, Span<T> values) where T : unmanaged
    {
        const int Most = 1 << 26;
        for (; values.Length > Most; values = values[Most..]) file.ReadExactly(MemoryMarshal.AsBytes(values[..Most]));
        file.ReadExactly(MemoryMarshal.AsBytes(values));
    }

    void Check<T>()
    {
        if (typeof(T) != (IsSingle ? typeof(float) : typeof(double))) throw new InvalidOperationException($"{path} holds {(IsSingle ? "float32" : "float64")}, asked for {typeof(T).Name}");
    }

    [GeneratedRegex(@"'descr':\s*'<f(?<size>[48])'(?=.*'fortran_order':\s*False)(?=.*'shape':\s*\((?<rows>\d+),\s*(?<columns>\d+)\))", RegexOptions.Singleline)]
    private static partial Regex Head();
}
