namespace Tutti.Bench;

/// <summary>One name of <c>tutti bench</c>.</summary>
/// <param name="Name">As on the command line.</param>
/// <param name="About">One line for the list.</param>
/// <param name="Cases">In the order of running.</param>
abstract record Measurement(string Name, string About, IReadOnlyList<string> Cases)
{
    /// <summary>Measures some cases and prints what was found.</summary>
    /// <param name="cases">Of <see cref="Cases"/>, in their order.</param>
    /// <param name="rounds">Measured rounds after one to warm up; null for the usual number.</param>
    /// <param name="format">How it is printed.</param>
    /// <exception cref="ConfigException">This measurement cannot be told so.</exception>
    public abstract void Run(IReadOnlyList<string> cases, int? rounds, Format format);

    /// <summary>Rounds that are measured unless the command line says otherwise.</summary>
    protected const int UsualRounds = 3;
}

/// <summary>One kind of work that is measured beside a peer.</summary>
/// <param name="Name">As on the command line.</param>
/// <param name="About">One line for the list.</param>
/// <param name="Unit">Of both sides' figures.</param>
/// <param name="MoreIsBetter">False for times.</param>
/// <param name="Cases">In the order of running.</param>
/// <param name="Measure">Measures one case with so many rounds.</param>
sealed record Benchmark(string Name, string About, string Unit, bool MoreIsBetter, IReadOnlyList<string> Cases, Func<string, int, Outcome> Measure) : Measurement(Name, About, Cases)
{
    public override void Run(IReadOnlyList<string> cases, int? rounds, Format format)
    {
        var report = new Report(this, format);
        foreach (var one in cases) report.Add(Measure(one, rounds ?? UsualRounds));
        report.End();
    }
}

/// <summary>What one side did in one round.</summary>
/// <param name="Value">In the benchmark's unit.</param>
/// <param name="Peak">The most memory so far in bytes, or 0 where it is not watched: of tensors on our side, of the whole process on the peer's.</param>
/// <param name="Parts">Where the time went, or null.</param>
/// <param name="Resident">The most memory of our whole process so far in bytes, or 0 where it is not watched.</param>
sealed record Round(double Value, long Peak = 0, Parts? Parts = null, long Resident = 0);

/// <summary>Milliseconds of one update.</summary>
sealed record Parts(double Forward, double Backward, double Optimizer);

/// <summary>A case measured on both sides.</summary>
/// <param name="Case">Its name.</param>
/// <param name="Ours">The measured rounds.</param>
/// <param name="Peer">The peer's, none when it was left out.</param>
/// <param name="PeerName">Who the peer is.</param>
/// <param name="PeerConditions">How the peer was run.</param>
/// <param name="Skipped">Why there is no peer, or null.</param>
/// <param name="Surroundings">What else happened on the machine.</param>
/// <param name="OurParts">Where our time goes, measured in a pass of its own, or null.</param>
/// <param name="Facts">Further columns of a benchmark, by their heads; the same heads in every case.</param>
sealed record Outcome(string Case, IReadOnlyList<Round> Ours, IReadOnlyList<Round> Peer, string PeerName, string PeerConditions, string? Skipped, Surroundings Surroundings, Parts? OurParts = null, IReadOnlyDictionary<string, string>? Facts = null);
