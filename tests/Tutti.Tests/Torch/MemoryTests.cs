using Tutti.Torch;

namespace Tutti.Tests.Torch;

/// <summary>The process's one CPU allocator; tests of this assembly run one after another, so nothing else moves its counters.</summary>
public sealed class MemoryTests : EngineTest
{
    const long MiB = 1 << 20;

    static MemoryStats Now => Memory.Stats(Device.Cpu);

    [Fact]
    public void Bytes_in_use_follow_tensors_and_the_peak_stays()
    {
        var before = Memory.Stats(Device.Cpu, resetPeak: true);
        using (var scope = new Scope())
        {
            _ = Tensor.Empty([4 * MiB]);                                           // 16 MiB, a size class of its own
            Assert.Equal(16 * MiB, Now.InUse - before.InUse);
        }
        Assert.Equal(before.InUse, Now.InUse);
        Assert.Equal(before.InUse + (16 * MiB), Now.Peak);
        _ = Memory.Stats(Device.Cpu, resetPeak: true);
        Assert.Equal(before.InUse, Now.Peak);
    }

    [Fact]
    public void A_backward_that_runs_out_of_memory_keeps_nothing()
    {
        var before = Now.InUse;
        try
        {
            using var scope = new Scope();
            var weight = Tensor.Zeros([4 * MiB]).RequireGrad();
            var loss = weight.Tanh().Exp().Sum() + weight.Exp().Tanh().Sum();        // while one branch fails the other waits, with what it kept
            Memory.Limit(Now.InUse + MiB);
            Assert.Throws<TorchMemoryException>(loss.Backward);
        }
        finally
        {
            Memory.Limit(null);
        }
        Assert.Equal(before, Now.InUse);
    }

    [Fact]
    public void A_freed_block_is_cached_and_taken_again()
    {
        Memory.Trim();
        using (var scope = new Scope()) _ = Tensor.Empty([4 * MiB]);
        Assert.Equal(16 * MiB, Now.Cached);
        using (var scope = new Scope())
        {
            _ = Tensor.Empty([4 * MiB]);
            Assert.Equal(0, Now.Cached);
        }
        Memory.Trim();
        Assert.Equal(0, Now.Cached);
    }

    [Fact]
    public void A_limit_is_kept_and_the_engine_goes_on_after_it()
    {
        var (x, y) = (Tensor.Zeros([1024, 1024]), Tensor.Zeros([1024, 2048]));     // the product needs 8 MiB
        var limit = Now.InUse + (6 * MiB);
        try
        {
            Memory.Limit(limit);
            Assert.Equal((limit, true), (Now.Limit, Now.InUse + Now.Cached <= limit));
            var error = Assert.Throws<TorchMemoryException>(() => x.MatMul(y));
            Assert.StartsWith("aten::matmul(float32 (1024, 1024), float32 (1024, 2048))", error.Message, StringComparison.Ordinal);
            Assert.Contains($"the limit is {limit} bytes", error.Message, StringComparison.Ordinal);
            Assert.Throws<TorchMemoryException>(() => Tensor.Zeros([2 * MiB]));
            Assert.Equal([1024L, 1024], x.MatMul(y.Narrow(1, 0, 1024)).Shape);     // 4 MiB fit
            Assert.True(Now.InUse <= limit);
        }
        finally
        {
            Memory.Limit(null);
        }
        Assert.Equal([1024L, 2048], x.MatMul(y).Shape);
        Assert.Equal(-1, Now.Limit);
    }

    [Fact]
    public void Memory_that_ends_in_backward_is_an_error_too()
    {
        using var fence = new Scope();
        var w = Tensor.Zeros([1024, 1024]).RequireGrad();                          // 4 MiB, as its gradient
        var loss = w.Exp().Sum();
        try
        {
            Memory.Limit(Now.InUse + MiB);
            Assert.Throws<TorchMemoryException>(loss.Backward);
        }
        finally
        {
            Memory.Limit(null);
            w.SetGrad(null);
        }
    }

    [Fact]
    public void A_limit_below_what_is_in_use_lets_nothing_be_cached()
    {
        Memory.Trim();
        try
        {
            using (var scope = new Scope())
            {
                _ = Tensor.Empty([4 * MiB]);
                Memory.Limit(Now.InUse - (8 * MiB));
            }
            Assert.True(Now.InUse + Now.Cached <= Now.Limit);
        }
        finally
        {
            Memory.Limit(null);
        }
    }

    [Fact]
    public void A_thousand_ragged_sizes_do_not_make_memory_grow()
    {
        Memory.Trim();
        var start = Memory.Stats(Device.Cpu, resetPeak: true);
        var random = RandomStream.Of(5, "ragged sizes");
        long peak = start.InUse, most = 0;
        for (var i = 0; i < 1000; i++)
        {
            using var scope = new Scope();
            for (var k = 0; k < 8; k++) _ = Tensor.Empty([random.Below((8 * i) + k, 1 << 20) + 1]);
            peak = Math.Max(peak, Now.Peak);
            most = Math.Max(most, Now.InUse + Now.Cached);
        }
        Assert.True(most <= (peak * 1.25) + (64 * MiB), $"held {most} bytes at a peak of {peak}");
        Assert.Equal(start.InUse, Now.InUse);
        Memory.Trim();
        Assert.Equal(0, Now.Cached);
    }

    [Fact]
    public void Blocks_are_aligned_for_vector_kernels()
    {
        for (var n = 1; n < 5000; n += 7)
        {
            using var scope = new Scope();
            unsafe
            {
                Assert.Equal(0, (long)Tensor.Empty([n], DType.UInt8).Data % 64);
            }
        }
    }

    [Fact]
    public void Threads_may_allocate_at_the_same_time()
    {
        var before = Now.InUse;
        Parallel.For(0, 200, i =>
        {
            using var scope = new Scope();
            var x = Tensor.Empty([1000 + (i * 37)], DType.Int32);
            x.Fill(i);
            Assert.All(x.ToArray<int>(), value => Assert.Equal(i, value));
        });
        Assert.Equal(before, Now.InUse);
    }

    [Theory]
    [InlineData(500, "0.5 kB"), InlineData(1_500_000, "1.5 MB"), InlineData(1_500_000_000, "1.50 GB")]
    public void Bytes_are_said_in_a_fitting_unit(long bytes, string text) => Assert.Equal(text, MemoryStats.Text(bytes));
}
