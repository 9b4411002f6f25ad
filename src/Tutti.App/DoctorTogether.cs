using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Spectre.Console;
using Tutti.Distributed;

namespace Tutti.App;

/// <summary>
/// What <c>tutti doctor --distributed</c> does in each of several processes that a launcher started: it tells the others of itself through the store where they meet, and tries to reach them. Rank 0 shows
/// them side by side, and what is wrong. Nothing is trained, and no process group is made, which would only hang.
/// </summary>
sealed class DoctorTogether(Rendezvous at, TimeSpan wait)
{
    static readonly string[] variables = ["WORLD_SIZE", "RANK", "MASTER_ADDR", "MASTER_PORT"];

    /// <param name="recipe">A recipe that all should have alike, or null.</param>
    /// <param name="wait">For the others.</param>
    /// <returns>The exit code: 1 where something is wrong.</returns>
    public static int Run(string? recipe, TimeSpan wait)
    {
        Rendezvous? at;
        try
        {
            at = TrainTogether.Meeting();
        }
        catch (ConfigException e)
        {
            return Say([e.Message.ReplaceLineEndings(" ")]);
        }
        return at is null ? Alone() : new DoctorTogether(at, wait).Run(recipe);
    }

    static int Alone()
    {
        string[] missing = [.. variables.Where(name => Environment.GetEnvironmentVariable(name) is not { Length: > 0 })];
        return Say([missing.Length == 0 ? "WORLD_SIZE is 1: this process has nobody to train with"
            : $"{string.Join(", ", missing)} {(missing.Length == 1 ? "is" : "are")} not set, so this process is alone; let a launcher start it, such as: tutti launch --processes 2 doctor --distributed"]);
    }

    static int Say(IReadOnlyList<string> faults)
    {
        foreach (var fault in faults) Session.Error.WriteLine($"tutti: {fault}");
        return faults.Count == 0 ? 0 : Session.Failed;
    }

    int Run(string? recipe)
    {
        var facts = RankFacts.Here(at, recipe);
        using var gate = facts.Address.Length == 0 ? null : new RankGate(new(facts.Address, null), at.Rank);
        facts = facts with { Port = gate?.Port ?? 0 };
        if (Unreachable() is { } why) return Say([.. facts.Faults.Append(why).Select(fault => FormattableString.Invariant($"rank {at.Rank}: {fault}"))]);
        using var store = new KeyStore(at.Address, at.Port, Serves, FormattableString.Invariant($"tutti/doctor/{at.Attempt}"), wait);
        store.Set(FormattableString.Invariant($"facts/{at.Rank}"), facts.ToText());
        if (at.Rank == 0) return Lead(store);
        // Rank 0 waits for those that are missing, then for what each cannot reach.
        if (!Await(store, "present", wait + wait)) return Say([FormattableString.Invariant($"rank {at.Rank}: rank 0 says nothing")]);
        Try(store, Present(store));
        var ended = Await(store, "faults", wait + wait);
        var code = ended && store.Text("faults") == "0" ? 0 : Session.Failed;
        store.Add("read", 1);
        return code;
    }

    bool Serves => at.Rank == 0 && !at.LauncherStore;

    /// <summary>Why the store cannot be reached; null: it can, or is this process's own.</summary>
    string? Unreachable()
    {
        var place = FormattableString.Invariant($"MASTER_ADDR and MASTER_PORT say {at.Address}:{at.Port}");
        var begun = Stopwatch.GetTimestamp();
        try
        {
            var addresses = Dns.GetHostAddresses(at.Address);
            if (Serves) return Taken(addresses) is { } fault ? $"{place}, {fault}" : null;
            string? refused = null;
            while (wait - Stopwatch.GetElapsedTime(begun) is var left && left > TimeSpan.Zero)
                try
                {
                    using var client = new TcpClient();
                    if (client.ConnectAsync(addresses, at.Port).Wait(left)) return null;
                }
                catch (AggregateException e) when (e.InnerException is SocketException inner)
                {
                    refused = inner.Message;
                    Thread.Sleep(100);
                }
            var what = refused is null ? "nothing answers" : $"no connection is taken ({refused})";
            return FormattableString.Invariant($"{place}, where {what} for {wait.TotalSeconds:0} s; is rank 0 started, is that its machine, and its firewall open?");
        }
        catch (SocketException e)
        {
            return $"{place}, a name that this machine does not know ({e.Message})";
        }
    }

