using System.Collections.Concurrent;
using Tutti.Torch;

namespace Tutti.Distributed;

/// <summary>
/// A time in which every process works by itself and none waits in a collective, however long it takes. They know of each other by the store alone: who is lost, who was asked to end, who has ended, and what is told to rank 0.
/// </summary>
sealed class RanksApart : IDisposable
{
    static readonly TimeSpan pause = TimeSpan.FromSeconds(0.1);

    readonly Ranks ranks;
    readonly KeyStore store;
    readonly string name;
    readonly Action<int, string> told;
    readonly CancellationToken asked;
    readonly CancellationTokenSource stop = new();
    readonly ManualResetEventSlim over = new(), left = new();
    readonly ConcurrentQueue<string> lines = [];
    readonly long[] read;                                      // lines of every rank that rank 0 has read
    readonly Thread watch;
    volatile string? word, moment;
    string? momentSaid;
    string[] words = [], moments;
    long lineCount;
    bool said, asking;
    Exception? failure;

    /// <param name="store">Is used by this alone until it is disposed.</param>
    /// <param name="name">Of this time among others.</param>
    public RanksApart(Ranks ranks, KeyStore store, string name, Action<int, string> told, CancellationToken asked)
    {
        (this.ranks, this.store, this.name, this.told, this.asked) = (ranks, store, name, told, asked);
        (read, moments) = (new long[ranks.Count], new string[ranks.Count]);
        watch = new(Watch) { IsBackground = true, Name = "watch of other ranks" };
        watch.Start();
    }

    /// <summary>Cancelled when any process was asked to end, or is lost.</summary>
    public CancellationToken Stop => stop.Token;

    /// <summary>Tells rank 0 something.</summary>
    public void Tell(string line) => lines.Enqueue(line);

    /// <summary>The same for what is soon replaced by something newer, and then need not be read.</summary>
    public void TellNow(string line) => moment = line;

    /// <summary>This process has done its part: waits for the others.</summary>
    /// <param name="result">What the others are to know of it.</param>
    /// <returns>What each said, by rank.</returns>
    /// <exception cref="RankLostException">A process is lost.</exception>
    public string[] End(string result)
    {
        word = result;
        over.Wait(CancellationToken.None);
        return failure switch
        {
            null => words,
            RankLostException lost => throw new RankLostException(lost.Rank, lost.What, lost),
            _ => throw new InvalidOperationException("the watch of the other processes failed", failure),
        };
    }

    void Watch()
    {
        try
        {
            do ranks.Check();
            while (!Look() && !left.Wait(pause));
        }
        catch (TorchException e)
        {
            failure = ranks.Explain(e);
        }
        catch (Exception e)
        {
            failure = e;
        }
        if (failure is not null) stop.Cancel();
        over.Set();
    }

    /// <returns>Whether all have ended.</returns>
    bool Look()
    {
        if (asked.IsCancellationRequested && !asking)
        {
            asking = true;
            store.Add($"{name}/stop", 1);
        }
        if (!stop.IsCancellationRequested && store.Add($"{name}/stop", 0) > 0)
        {
            stop.Cancel();
            if (!asking) ranks.Interrupted?.Invoke();
        }
        var ending = word;                                     // what is told from here on is told before it
        while (lines.TryDequeue(out var line)) store.Set(Of("line", ranks.Rank, lineCount++), line);
        if (moment is { } now && now != momentSaid) store.Set(Of("now", ranks.Rank), momentSaid = now);
        if (ending is not null && !said)
        {
            said = true;
            store.Set(Of("word", ranks.Rank), ending);
            store.Add($"{name}/ended", 1);
        }
        var ended = store.Add($"{name}/ended", 0) == ranks.Count;
        if (ranks.IsFirst) Listen();
        if (ended) words = [.. Enumerable.Range(0, ranks.Count).Select(rank => store.Text(Of("word", rank)))];
        return ended;
    }

    void Listen()
    {
        for (var rank = 1; rank < ranks.Count; rank++)
        {
            while (store.Has(Of("line", rank, read[rank]))) told(rank, store.Text(Of("line", rank, read[rank]++)));
            if (!store.Has(Of("now", rank)) || store.Text(Of("now", rank)) is not { } now || now == moments[rank]) continue;
            told(rank, moments[rank] = now);
        }
    }

    string Of(string what, int rank, long number = 0) => FormattableString.Invariant($"{name}/{what}/{rank}/{number}");

    public void Dispose()
    {
        left.Set();
        if (watch.Join(TimeSpan.FromSeconds(2))) stop.Dispose();       // else it waits for a store that will not answer
    }
}
