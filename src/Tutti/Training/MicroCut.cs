using System.Text.Json.Nodes;

namespace Tutti.Training;

/// <summary>
/// How many tokens a micro-batch may have right now: what was planned, less where memory ran out, and more again after some calm
/// updates, because whatever took the memory may have given it back.
/// </summary>
sealed class MicroCut
{
    const int CalmUpdates = 8;

    readonly int planned;
    int calm;

    public MicroCut(int planned) => Tokens = this.planned = planned;

    public int Tokens { get; private set; }

    /// <summary>A micro-batch of that many tokens had no room.</summary>
    public void Shrink(int tokens) => (Tokens, calm) = (Math.Max(1, Math.Min(Tokens, tokens / 2)), 0);

    /// <summary>Another process had no room for more than that: all go on with as many.</summary>
    public void Agree(int tokens)
    {
        if (tokens < Tokens) (Tokens, calm) = (tokens, 0);
    }

    public void UpdateDone()
    {
        if (Tokens == planned || ++calm < CalmUpdates) return;
        (Tokens, calm) = ((int)Math.Min(planned, 2L * Tokens), 0);
    }

    public JsonObject ToJson() => new() { ["tokens"] = Tokens, ["calm"] = calm };

    public void Restore(JsonNode from) => (Tokens, calm) = (Math.Min(planned, from["tokens"]!.GetValue<int>()), from["calm"]!.GetValue<int>());
}
