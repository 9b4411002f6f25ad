namespace Tutti;

/// <summary>Takes a sequence one element ahead: while the caller works on one, the next is made on another thread. No more than that one waits.</summary>
static class Ahead
{
    /// <summary>The same elements in the same order. What the source throws comes where its element would have come.</summary>
    /// <param name="source">Enumerated on threads of the pool, by one at a time; disposed when the caller stops, wherever that is.</param>
    public static IEnumerable<T> Of<T>(IEnumerable<T> source)
    {
        using var elements = source.GetEnumerator();
        var next = Task.Run(Next);
        try
        {
            while (next.GetAwaiter().GetResult() is var (any, element) && any)
            {
                next = Task.Run(Next);
                yield return element;
            }
        }
        finally
        {
            Task.WaitAny(next);                               // the source is not disposed while it works; a fault of an element that nobody asked for is nobody's
        }

        (bool Any, T Element) Next() => elements.MoveNext() ? (true, elements.Current) : (false, default!);
    }
}
