namespace Tutti.Hub;

/// <summary>The hub, or the way to it, failed: nothing that the user's input can mend. What was downloaded and is sound is kept.</summary>
/// <param name="where">The host, or the file of a repository.</param>
/// <param name="text">What is wrong, got, expected, what to do next.</param>
public sealed class HubException(string where, string text, Exception? inner = null) : Exception($"{where}: {text}", inner);

/// <summary>Something that may be gone at the next try.</summary>
/// <param name="after">How long the server asks to wait.</param>
/// <param name="mostTries">After so many there is little hope.</param>
sealed class PassingFault(string text, TimeSpan? after = null, Exception? inner = null, int mostTries = int.MaxValue) : Exception(text, inner)
{
    public int MostTries { get; } = mostTries;

    public TimeSpan? After { get; } = after;
}
