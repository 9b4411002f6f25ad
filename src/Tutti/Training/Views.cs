using Tutti.Text;

namespace Tutti.Training;

/// <summary>
/// How a row of a kind of data can be seen otherwise when it is predicted (test-time augmentation): its alternatives, or null where there are none. Training sees the plain row.
/// </summary>
/// <param name="row">The row's place in what it was made from.</param>
public delegate IReadOnlyList<Example>? RowViews(int row);

/// <summary>Predictions of rows that can be seen in several ways.</summary>
public static class Views
{
    /// <summary>Pieces of texts that are longer than a model reads.</summary>
    /// <param name="texts">What the rows say.</param>
    /// <param name="pairs">The second texts, or null.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="maxLength">Tokens that it reads at a time.</param>
    /// <param name="windows">Which pieces.</param>
    public static RowViews Of(IReadOnlyList<string> texts, IReadOnlyList<string>? pairs, Tokenizer tokenizer, int maxLength, TextWindows windows) => row =>
        tokenizer.EncodeWindows(texts[row], pairs?[row], maxLength, windows) is { Length: > 0 } pieces ? [.. pieces.Select(piece => new Example(piece.Ids, piece.TypeIds, -1, row))] : null;

    /// <summary>Rows with their views; on all processors.</summary>
    /// <param name="rows">Of what <paramref name="views"/> was made from, by their numbers.</param>
    /// <param name="isPlain">Rows that are known to have no other view.</param>
    public static Example[] Attach(IReadOnlyList<Example> rows, RowViews views, Func<Example, bool> isPlain)
    {
        var seen = new Example[rows.Count];
        Parallel.For(0, rows.Count, i => seen[i] = isPlain(rows[i]) ? rows[i] : rows[i] with { Views = views(rows[i].Row) });
        return seen;
    }

    /// <summary>The mean of the predictions (n*K) over each row's views; a row without others keeps its plain one.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="plain">What was predicted of them, n*K.</param>
    /// <param name="predict">Predicts examples.</param>
    public static double[] Mean(IReadOnlyList<Example> rows, double[] plain, Func<IReadOnlyList<Example>, double[]> predict)
    {
        var result = (double[])plain.Clone();
        if (rows.Count == 0) return result;
        var width = plain.Length / rows.Count;
        // A view that is the plain row itself has been computed.
        var all = rows.SelectMany((row, i) => (row.Views ?? []).Select(view => (Row: i, View: view, Known: view.Picture == row.Picture && view.Ids.AsSpan().SequenceEqual(row.Ids)))).ToArray();
        var predicted = predict([.. all.Where(item => !item.Known).Select(item => item.View)]);
        var next = 0;
        foreach (var views in all.GroupBy(item => item.Row))
        {
            var (sum, count) = (new double[width], 0);
            foreach (var item in views)
            {
                var values = item.Known ? plain.AsSpan(item.Row * width, width) : predicted.AsSpan(next++ * width, width);
                for (var k = 0; k < width; k++) sum[k] += values[k];
                count++;
            }
            for (var k = 0; k < width; k++) result[(views.Key * width) + k] = sum[k] / count;
        }
        return result;
    }

    /// <summary>The plain predictions with a share of the mean over views.</summary>
    public static double[] Mix(double[] plain, double[] mean, double weight) => [.. plain.Zip(mean, (p, m) => ((1 - weight) * p) + (weight * m))];
}
