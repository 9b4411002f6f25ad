using System.Text.Json.Nodes;

namespace Tutti.Text;

/// <summary>Which of two texts is cut.</summary>
enum TruncationStrategy { LongestFirst, OnlyFirst, OnlySecond }

/// <summary>How a tokenizer.json cuts long texts.</summary>
/// <param name="MaxLength">The most ids, special tokens included.</param>
/// <param name="FromLeft">The beginning goes instead of the end.</param>
sealed record Truncation(int MaxLength, bool FromLeft, TruncationStrategy Strategy)
{
    /// <summary>The stride is for the cut-off rest, which is not kept.</summary>
    /// <param name="least">Special tokens that are never cut.</param>
    public static Truncation Read(JsonPart part, int least)
    {
        var length = part["max_length"];
        return new(length.Number >= least ? length.Number : throw length.Error($"at least {least}, the special tokens of a pair"),
            part.TextOf("direction") switch { null or "Right" => false, "Left" => true, _ => throw part["direction"].Error("Right or Left") },
            JsonNames.Of(part, "strategy", TruncationStrategy.LongestFirst));
    }

    /// <summary>How many tokens of each text stay within a budget.</summary>
    /// <param name="way">Null: the longer text is cut, the second where both are equally long.</param>
    public static (int First, int Second) Lengths(Truncation? way, int first, int? second, int budget)
    {
        if (second is not { } other) return (Math.Min(first, budget), 0);
        var surplus = Math.Max(0, first + other - budget);
        switch (way?.Strategy)
        {
            case TruncationStrategy.OnlyFirst: return Only(first, other, surplus, swapped: false);
            case TruncationStrategy.OnlySecond: return Only(other, first, surplus, swapped: true);
            default:
                // Token by token from the longer one: first down to the other's length, then by turns, the second before the first.
                var level = Math.Min(surplus, Math.Abs(first - other));
                var turns = surplus - level;
                return (first - (first > other ? level : 0) - turns / 2, other - (first > other ? 0 : level) - (turns + 1) / 2);
        }
    }

    /// <summary>One text gives what it can, the other the rest.</summary>
    static (int First, int Second) Only(int cut, int kept, int surplus, bool swapped)
    {
        var taken = Math.Min(cut, surplus);
        (cut, kept) = (cut - taken, kept - (surplus - taken));
        return swapped ? (kept, cut) : (cut, kept);
    }

    public JsonObject ToJson() => new()
    {
        ["direction"] = FromLeft ? "Left" : "Right",
        ["max_length"] = MaxLength,
        ["strategy"] = Strategy.ToString(),
        ["stride"] = 0,
    };
}
