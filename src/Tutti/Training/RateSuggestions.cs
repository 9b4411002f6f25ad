namespace Tutti.Training;

/// <summary>What a sweep of learning rates suggests (the rules of fastai 2.7's lr_find, on the smoothed losses).</summary>
/// <param name="Steepest">Where the loss falls fastest along the logarithm of the rate.</param>
/// <param name="Valley">The middle of the longest falling stretch.</param>
/// <param name="MinimumTenth">A tenth of the rate with the lowest loss.</param>
/// <param name="Slide">Going down from the end, the first rate over which the slope no longer changes; null where the sweep is too short for it.</param>
public sealed record RateSuggestions(double Steepest, double Valley, double MinimumTenth, double? Slide)
{
    // lr_find leaves out the first tenth and the last five; slide compares slopes 15 updates apart.
    const int Behind = 5, Fewest = 4, Interval = 15;
    const double Same = 0.005;

    /// <summary>The suggestions; null when the sweep ended too early to say anything.</summary>
    /// <param name="rates">Of every update, rising.</param>
    /// <param name="losses">The smoothed loss of every update.</param>
    /// <param name="updates">Updates that the sweep was to have.</param>
    public static RateSuggestions? Of(IReadOnlyList<double> rates, IReadOnlyList<double> losses, int updates)
    {
        if (rates.Count != losses.Count) throw new ArgumentException($"got {rates.Count} rates and {losses.Count} losses; every rate has one");
        var (from, to) = (updates / 10, rates.Count - Behind);
        double[] used = [.. losses.Take(to).Skip(from).TakeWhile(loss => !double.IsNaN(loss))];
        if (used.Length < Fewest) return null;
        double[] x = [.. rates.Skip(from).Take(used.Length)];
        return new(x[SteepestAt(x, used)], x[ValleyAt(used)], x[Array.IndexOf(used, used.Min())] / 10, SlideAt(used) is { } at ? x[at] : null);
    }

    /// <summary>In the middle of several sweeps: of an even number the geometric mean of the two in the middle.</summary>
    public static RateSuggestions? Median(IReadOnlyList<RateSuggestions> all)
    {
        if (all.Count == 0) return null;
        double? Middle(Func<RateSuggestions, double?> of)
        {
            var values = all.Select(of).OfType<double>().Order().ToArray();
            return values.Length == 0 ? null : Math.Sqrt(values[(values.Length - 1) / 2] * values[values.Length / 2]);
        }
        return new(Middle(one => one.Steepest)!.Value, Middle(one => one.Valley)!.Value, Middle(one => one.MinimumTenth)!.Value, Middle(one => one.Slide));
    }

    static int SteepestAt(double[] x, double[] losses)
    {
        var slopes = Enumerable.Range(0, losses.Length - 1).Select(i => (losses[i + 1] - losses[i]) / (Math.Log(x[i + 1]) - Math.Log(x[i]))).ToArray();
        return Array.IndexOf(slopes, slopes.Min());
    }

    /// <summary>The longest subsequence in which every loss is below the one before, by where it ends; its length says where it would begin if it had no gaps.</summary>
    static int ValleyAt(double[] losses)
    {
        var length = new int[losses.Length];
        var (end, longest) = (0, 0);
        for (var i = 0; i < losses.Length; i++)
        {
            length[i] = 1 + Enumerable.Range(0, i).Where(j => losses[j] > losses[i]).Select(j => length[j]).DefaultIfEmpty(0).Max();
            if (length[i] > longest) (end, longest) = (i, length[i]);
        }
        // Thirds of it, the second one's middle.
        var third = longest / 3.0;
        return Math.Clamp(end - longest + (int)third + (int)(third / 2), 0, losses.Length - 1);
    }

    static int? SlideAt(double[] losses)
    {
        var n = losses.Length;
        if (n <= Interval) return null;
        double Slope(int i) => i == 0 ? losses[1] - losses[0] : i == n - 1 ? losses[n - 1] - losses[n - 2] : (losses[i + 1] - losses[i - 1]) / 2;
        var (right, left) = (n - 1, n - 1 - Interval);
        var found = left;
        for (; left >= 0 && Math.Abs(Slope(right) - Slope(left)) > Same; right--, left--) found = left;
        return found;
    }
}