    /// <summary>Why rank 0 cannot keep the store there.</summary>
    string? Taken(IPAddress[] addresses)
    {
        try
        {
            using var probe = new TcpListener(addresses[0], at.Port);
            probe.Start();
            return null;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.AddressNotAvailable ? "which is not this machine's address; expected rank 0's own" : $"where rank 0 cannot listen ({e.Message})";
        }
    }

    int Lead(KeyStore store)
    {
        var begun = Stopwatch.GetTimestamp();
        int[] missing;
        do
        {
            missing = [.. Enumerable.Range(0, at.Size).Where(rank => !store.Has(FormattableString.Invariant($"facts/{rank}")))];
            if (missing.Length > 0) Thread.Sleep(20);
        }
        while (missing.Length > 0 && Stopwatch.GetElapsedTime(begun) < wait);
        store.Set("present", JsonSerializer.Serialize(Enumerable.Range(0, at.Size).Except(missing)));
        var facts = Present(store);
        Try(store, facts);
        var unreached = new Dictionary<int, IReadOnlyList<Unreached>>();
        foreach (var one in facts)
            if (Await(store, Reach(one.Rank), wait)) unreached[one.Rank] = JsonSerializer.Deserialize<Unreached[]>(store.Text(Reach(one.Rank)))!;
        var faults = RankFaults.Of(facts, at.Size, wait.TotalSeconds, unreached);
        Table(facts);
        foreach (var fault in faults) Session.Error.WriteLine($"tutti: {fault}");
        if (faults.Count == 0) Show.Line(FormattableString.Invariant($"{at.Size} ranks reach each other and agree."));
        store.Set("faults", FormattableString.Invariant($"{faults.Count}"));
        for (var ends = Stopwatch.GetTimestamp(); store.Add("read", 0) < facts.Length - 1 && Stopwatch.GetElapsedTime(ends) < wait;) Thread.Sleep(20);
        return faults.Count == 0 ? 0 : Session.Failed;
    }

    static RankFacts[] Present(KeyStore store) => [.. JsonSerializer.Deserialize<int[]>(store.Text("present"))!.Select(rank => RankFacts.Parse(store.Text(FormattableString.Invariant($"facts/{rank}"))))];

    void Try(KeyStore store, RankFacts[] facts) => store.Set(Reach(at.Rank),
        JsonSerializer.Serialize(facts.Where(one => one.Rank != at.Rank).Select(one => (one, Why: RankGate.Why(one))).Where(one => one.Why is not null).Select(one => new Unreached(one.one.Rank, one.Why!))));

    static string Reach(int rank) => FormattableString.Invariant($"reach/{rank}");

    static bool Await(KeyStore store, string key, TimeSpan most)
    {
        for (var begun = Stopwatch.GetTimestamp(); !store.Has(key); Thread.Sleep(20))
            if (Stopwatch.GetElapsedTime(begun) > most) return false;
        return true;
    }

    static void Table(RankFacts[] facts)
    {
        var table = Show.Table("rank", "machine", "address", "Tutti", "libtorch", "kernels", "system", "recipe and data");
        foreach (var one in facts)
            table.AddRow(Show.Cells(FormattableString.Invariant($"{one.Rank}"), one.Where, one.Address.Length == 0 ? "none" : one.Address, one.Tutti, one.Libtorch, one.Kernels, one.System, one.Recipe is { } recipe ? Recipes.RecipeIdentity.Short(recipe) : "none"));
        Show.Out.Write(table);
    }
}
