namespace Tutti.Tests;

public sealed class AheadTests
{
    /// <summary>Counts to a number and then perhaps fails; tells how far it is and whether it was closed.</summary>
    sealed class Source(int count, Exception? then = null)
    {
        int made;

        public int Made => Volatile.Read(ref made);
        public bool Closed { get; private set; }
        public ManualResetEventSlim? Gate { get; init; }

        public IEnumerable<int> Elements()
        {
            try
            {
                for (var i = 0; i < count; i++)
                {
                    if (i > 0) Gate?.Wait(TestContext.Current.CancellationToken);
                    Interlocked.Increment(ref made);
                    yield return i;
                }
                if (then is not null) throw then;
            }
            finally
            {
                Closed = true;
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100)]
    public void Elements_and_their_order_are_the_same(int count)
    {
        var source = new Source(count);
        Assert.Equal(Enumerable.Range(0, count), Ahead.Of(source.Elements()));
        Assert.True(source.Closed);
    }

    [Fact]
    public void The_next_element_is_made_while_the_caller_works_and_no_further_one()
    {
        var source = new Source(10);
        foreach (var i in Ahead.Of(source.Elements()))
        {
            Assert.True(SpinWait.SpinUntil(() => source.Made == Math.Min(10, i + 2), TimeSpan.FromSeconds(30)), $"{source.Made} made while the caller works on number {i}");
            Thread.Sleep(1);
            Assert.Equal(Math.Min(10, i + 2), source.Made);
        }
    }

    [Fact]
    public void A_fault_comes_after_the_elements_before_it_as_it_was_thrown()
    {
        var fault = new DataException("rows.csv", "is broken", 17);
        var source = new Source(3, fault);
        var got = new List<int>();
        var thrown = Assert.Throws<DataException>(() =>
        {
            foreach (var i in Ahead.Of(source.Elements())) got.Add(i);
        });
        Assert.Same(fault, thrown);
        Assert.Equal([0, 1, 2], got);
        Assert.True(source.Closed);
    }

    [Fact]
    public async Task Who_stops_early_waits_for_the_source_to_be_closed_and_hears_nothing_of_later_faults()
    {
        using var gate = new ManualResetEventSlim();
        var source = new Source(1, new DataException("rows.csv", "is broken")) { Gate = gate };
        foreach (var _ in Ahead.Of(source.Elements())) break;
        Assert.True(source.Closed);

        var slow = new Source(5) { Gate = gate };
        var stopping = Task.Run(() =>
        {
            foreach (var _ in Ahead.Of(slow.Elements())) break;
        }, TestContext.Current.CancellationToken);
        Assert.False(slow.Closed);                            // its second element is being made
        gate.Set();
        await stopping;
        Assert.True(slow.Closed);
        Assert.InRange(slow.Made, 1, 2);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 3)]
    [InlineData(4, 20)]
    public void What_several_threads_make_comes_in_the_order_of_the_elements(int threads, int waiting)
    {
        var running = 0;
        var most = 0;
        var made = Ahead.Of(Enumerable.Range(0, 200), i =>
        {
            var now = Interlocked.Increment(ref running);
            most = Math.Max(most, now);
            Thread.SpinWait(1000 * (i % 7));
            Interlocked.Decrement(ref running);
            return i * i;
        }, threads, waiting, TestContext.Current.CancellationToken);
        Assert.Equal(Enumerable.Range(0, 200).Select(i => i * i), made);
        Assert.InRange(most, 1, threads);
    }

    [Fact]
    public void A_fault_of_one_of_several_comes_where_its_element_would_have_come()
    {
        var fault = new DataException("b.jpg", "is broken");
        List<int> got = [];
        Assert.Same(fault, Assert.Throws<DataException>(() =>
        {
            foreach (var i in Ahead.Of(Enumerable.Range(0, 20), i => i == 7 ? throw fault : i, 4, 8, TestContext.Current.CancellationToken)) got.Add(i);
        }));
        Assert.Equal(Enumerable.Range(0, 7), got);
    }

    [Fact]
    public void Who_stops_early_leaves_nothing_running()
    {
        var (begun, ended) = (0, 0);
        foreach (var _ in Ahead.Of(Enumerable.Range(0, 1000), i =>
        {
            Interlocked.Increment(ref begun);
            Thread.Sleep(1);
            Interlocked.Increment(ref ended);
            return i;
        }, 2, 6, TestContext.Current.CancellationToken)) break;
        Assert.Equal(begun, ended);
        Assert.InRange(begun, 1, 8);
    }

    [Fact]
    public void Cancelling_ends_it()
    {
        using var stop = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() =>
        {
            foreach (var i in Ahead.Of(Enumerable.Range(0, 1000), i => i, 2, 4, stop.Token))
                if (i == 10) stop.Cancel();
        });
    }
}
