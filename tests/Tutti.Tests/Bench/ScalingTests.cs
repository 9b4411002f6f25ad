using Tutti.Bench.Scaling;

namespace Tutti.Tests.Bench;

public sealed class ScalingTests
{
    static readonly Link slow = new("slow", 1e-4, 1e8), quick = new("quick", 1e-6, 1e11);
    static readonly UpdateShape update = new(1, 2, 0.1, UpdateShape.Cut(4e8, 1e8));

    [Fact]
    public void A_ring_takes_the_messages_of_its_formula()
    {
        var ring = new Cluster("", 1, slow, slow, Trees: false);
        Assert.Equal(0, ring.AllReduce(1e9, 1));
        Assert.Equal(2 * (1e-4 + (1e6 / 2 / 1e8)), ring.AllReduce(1e6, 2), 1e-12);
        Assert.Equal(14 * (1e-4 + (1e6 / 8 / 1e8)), ring.AllReduce(1e6, 8), 1e-12);
    }

    [Fact]
    public void Large_sums_take_no_longer_than_twice_their_bytes_whatever_the_number_of_ranks()
    {
        var ring = new Cluster("", 1, quick with { Latency = 0 }, quick with { Latency = 0 }, Trees: false);
        for (var ranks = 2; ranks <= 1024; ranks *= 2) Assert.InRange(ring.AllReduce(1e9, ranks), 1e9 / 1e11, 2 * 1e9 / 1e11);
    }

    [Fact]
    public void Small_sums_of_many_ranks_go_through_trees_where_there_are_any()
    {
        Cluster rings = new("", 1, slow, slow, Trees: false), trees = rings with { Trees = true };
        Assert.Equal(2046 * (1e-4 + (1000 / 1024.0 / 1e8)), rings.AllReduce(1000, 1024), 1e-9);
        Assert.Equal(2 * ((10 * 1e-4) + (1000 / 1e8)), trees.AllReduce(1000, 1024), 1e-9);
        Assert.Equal(rings.AllReduce(1e9, 4), trees.AllReduce(1e9, 4));
    }

    [Fact]
    public void Machines_of_several_ranks_send_less_between_them()
    {
        var cluster = new Cluster("", 8, quick, slow, Trees: false);
        Assert.Equal(14 * quick.Time(1e9 / 8), cluster.AllReduce(1e9, 8), 1e-12);
        Assert.Equal((14 * quick.Time(1e9 / 8)) + (6 * slow.Time(1e9 / 8 / 4)), cluster.AllReduce(1e9, 32), 1e-9);
        Assert.True(cluster.AllReduce(1e9, 32) < new Cluster("", 1, slow, slow, Trees: false).AllReduce(1e9, 32));
    }

    [Fact]
    public void One_rank_takes_its_own_time()
    {
        var alone = SimulatedUpdate.Of(update, new("", 1, slow, slow, Trees: false), [1]);
        Assert.Equal((3.1, 0, 0), (alone.Seconds, alone.Sent, alone.Waited));
    }

    [Fact]
    public void Sums_that_are_quicker_than_backward_hide_behind_it_but_for_the_last()
    {
        var cluster = new Cluster("", 1, quick, quick, Trees: false);
        var two = SimulatedUpdate.Of(update, cluster, [0.5, 0.5]);
        var last = cluster.AllReduce(1e8, 2);
        Assert.Equal(1.5 + last + 0.1, two.Seconds, 1e-12);
        Assert.Equal(4 * last, two.Sent, 1e-12);
        Assert.Equal(0.75, two.Hidden, 1e-9);
    }

    [Fact]
    public void Sums_that_are_slower_than_backward_follow_one_another_from_the_first_that_is_ready()
    {
        var cluster = new Cluster("", 1, slow, slow, Trees: false);
        var two = SimulatedUpdate.Of(update, cluster, [0.5, 0.5]);
        Assert.Equal(0.5 + 0.25 + (4 * cluster.AllReduce(1e8, 2)) + 0.1, two.Seconds, 1e-9);
    }

    [Fact]
    public void The_rank_with_most_work_is_waited_for()
    {
        var cluster = new Cluster("", 1, quick with { Latency = 0, Bandwidth = 1e18 }, quick with { Latency = 0, Bandwidth = 1e18 }, Trees: false);
        var ragged = SimulatedUpdate.Of(update, cluster, [0.7, 0.3]);
        Assert.Equal((0.7 * 3) + 0.1, ragged.Seconds, 1e-6);
        Assert.Equal(1.4, ragged.Slowest, 1e-12);
    }

    [Fact]
    public void What_is_summed_behind_backward_hides_behind_nothing_and_a_pass_has_a_least_time()
    {
        var cluster = new Cluster("", 1, quick, quick, Trees: false);
        var plain = SimulatedUpdate.Of(update, cluster, [0.5, 0.5]);
        var more = SimulatedUpdate.Of(update with { Behind = [8, 1e7], Least = (0.01, 0.02) }, cluster, [0.5, 0.5]);
        Assert.Equal(plain.Seconds + 0.03 + cluster.AllReduce(8, 2) + cluster.AllReduce(1e7, 2), more.Seconds, 1e-12);
        Assert.Equal(3.13, SimulatedUpdate.Of(update with { Behind = [8, 1e7], Least = (0.01, 0.02) }, cluster, [1]).Seconds, 1e-12);
    }

    [Fact]
    public void Rows_are_shared_out_evenly_as_far_as_whole_rows_allow()
    {
        Assert.Equal([0.25, 0.25, 0.25, 0.25], DrawnShares.Of([10], 8, 4));
        var shares = DrawnShares.Of([.. Enumerable.Range(1, 100)], 64, 4);
        Assert.Equal(1, shares.Sum(), 1e-12);
        Assert.InRange(shares.Max() * 4, 1, 1.02);
        // Two ranks have two rows each, one has three.
        Assert.Equal(3 / 7.0, DrawnShares.Of([5], 7, 3).Max(), 1e-12);
        Assert.Equal(2, DrawnShares.Of([5], 2, 4).Count(share => share == 0));
    }
}
