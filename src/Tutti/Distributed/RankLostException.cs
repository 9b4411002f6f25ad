namespace Tutti.Distributed;

/// <summary>A process of several is gone or cannot go on, so that nobody can. The newest checkpoint is whole.</summary>
/// <param name="rank">Which.</param>
/// <param name="what">What is known of it, such as "shows no sign of life for 30 s".</param>
public sealed class RankLostException(int rank, string what, Exception? inner = null)
    : Exception(FormattableString.Invariant($"rank {rank} is lost: {what}. The newest checkpoint is whole: the same command goes on from it."), inner)
{
    /// <summary>What a program ends with when another process of its training is lost: something that may be tried again (EX_TEMPFAIL).</summary>
    public const int ExitCode = 75;

    public int Rank { get; } = rank;
    public string What { get; } = what;
}
