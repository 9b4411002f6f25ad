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

    /// <summary>
    /// What a function makes of each element, in the order of the elements, made on several threads while the caller works. No more than <paramref name="waiting"/> elements are begun before they are
    /// asked for. What the function throws comes where its element would have come.
    /// </summary>
    /// <param name="source">Enumerated on the caller's thread.</param>
    /// <param name="make">Called on threads of the pool, on <paramref name="threads"/> of them at once at most; must not depend on the order of calls.</param>
    /// <param name="threads">One or more.</param>
    /// <param name="waiting">As many as the threads, or more.</param>
    /// <param name="cancellation">Ends the sequence with an <see cref="OperationCanceledException"/>.</param>
    public static IEnumerable<TMade> Of<T, TMade>(IEnumerable<T> source, Func<T, TMade> make, int threads, int waiting, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        ArgumentOutOfRangeException.ThrowIfLessThan(waiting, threads);
        var scheduler = new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default, threads).ConcurrentScheduler;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var begun = new Queue<Task<TMade>>();
        using var elements = source.GetEnumerator();
        try
        {
            var more = true;
            while (true)
            {
                while (more && begun.Count < waiting && (more = elements.MoveNext()))
                {
                    var element = elements.Current;
                    begun.Enqueue(Task.Factory.StartNew(() => make(element), stop.Token, TaskCreationOptions.None, scheduler));
                }
                if (!begun.TryDequeue(out var next)) yield break;
                yield return next.GetAwaiter().GetResult();
            }
        }
        finally
        {
            stop.Cancel();                                    // what has not begun will not
            foreach (var task in begun) Task.WaitAny([task], CancellationToken.None);   // nothing goes on behind the caller's back
        }
    }
}
