using Tutti.Distributed;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Distributed;

/// <summary>One process of several, started by <see cref="RankProcesses"/>: computes what <see cref="SharedUpdateTests"/> compares.</summary>
public sealed class RankWorker() : EngineTest(threads: 1)
{
    public const string Folder = "TUTTI_TEST_RANKS";

    [Fact(Explicit = true)]
    public void Works_through_its_tasks()
    {
        var folder = Environment.GetEnvironmentVariable(Folder) ?? throw new InvalidOperationException($"{Folder} names the folder for results");
        var at = Rendezvous.Of(Environment.GetEnvironmentVariable);
        Assert.NotNull(at);
        // Small buckets, so that there are several.
        var plain = new RankOptions { Joining = TimeSpan.FromMinutes(3), BucketBytes = 4096 };
        using var ranks = Ranks.Join(at, plain);
        try
        {
            foreach (var dtype in (DType[])[DType.Float64, DType.Float32])
            {
                foreach (var count in (int[])[64, 5, 2])
                    foreach (var checkpointing in (bool[])[false, true]) Write($"gradients {dtype} {count} {checkpointing}", SharedTasks.Gradients(ranks, count, dtype, checkpointing));
                Write($"fit {dtype}", SharedTasks.Fit(ranks, dtype));
            }
            Shortage(ranks, Write);
            foreach (var where in Moments)
                foreach (var share in ShortShares) Write(FormattableString.Invariant($"short in the {where} {share}"), SharedTasks.Gradients(ranks, 64, DType.Float64, shortage: ranks.Rank == 1 ? new(where, share) : null));
            List<double> planned = [];
            // Two buckets' room more than without other processes.
            var tight = SharedTasks.Fit(ranks, DType.Float64, limit: ranks.Rank == 1 ? SharedTasks.TightLimit() + 8192 : 0, planned: planned);
            tight["planned"] = [.. planned];
            Write("short in planning", tight);
            Write("resumed", SharedTasks.Rest(ranks, Path.Combine(folder, "half")));
            // The last process is the one that is asked to end.
            SharedTasks.Half(ranks, Path.Combine(folder, "half of all"), stopHere: at.Rank == at.Size - 1);
            ranks.Options = plain with { ShardState = true };
            Write("fit in parts", SharedTasks.Fit(ranks, DType.Float64));
            SharedTasks.Half(ranks, Path.Combine(folder, "half in parts"));
            Write("resumed in parts", SharedTasks.Rest(ranks, Path.Combine(folder, "half again")));
            ranks.Options = plain with { Rounded = true };
            List<string> notes = [];
            Write("gradients rounded", SharedTasks.Gradients(ranks, 64, DType.Float32));
            Write("fit rounded", SharedTasks.Fit(ranks, DType.Float32, notes: notes));
            if (ranks.IsFirst) File.WriteAllLines(Path.Combine(folder, "rounded.txt"), notes);
            ranks.Leave();
        }
        catch (Exception e)
        {
            ranks.Fail(e);
            throw;
        }

        void Write(string name, Dictionary<string, double[]> numbers) => SharedTasks.Write(Path.Combine(folder, FormattableString.Invariant($"{name} {ranks.Rank}")), numbers);
    }

    /// <summary>The last process lives, but never comes to the third collective; the others write down how they ended.</summary>
    [Fact(Explicit = true)]
    public void Waits_for_one_that_never_comes()
    {
        var at = Rendezvous.Of(Environment.GetEnvironmentVariable);
        Assert.NotNull(at);
        using var ranks = Ranks.Join(at, new() { Joining = TimeSpan.FromMinutes(3), Collective = TimeSpan.FromSeconds(10) }, overdue: _ => Ranks.EndNow(RankLostException.ExitCode));
        try
        {
            ranks.Meet();
            ranks.Meet();
            if (ranks.Rank == ranks.Count - 1) Thread.Sleep(Timeout.Infinite);
            ranks.Meet();
        }
        catch (RankLostException e)
        {
            File.WriteAllText(Path.Combine(Environment.GetEnvironmentVariable(Folder)!, FormattableString.Invariant($"lost {ranks.Rank}")), e.Message);
            ranks.Fail(e);
        }
    }

    /// <summary>Micro-batches of a process's share.</summary>
    internal static readonly string[] Moments = ["first", "middle", "last"];

    /// <summary>How far such a micro-batch comes: in its forward pass, and in backward.</summary>
    internal static readonly double[] ShortShares = [0.2, 0.7];

    /// <summary>Shares of the memory that rank 1's part takes, of which it alone has no more.</summary>
    internal static readonly int[] Shares = [95, 90, 85, 80, 75, 70, 65, 60, 55, 50];

    /// <summary>Rank 1 alone has little memory, as far as its part can be computed in it at all.</summary>
    static void Shortage(Ranks ranks, Action<string, Dictionary<string, double[]>> write)
    {
        var whole = SharedTasks.PeakOfShare(1, ranks.Count, limit: 0);
        foreach (var share in Shares)
        {
            var limit = whole * share / 100;
            if (ranks.Rank == 1) Assert.True(whole > 0);
            var fits = ranks.Rank != 1 || SharedTasks.PeakOfShare(1, ranks.Count, limit) > 0;
            if (ranks.Reduce([fits ? 0 : 1], ReduceKind.Most)[0] > 0) continue;
            List<int> cuts = [];
            // Two buckets' room more than without other processes.
            var gradients = SharedTasks.Gradients(ranks, 64, DType.Float64, limit: ranks.Rank == 1 ? limit + 8192 : 0, cuts: cuts);
            gradients["cuts"] = [.. cuts.Select(cut => (double)cut)];
            write(FormattableString.Invariant($"shortage {share}"), gradients);
        }
    }
}
