using System.Globalization;

namespace Tutti.Distributed;

/// <summary>Which process of several this one is, and where they meet: the variables that torchrun, Slurm, mpirun and Kubernetes set (docs/distributed.md).</summary>
/// <param name="Address">Where rank 0's store listens: a name or an address.</param>
/// <param name="Port">Its port.</param>
/// <param name="Rank">This process, from 0.</param>
/// <param name="Size">Processes in all.</param>
/// <param name="LocalRank">Among those of this machine, from 0: which GPU.</param>
public sealed record Rendezvous(string Address, int Port, int Rank, int Size, int LocalRank)
{
    const int UsualPort = 29500;

    /// <summary>The launcher keeps the store, as torchrun may: then rank 0 is a client too.</summary>
    public bool LauncherStore { get; init; }

    /// <summary>How often the launcher has started these processes again.</summary>
    public int Attempt { get; init; }

    /// <summary>The rendezvous that the environment describes, or null where there is one process only.</summary>
    /// <param name="variable">The environment.</param>
    /// <exception cref="ConfigException">A variable is missing or makes no sense; names it.</exception>
    public static Rendezvous? Of(Func<string, string?> variable)
    {
        if (Processes(variable) is not { } size || size.Value == 1) return null;
        var kind = size.Kind;
        var rank = Number(variable, kind.Rank, 0, size.Value - 1) ?? throw Missing(kind.Rank, $"a number from 0 to {size.Value - 1}", kind);
        var local = Number(variable, kind.LocalRank, 0, size.Value - 1) ?? rank;
        var address = Text(variable, "MASTER_ADDR") ?? FirstHost(variable, kind) ?? throw Missing("MASTER_ADDR", "the name or address of the machine of rank 0", kind);
        var port = Number(variable, "MASTER_PORT", 1, 65535) ?? SlurmPort(variable, kind) ?? throw Missing("MASTER_PORT", "a free port of that machine, such as 29500", kind);
        return new(address, port, rank, size.Value, local)
        {
            LauncherStore = variable("TORCHELASTIC_USE_AGENT_STORE") == "True",
            Attempt = Number(variable, "TORCHELASTIC_RESTART_COUNT", 0, int.MaxValue) ?? 0,
        };
    }

    /// <summary>The names that a launcher gives.</summary>
    sealed record Launcher(string Size, string Rank, string LocalRank);

    static readonly Launcher[] launchers =
    [
        new("WORLD_SIZE", "RANK", "LOCAL_RANK"),
        new("SLURM_NTASKS", "SLURM_PROCID", "SLURM_LOCALID"),
        new("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_RANK"),
        new("PMI_SIZE", "PMI_RANK", "MPI_LOCALRANKID"),
    ];

    /// <summary>The first launcher that says how many processes there are. Slurm says it inside of a batch script too, where only srun starts several: that has a step.</summary>
    static (int Value, Launcher Kind)? Processes(Func<string, string?> variable)
    {
        foreach (var kind in launchers)
        {
            if (kind.Size == "SLURM_NTASKS" && Text(variable, "SLURM_STEP_ID") is null) continue;
            if (Number(variable, kind.Size, 1, 1 << 20) is { } size) return (size, kind);
        }
        return null;
    }

    static string? FirstHost(Func<string, string?> variable, Launcher kind)
    {
        if (kind.Size.StartsWith("SLURM", StringComparison.Ordinal)) return Text(variable, "SLURM_LAUNCH_NODE_IPADDR") ?? (Text(variable, "SLURM_STEP_NODELIST") is { } nodes ? FirstNode(nodes) : null);
        // Processes of one machine need no name for it.
        return kind.Size.StartsWith("OMPI", StringComparison.Ordinal) && variable("OMPI_COMM_WORLD_LOCAL_SIZE") == variable(kind.Size) ? "127.0.0.1" : null;
    }

    /// <summary>The first machine of Slurm's list: "node[07-09,12],big" is node07.</summary>
    internal static string FirstNode(string nodes)
    {
        var open = nodes.IndexOf('[', StringComparison.Ordinal);
        var comma = nodes.IndexOf(',', StringComparison.Ordinal);
        if (open < 0 || (comma >= 0 && comma < open)) return comma < 0 ? nodes : nodes[..comma];
        var inside = nodes[(open + 1)..];
        return nodes[..open] + inside[..inside.IndexOfAny(['-', ',', ']'])];
    }

    // The same for every process of a job, and another for another job.
    static int? SlurmPort(Func<string, string?> variable, Launcher kind) =>
        kind.Size.StartsWith("SLURM", StringComparison.Ordinal) && Number(variable, "SLURM_JOB_ID", 0, int.MaxValue) is { } job ? 20000 + (job % 20000) : kind.Size is "WORLD_SIZE" ? null : UsualPort;

    static string? Text(Func<string, string?> variable, string name) => variable(name) is { } text && text.Trim().Length > 0 ? text.Trim() : null;

    static int? Number(Func<string, string?> variable, string name, int least, int most)
    {
        if (Text(variable, name) is not { } text) return null;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most) return number;
        throw new ConfigException(name, FormattableString.Invariant($"got '{text}', expected a whole number from {least} to {most}"));
    }

    static ConfigException Missing(string name, string expected, Launcher kind) => new(name, $"is not set, but {kind.Size} says that there are several processes; expected {expected}.\nA launcher such as torchrun sets it; take {kind.Size} out of the environment to train with one process.");
}
