using System.Diagnostics;
using System.Globalization;
using Tutti.Torch;

namespace Tutti.Distributed;

/// <summary>
/// Signs of life: every process counts up a number in the store twice a second. Rank 0 watches all numbers, the others rank 0's and whether the store answers. Who finds that one has stopped
/// says so in the store, where all read it; so everybody ends with the same word of who is lost, also where a collective would never have returned.
/// </summary>
sealed class Liveness : IDisposable
{
    static readonly TimeSpan beat = TimeSpan.FromSeconds(0.5), grace = TimeSpan.FromSeconds(10);
    const string LostKey = "lost", TroubleKey = "trouble", SeenKey = "lost seen";

    readonly KeyStore store;
    readonly Rendezvous at;
    readonly RankOptions options;
    readonly Func<int, string> nameOf;
    readonly Func<long> begun;
    readonly Action<RankLostException>? overdue;
    readonly Thread beats, watch;
    readonly ManualResetEventSlim ended = new();
    readonly long[] counts, changed;                           // of every rank that is watched here: its number, and when it rose
    readonly Lock gate = new();
    long answered = Stopwatch.GetTimestamp();                  // when the store did last
    long known;                                                // when a loss became known here
    volatile RankLostException? lost;

    /// <param name="store">A connection of its own.</param>
    /// <param name="nameOf">What a rank is called.</param>
    /// <param name="begun">Collectives that this process has come to.</param>
    /// <param name="overdue">Called where this process has not ended some seconds after a loss became known.</param>
    public Liveness(KeyStore store, Rendezvous at, RankOptions options, Func<int, string> nameOf, Func<long> begun, Action<RankLostException>? overdue)
    {
        (this.store, this.at, this.options, this.nameOf, this.begun, this.overdue) = (store, at, options, nameOf, begun, overdue);
        counts = new long[at.Size];
        changed = [.. Enumerable.Repeat(Stopwatch.GetTimestamp(), at.Size)];
        (beats, watch) = (Begin(Beats, "signs of life"), Begin(Watch, "watch of signs of life"));
    }

    /// <summary>After a connection broke a process that is silent for so long is the one that is lost.</summary>
    TimeSpan Quick => options.Silence < TimeSpan.FromSeconds(5) ? options.Silence : TimeSpan.FromSeconds(5);

    static Thread Begin(Action body, string name)
    {
        var thread = new Thread(() => body()) { IsBackground = true, Name = name, Priority = ThreadPriority.AboveNormal };
        thread.Start();
        return thread;
    }

    /// <summary>Throws when a process is lost.</summary>
    public void Check()
    {
        if (lost is { } known) throw new RankLostException(known.Rank, known.What, known);
    }

    /// <summary>A collective failed: finds out who is lost.</summary>
    /// <param name="late">It was waited for as long as a collective may take.</param>
    public RankLostException Explain(Exception failure, bool late = false)
    {
        var begun = Stopwatch.GetTimestamp();
        Tell(TroubleKey, FormattableString.Invariant($"{at.Rank} {failure.Message}"));
        while (lost is null && Stopwatch.GetElapsedTime(begun) < (3 * Quick)) Thread.Sleep(20);
        if (lost is null && late && Behind() is { } rank) Announce(rank, FormattableString.Invariant($"{nameOf(rank)} shows signs of life, but for {options.Collective.TotalSeconds:0} s it has not come to what the others wait for"));
        if (lost is null) Announce(at.Rank, $"its connection to another process broke, and nobody is silent ({failure.Message})");
        return new(lost!.Rank, lost.What, failure);
    }

    /// <summary>Who has come to fewer collectives than all others; null where that is nobody.</summary>
    int? Behind()
    {
        try
        {
            lock (gate)
            {
                var came = Enumerable.Range(0, at.Size).Select(rank => store.Add(Begun(rank), 0)).ToArray();
                var least = Array.IndexOf(came, came.Min());
                return came[least] < begun() ? least : null;
            }
        }
        catch (TorchException)
        {
            return null;
        }
    }

    static string Begun(int rank) => FormattableString.Invariant($"begun/{rank}");

