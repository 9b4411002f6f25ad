using System.Collections.Concurrent;
using System.Numerics;

namespace Tutti.Labels;

/// <summary>Class probabilities of n rows, in memory or read batch by batch; gone through several times, never held twice.</summary>
/// <typeparam name="T">The numbers as they are stored: <c>float</c> or <c>double</c>. All counting is done in double.</typeparam>
public sealed class ProbabilityRows<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Rows that one thread takes at a time.</summary>
    const int Slice = 2048;

    readonly Func<IEnumerable<ReadOnlyMemory<T>>> batches;

    /// <param name="count">n, the rows of all batches together.</param>
    /// <param name="k">The number of classes.</param>
    /// <param name="batches">Starts again from the first row: whole rows, one after the other. A batch may be overwritten when the next is asked for.</param>
    internal ProbabilityRows(int count, int k, Func<IEnumerable<ReadOnlyMemory<T>>> batches)
    {
        if (k < 2) throw new ArgumentException($"{k} classes; expected at least two", nameof(k));
        (Count, K, this.batches) = (count, k, batches);
    }

    /// <summary>n, the number of rows.</summary>
    public int Count { get; }

    /// <summary>The number of classes.</summary>
    public int K { get; }

    /// <summary>Hands every row to <paramref name="visit"/>, on several threads and in no fixed order.</summary>
    internal void Each(RowVisitor<T> visit) => Each<object?>(() => null, (_, row, values) => visit(row, values), _ => { });

    /// <summary>As <see cref="Each(RowVisitor{T})"/>, with a state of each thread that is handed over at the end, one after the other.</summary>
    internal void Each<TState>(Func<TState> start, RowVisitor<T, TState> visit, Action<TState> end)
    {
        var first = 0;
        var states = new ConcurrentBag<TState>();             // of threads that are done with a batch, for the next one
        foreach (var batch in batches())
        {
            var (begin, rows) = (first, batch.Length / K);
            if (rows * K != batch.Length || first + rows > Count) throw new InvalidOperationException($"a batch of {batch.Length} numbers after {first} of {Count} rows of {K} classes");
            Parallel.For(0, (rows + Slice - 1) / Slice, () => states.TryTake(out var state) ? state : start(), (slice, _, state) =>
            {
                var values = batch.Span;
                for (var row = slice * Slice; row < Math.Min(rows, (slice + 1) * Slice); row++) visit(state, begin + row, values.Slice(row * K, K));
                return state;
            }, states.Add);
            first += rows;
        }
        foreach (var state in states) end(state);
        if (first != Count) throw new InvalidOperationException($"{first} rows came; expected {Count}");
    }
}

/// <summary>Looks at one row.</summary>
delegate void RowVisitor<T>(int row, ReadOnlySpan<T> values);

/// <summary>Looks at one row with a thread's own state.</summary>
delegate void RowVisitor<T, TState>(TState state, int row, ReadOnlySpan<T> values);

/// <summary>Where class probabilities come from.</summary>
public static class ProbabilityRows
{
    /// <param name="values">n*k numbers, row by row; kept, not copied.</param>
    /// <param name="k">The number of classes.</param>
    public static ProbabilityRows<T> Of<T>(T[] values, int k) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 2);
        if (values.Length % k != 0) throw new ArgumentException($"{values.Length} probabilities are no whole rows of {k} classes", nameof(values));
        return new(values.Length / k, k, () => [values]);
    }

    /// <summary>The same rows in pieces, as a file is read.</summary>
    /// <param name="values">n*k numbers.</param>
    /// <param name="k">The number of classes.</param>
    /// <param name="rows">Of a piece.</param>
    public static ProbabilityRows<T> InBatches<T>(T[] values, int k, int rows) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        return new(values.Length / k, k, Pieces);

        IEnumerable<ReadOnlyMemory<T>> Pieces()
        {
            for (var first = 0; first < values.Length; first += rows * k) yield return values.AsMemory(first, Math.Min(rows * k, values.Length - first));
        }
    }
}
