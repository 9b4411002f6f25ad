using Tutti.Recipes;
using Tutti.Runs;

namespace Tutti.Tests.Recipes;

public sealed class MemoryLeaseTests
{
    static Cell Of(string member, int fold) => new(member, 1, fold, new CellFolder($"cells/{member}-s1-f{fold}"), "", "", []);

    [Fact]
    public void Cells_share_the_device_as_far_as_their_peaks_fit()
    {
        var lease = new MemoryLease(100, member => member == "big" ? 70 : 30);
        lease.Take(Of("small", 0));
        Assert.True(lease.Fits("big"));
        lease.Take(Of("big", 0));
        Assert.False(lease.Fits("small"));
        lease.Return(Of("small", 0));
        Assert.True(lease.Fits("small"));
        Assert.False(lease.Fits("big"));
    }

    [Fact]
    public void A_cell_that_needs_more_than_there_is_runs_alone()
    {
        var lease = new MemoryLease(100, _ => 130);
        Assert.True(lease.Fits("huge"));
        lease.Take(Of("huge", 0));
        Assert.False(lease.Fits("huge"));
    }

    [Fact]
    public void What_was_measured_counts_and_nothing_is_forecast_again()
    {
        List<string> asked = [];
        var lease = new MemoryLease(100, member =>
        {
            asked.Add(member);
            return 60;
        });
        lease.Measured("known", 40);
        lease.Measured("known", 30);
        Assert.Equal(40, lease.Peak("known"));
        Assert.Equal((60, 60), (lease.Peak("new"), lease.Peak("new")));
        Assert.Equal(["new"], asked);
    }

    [Fact]
    public void A_cell_counts_as_it_planned_itself()
    {
        var lease = new MemoryLease(100, _ => 60);
        lease.Take(Of("a", 0));
        Assert.False(lease.Fits("a"));
        lease.Planned("a seed 1 fold 0", 35);
        Assert.True(lease.Fits("a"));
        lease.Planned("a seed 1 fold 0", 0);                  // a plan of an older resume point that says nothing
        Assert.True(lease.Fits("a"));
    }
}
