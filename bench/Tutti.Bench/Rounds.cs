namespace Tutti.Bench;

/// <summary>Ours and the peer in turn, so that whatever else the machine does falls on both; the first round of each warms up and is dropped.</summary>
static class Rounds
{
    /// <param name="measured">Rounds of each side that count.</param>
    /// <param name="ours">One round of ours.</param>
    /// <param name="peer">The peer, or null.</param>
    /// <param name="theirs">One round of the peer.</param>
    /// <param name="label">For the progress line.</param>
    /// <returns>Both sides' rounds, why the peer stopped (or null), and what else the machine did meanwhile.</returns>
    public static (List<Round> Ours, List<Round> Peer, string? Failed, Surroundings Surroundings) Alternate(int measured, Func<Round> ours, Peer? peer, Func<Peer, Round> theirs, string label)
    {
        List<Round> our = [], their = [];
        string? failed = null;
        var watch = new Watch();
        for (var round = 0; round <= measured; round++)
        {
            Console.Error.WriteLine(round == 0 ? $"{label}: warming up" : FormattableString.Invariant($"{label}: round {round} of {measured}"));
            if (round == 1) watch.Begin(peer);
            our.Add(watch.Ours(peer, ours));
            if (peer is null || failed is not null) continue;
            try
            {
                their.Add(watch.Theirs(() => theirs(peer)));
            }
            catch (PeerException e)
            {
                failed = e.Message;
                their.Clear();
            }
        }
        return (our[1..], their.Count > 0 ? their[1..] : [], failed, watch.End(failed is null ? peer : null));
    }
}
