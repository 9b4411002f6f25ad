using Tutti.Distributed;
using Tutti.Runs;

namespace Tutti.Recipes;

/// <summary>Whether all processes see the same run folder: rank 0 leaves a mark of a random name, for which the others look.</summary>
static class SharedFolder
{
    /// <summary>A file system of a network may show it somewhat later.</summary>
    static readonly TimeSpan most = TimeSpan.FromSeconds(3);

    /// <summary>Rank 0 asks; the folder exists.</summary>
    /// <returns>Who does not see it and where that looked, such as "rank 1 (process 4711 on node7)"; null: all see it.</returns>
    public static string? Blind(Ranks ranks, RunFolder files)
    {
        var name = Path.GetRandomFileName();
        var mark = files.Lock(name);
        AtomicFile.Write(mark, name);
        try
        {
            CellOrders.Look(ranks, name);
            var blind = Tell(ranks, true);
            var rank = Array.FindIndex(blind, one => one > 0);
            return rank < 0 ? null : FormattableString.Invariant($"rank {rank} ({ranks.NameOf(rank)})");
        }
        finally
        {
            File.Delete(mark);
        }
    }

    /// <summary>Another process looks.</summary>
    /// <param name="name">Of the mark.</param>
    public static void Look(Ranks ranks, RunFolder files, string name)
    {
        var (mark, begun) = (files.Lock(name), System.Diagnostics.Stopwatch.GetTimestamp());
        while (!Sees(mark, name) && System.Diagnostics.Stopwatch.GetElapsedTime(begun) < most) Thread.Sleep(50);
        Tell(ranks, Sees(mark, name));
    }

    static bool Sees(string mark, string name)
    {
        try
        {
            return File.Exists(mark) && File.ReadAllText(mark) == name;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    static double[] Tell(Ranks ranks, bool sees)
    {
        var blind = new double[ranks.Count];
        blind[ranks.Rank] = sees ? 0 : 1;
        return ranks.Reduce(blind, ReduceKind.Sum);
    }
}
