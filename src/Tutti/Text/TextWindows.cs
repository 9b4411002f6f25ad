namespace Tutti.Text;

/// <summary>
/// Which parts of a text that is too long for a model are read, one after the other: as many windows as a model reads at a time, evenly spread from the
/// beginning to the end. Of a pair each text keeps the room that plain reading gives it.
/// </summary>
/// <param name="Stride">Tokens from one window to the next, at most; null: half a window.</param>
/// <param name="Most">Windows of a text; where they do not suffice they lie farther apart. 2 are the head and the tail.</param>
public sealed record TextWindows(int? Stride, int Most)
{
    /// <summary>Where the windows of two texts begin (the second may be empty); one pair of places where nothing is cut.</summary>
    /// <param name="first">Tokens of the first text, and how many of them fit.</param>
    /// <param name="second">The same of the second.</param>
    internal (int First, int Second)[] Starts((int Tokens, int Room) first, (int Tokens, int Room) second)
    {
        var count = Math.Min(Math.Max(Needed(first), Needed(second)), Most);
        return [.. Enumerable.Range(0, count).Select(i => (Start(first, i, count), Start(second, i, count)))];
    }

    int Needed((int Tokens, int Room) text)
    {
        var rest = text.Tokens - text.Room;
        if (rest <= 0 || text.Room == 0) return 1;
        // No wider than a window: nothing between two of them is left out.
        var stride = Math.Clamp(Stride ?? text.Room / 2, 1, text.Room);
        return 1 + (rest + stride - 1) / stride;
    }

    static int Start((int Tokens, int Room) text, int window, int count)
    {
        var rest = Math.Max(0, text.Tokens - text.Room);
        return count == 1 ? 0 : (int)Math.Round((double)rest * window / (count - 1));
    }
}
