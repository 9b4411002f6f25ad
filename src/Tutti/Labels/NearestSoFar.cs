namespace Tutti.Labels;

/// <summary>The nearest rows to one that were met so far, the nearest first; of equally near ones the lower number.</summary>
/// <param name="count">How many to keep.</param>
sealed class NearestSoFar(int count)
{
    readonly double[] squares = new double[count];
    readonly int[] rows = new int[count];
    double limit = double.PositiveInfinity;
    int size;

    public int[] Rows => rows[..size];

    /// <summary>Their squared distances.</summary>
    public double[] Squares => squares[..size];

    /// <summary>Rows may come in any order.</summary>
    public void Offer(int row, double square)
    {
        if (square > limit) return;
        if (size == count && square == limit && row > rows[^1]) return;
        var at = size < count ? size++ : count - 1;
        for (; at > 0 && (squares[at - 1] > square || (squares[at - 1] == square && rows[at - 1] > row)); at--) (squares[at], rows[at]) = (squares[at - 1], rows[at - 1]);
        (squares[at], rows[at]) = (square, row);
        if (size == count) limit = squares[^1];
    }
}
