using Tutti.Nn;
using Tutti.Torch;
using Xunit.Sdk;

namespace Tutti.Tests.Torch;

public sealed class ScopeTests : EngineTest
{
    [Fact]
    public void A_scope_frees_what_was_made_in_it()
    {
        Tensor inner;
        using (var scope = new Scope())
        {
            inner = Tensor.Zeros([4]);
            Assert.Equal(1, Live.Count);
        }
        Assert.True(inner.IsDisposed);
        Assert.Equal(0, Live.Count);
    }

    [Fact]
    public void Kept_tensors_move_to_the_enclosing_scope()
    {
        Tensor kept;
        using (var outer = new Scope())
        {
            using (var inner = new Scope()) kept = inner.Keep(Tensor.Zeros([4]) + 1);
            Assert.False(kept.IsDisposed);
            Assert.Equal(1, Live.Count);
            Assert.Equal([1f, 1, 1, 1], kept.ToArray<float>());
        }
        Assert.True(kept.IsDisposed);
    }

    [Fact]
    public void Keep_leaves_the_tensors_of_other_scopes_where_they_are()
    {
        var mine = Tensor.Zeros([1]);
        using (var inner = new Scope()) Assert.Same(mine, inner.Keep(mine));
        Assert.False(mine.IsDisposed);
    }

    [Fact]
    public void Run_frees_all_but_its_result()
    {
        Tensor? middle = null;
        var result = Scope.Run(() => (middle = Tensor.Zeros([2]) + 1) + 1);
        Assert.True(middle!.IsDisposed);
        Assert.Equal([2f, 2], result.ToArray<float>());
        Assert.Equal(1, Live.Count);
    }

    [Fact]
    public void Run_frees_everything_when_its_body_fails()
    {
        Assert.Throws<TorchException>(() => Scope.Run(() => Tensor.Zeros([2, 2]).MatMul(Tensor.Zeros([3, 3]))));
        Assert.Equal(0, Live.Count);
        Assert.Equal([1f], (Tensor.Zeros([1]) + 1).ToArray<float>());              // the enclosing scope is the current one again
    }

    [Fact]
    public void Scopes_close_in_the_reverse_order_of_their_opening()
    {
        var outer = new Scope();
        var inner = new Scope();
        Assert.Contains("reverse order", Assert.Throws<InvalidOperationException>(outer.Dispose).Message, StringComparison.Ordinal);
        inner.Dispose();
        outer.Dispose();
    }

    [Fact]
    public void Another_thread_cannot_close_a_scope()
    {
        using var scope = new Scope();
        Exception? error = null;
        var thread = new Thread(() => error = Record.Exception(scope.Dispose));
        thread.Start();
        thread.Join();
        Assert.IsType<InvalidOperationException>(error);
    }

    [Fact]
    public void Weights_survive_the_scope_they_were_made_in_and_go_with_their_params()
    {
        Params p;
        Tensor weight;
        using (var scope = new Scope())
        {
            p = new Params(1);
            weight = p.Get("weight", Init.Ones, true, 3);
            (weight * 2).Sum().Backward();
        }
        Assert.Equal(1, Live.Count);
        Assert.Equal([1f, 1, 1], weight.ToArray<float>());
        p.Dispose();
        p.Dispose();
        Assert.True(weight.IsDisposed);
        Assert.Equal(0, Live.Count);
    }

    [Fact]
    public void A_tensor_used_after_its_scope_says_what_to_do()
    {
        Tensor gone;
        using (var scope = new Scope()) gone = Tensor.Zeros([1]);
        var error = Assert.Throws<ObjectDisposedException>(() => gone + 1);
        Assert.Contains("the scope this tensor belonged to has been closed", error.Message, StringComparison.Ordinal);
        Assert.Throws<ObjectDisposedException>(() => Tensor.Cat([gone]));
        Assert.Equal("disposed tensor", gone.ToString());
        gone.Dispose();
        Assert.Equal(0, Live.Count);
    }

    [Fact]
    public void A_test_counts_its_own_tensors()
    {
        Assert.Same(Live, LiveTensors.Current);
        var x = Tensor.Zeros([1]);
        Assert.Equal(1, Live.Count);
        Assert.False(x.IsDisposed);
    }
}

/// <summary>What cannot run inside an <see cref="EngineTest"/>, because it is about it or about counts of its own.</summary>
[Collection(nameof(OneAfterAnother))]
public sealed class LiveTensorsTests
{
    sealed class Leaking : EngineTest
    {
        public static Tensor Leak() => Tensor.Zeros([1]).Owned();
    }

    [Fact]
    public void A_test_that_leaks_a_tensor_fails()
    {
        var test = new Leaking();
        using var leak = Leaking.Leak();
        Assert.Contains("1 tensors outlived", Assert.IsType<XunitException>(Record.Exception(test.Dispose), exactMatch: false).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Flows_count_apart()
    {
        var mine = LiveTensors.Open();
        using var x = Tensor.Zeros([1]);
        var other = await Task.Run(() =>
        {
            var count = LiveTensors.Open();
            using var a = Tensor.Zeros([1]);
            using var b = Tensor.Zeros([1]);
            return count.Count;
        }, TestContext.Current.CancellationToken);
        Assert.Equal((2, 1), (other, mine.Count));
    }

    [Fact]
    public void A_tensor_goes_back_to_the_count_it_began_in()
    {
        var first = LiveTensors.Open();
        var x = Tensor.Zeros([1]);
        var second = LiveTensors.Open();
        x.Dispose();
        Assert.Equal((0, 0), (first.Count, second.Count));
    }

    [Fact]
    public void What_the_collector_had_to_free_is_counted()
    {
        var (live, before, pressure) = (LiveTensors.Open(), LiveTensors.Finalized, new List<byte[]>());
        Forget();
        // Allocate until a collection finds it: nothing asks for one.
        var deadline = DateTime.UtcNow.AddSeconds(20);
        for (var i = 0; live.Count > 0 && DateTime.UtcNow < deadline; i++)
        {
            pressure.Add(new byte[1 << 16]);
            if (pressure.Count == 1000) pressure.Clear();
            if (i % 1000 == 0) Thread.Sleep(1);
        }
        Assert.Equal(0, live.Count);
        Assert.True(LiveTensors.Finalized > before);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Forget() => Assert.False(Tensor.Zeros([1]).IsDisposed);
    }
}
