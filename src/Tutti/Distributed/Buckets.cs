using Tutti.Torch;

namespace Tutti.Distributed;

/// <summary>
/// Gradients of weights in flat buckets, each reduced between processes as soon as backward has its last gradient, while backward goes on with the layers below. When all
/// is done every weight's gradient is the sum over the processes; one without a gradient counts as zeros.
/// </summary>
sealed class Buckets : IDisposable
{
    /// <summary>The first bucket, so that the network has something to do early.</summary>
    const long First = 1 << 20;

    readonly Ranks ranks;
    readonly Tensor[] weights;
    nint handle;

    /// <param name="ranks">Who reduces.</param>
    /// <param name="weights">In the order in which backward is expected to reach them. They outlive this.</param>
    /// <param name="device">Where they are.</param>
    public Buckets(Ranks ranks, Tensor[] weights, Device device)
    {
        (this.ranks, this.weights) = (ranks, weights);
        var of = Divide([.. weights.Select(weight => (weight.Count * weight.DType.Size(), weight.DType))], ranks.Options.BucketBytes);
        Count = of.Length == 0 ? 0 : of[^1] + 1;
        var handles = Array.ConvertAll(weights, weight => weight.Handle);
        NativeDistributed.Check("buckets", NativeDistributed.tutti_buckets_open(ranks.GroupOf(device, ranks.Options.Rounded).Handle, handles, of, of.Length, Count, ranks.Options.Rounded ? 1 : 0, out var made));
        handle = made;
    }

    /// <summary>Buckets in all.</summary>
    public int Count { get; }

    /// <summary>Whether these are buckets of the same weights.</summary>
    public bool Are(Tensor[] others) => weights.AsSpan().SequenceEqual(others);

    /// <summary>The bucket of each weight.</summary>
    /// <param name="sizes">Bytes, and the type, which is one in a bucket.</param>
    /// <param name="most">Bytes of a bucket; a weight that is larger has one of its own.</param>
    public static int[] Divide((long Bytes, DType Type)[] sizes, long most)
    {
        var of = new int[sizes.Length];
        var (bucket, filled) = (0, 0L);
        for (var i = 0; i < sizes.Length; i++)
        {
            if (i > 0 && (filled + sizes[i].Bytes > (bucket == 0 ? Math.Min(First, most) : most) || sizes[i].Type != sizes[i - 1].Type)) (bucket, filled) = (bucket + 1, 0);
            of[i] = bucket;
            filled += sizes[i].Bytes;
        }
        return of;
    }

    /// <summary>Begins an update.</summary>
    public void Begin() => NativeDistributed.Check("buckets", NativeDistributed.tutti_buckets_begin(handle));

    /// <summary>Whether what backward gives from here on is final.</summary>
    public void Arm(bool on) => NativeDistributed.tutti_buckets_arm(handle, on ? 1 : 0);

    /// <summary>Reduces what is left, and waits for all.</summary>
    /// <exception cref="RankLostException">A process is gone.</exception>
    public void Finish()
    {
        NativeDistributed.Check("buckets", NativeDistributed.tutti_buckets_flush(handle));
        ranks.Finish(most =>
        {
            NativeDistributed.Check("reduction of gradients", NativeDistributed.tutti_buckets_wait(handle, (long)most.TotalMilliseconds, out var done));
            return done != 0;
        });
    }

    /// <summary>What all updates so far came to.</summary>
    public BucketStats Stats
    {
        get
        {
            Span<double> stats = stackalloc double[5];
            NativeDistributed.tutti_buckets_stats(handle, stats);
            return new((long)stats[0], (long)stats[1], stats[2], stats[4] == 0 ? 0 : Math.Sqrt(stats[3] / stats[4]));
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref handle, 0) is var old && old != 0) NativeDistributed.tutti_buckets_close(old);
    }
}

/// <summary>What reductions of gradients came to.</summary>
/// <param name="Bytes">Reduced.</param>
/// <param name="Early">Those of them that were on their way before backward ended.</param>
/// <param name="Waited">Seconds in which this process had nothing else to do.</param>
/// <param name="Rounding">What bfloat16 rounded off of this process's gradients, relative to their norm; 0 where they are sent in full.</param>
public sealed record BucketStats(long Bytes, long Early, double Waited, double Rounding)
{
    /// <summary>Of two parts of a fit.</summary>
    public static BucketStats operator +(BucketStats a, BucketStats b) => new(a.Bytes + b.Bytes, a.Early + b.Early, a.Waited + b.Waited,
        a.Bytes + b.Bytes == 0 ? 0 : Math.Sqrt(((a.Rounding * a.Rounding * a.Bytes) + (b.Rounding * b.Rounding * b.Bytes)) / (a.Bytes + b.Bytes)));
}
