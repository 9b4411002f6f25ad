using System.Runtime.InteropServices;

namespace Tutti.Recipes;

/// <summary>
/// Sums predictions of any number of rows on disk: each model adds its values row by row to a file that only grows with the rows, so that
/// prediction needs constant memory.
/// </summary>
sealed class RunningBlend : IDisposable
{
    readonly TemporaryFolder folder = new("tutti-blend-");
    int version;

    /// <summary>Adds the next model's values, batch by batch in row order, each multiplied by <paramref name="weight"/>.</summary>
    public void Add(IEnumerable<double[]> batches, double weight)
    {
        using (var before = version == 0 ? null : File.OpenRead(Current))
        using (var after = File.Create(Next))
            foreach (var batch in batches)
            {
                var sum = new double[batch.Length];
                before?.ReadExactly(MemoryMarshal.AsBytes(sum.AsSpan()));
                for (var i = 0; i < sum.Length; i++) sum[i] += weight * batch[i];
                TemporaryFolder.OnDisk(() => after.Write(MemoryMarshal.AsBytes(sum.AsSpan())));
            }
        if (version > 0) File.Delete(Current);
        version++;
    }

    /// <summary>The sums, in pieces of <paramref name="size"/> values (the last may be shorter).</summary>
    public IEnumerable<double[]> Read(int size)
    {
        using var file = File.OpenRead(Current);
        for (var left = file.Length / sizeof(double); left > 0; left -= size)
        {
            var piece = new double[Math.Min(left, size)];
            file.ReadExactly(MemoryMarshal.AsBytes(piece.AsSpan()));
            yield return piece;
        }
    }

    public void Dispose() => folder.Dispose();

    string Current => folder.File(FormattableString.Invariant($"sum-{version}"));
    string Next => folder.File(FormattableString.Invariant($"sum-{version + 1}"));
}