    /// <summary>Says that a process is lost; the first word counts.</summary>
    public void Announce(int rank, string what)
    {
        var line = FormattableString.Invariant($"{rank} {what}");
        try
        {
            lock (gate)
            {
                if (store.Add("losses", 1) == 1) store.Set(LostKey, line);
                Learn(store.Text(LostKey));
            }
        }
        catch (TorchException)
        {
            Learn(line);                                      // the store is gone; what is known here counts
        }
    }

    /// <summary>Waits until the others have read who is lost, where this process keeps what they read it from.</summary>
    public void WaitForReaders()
    {
        if (at.LauncherStore || at.Rank != 0) return;
        var begun = Stopwatch.GetTimestamp();
        try
        {
            while (Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(3))
            {
                lock (gate)
                    if (store.Add(SeenKey, 0) >= at.Size - (lost?.Rank == 0 ? 1 : 2)) break;
                Thread.Sleep(20);
            }
            Thread.Sleep(50);
        }
        catch (TorchException)
        {
            return;                                           // nobody is left to wait for
        }
    }

    public void Dispose()
    {
        ended.Set();
        watch.Join();
        if (beats.Join(TimeSpan.FromSeconds(2))) store.Dispose();      // else it waits for a store that will not answer
    }

    void Tell(string key, string value)
    {
        try
        {
            lock (gate) store.Set(key, value);
        }
        catch (TorchException e)
        {
            LostStore(e.Message);
        }
    }

    void Learn(string line)
    {
        lock (ended)
        {
            if (lost is not null) return;
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            known = Stopwatch.GetTimestamp();
            lost = new(int.Parse(line.AsSpan(0, space), CultureInfo.InvariantCulture), line[(space + 1)..]);
        }
    }

    void LostStore(string why) => Learn(at.LauncherStore ? FormattableString.Invariant($"{at.Rank} the launcher's store at {at.Address}:{at.Port} does not answer ({why})")
        : FormattableString.Invariant($"0 {nameOf(0)}: its store at {at.Address}:{at.Port} does not answer ({why})"));

    void Beats()
    {
        var (seen, told) = (false, 0L);
        while (true)
        {
            try
            {
                lock (gate)
                {
                    store.Add(FormattableString.Invariant($"beat/{at.Rank}"), 1);
                    if (begun() is var now && now > told) told = store.Add(Begun(at.Rank), now - told);
                    Volatile.Write(ref answered, Stopwatch.GetTimestamp());
                    if (store.Has(LostKey))
                    {
                        Learn(store.Text(LostKey));
                        if (!seen) store.Add(SeenKey, 1);
                        seen = true;
                    }
                    else Look(store.Has(TroubleKey) ? Quick : options.Silence);
                }
            }
            catch (TorchException e)
            {
                LostStore(e.Message);
                return;
            }
            if (ended.Wait(beat)) return;
        }
    }

    /// <summary>Looks who is silent for too long.</summary>
    void Look(TimeSpan most)
    {
        for (var rank = 0; rank < (at.Rank == 0 ? at.Size : 1); rank++)
        {
            if (rank == at.Rank) continue;
            var count = store.Add(FormattableString.Invariant($"beat/{rank}"), 0);
            if (count != counts[rank]) (counts[rank], changed[rank]) = (count, Stopwatch.GetTimestamp());
            else if (Stopwatch.GetElapsedTime(changed[rank]) > most)
            {
                Announce(rank, FormattableString.Invariant($"{nameOf(rank)} shows no sign of life for {Stopwatch.GetElapsedTime(changed[rank]).TotalSeconds:0} s"));
                return;
            }
        }
    }

    /// <summary>What the other thread cannot see, because it waits itself: a store that answers no more, and a process that does not end.</summary>
    void Watch()
    {
        while (!ended.Wait(beat))
        {
            var silent = Stopwatch.GetElapsedTime(Volatile.Read(ref answered));
            if (lost is null && silent > options.Silence) LostStore(FormattableString.Invariant($"for {silent.TotalSeconds:0} s"));
            if (lost is { } loss && Stopwatch.GetElapsedTime(known) > grace) overdue?.Invoke(loss);
        }
    }
}
