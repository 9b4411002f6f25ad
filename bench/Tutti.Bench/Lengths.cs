using System.Globalization;
using Tutti.Torch;

namespace Tutti.Bench;

/// <summary>Token lengths of examples.</summary>
static class Lengths
{
    const long Seed = 1;

    /// <summary>All the same.</summary>
    public static int[] Fixed(int count, int length) => [.. Enumerable.Repeat(length, count)];

    /// <summary>
    /// Batches of tweets as a grouping by length makes them: as many whole batches, in equal steps, of about 50 that were sorted together, in
    /// random order. Few enough to be computed in one round, and when they are grouped again, as even as those of a whole data set.
    /// </summary>
    public static int[] GroupedTweets(int count, int batch)
    {
        var updates = count / batch;
        var step = Math.Max(1, 50 / updates);
        var kept = Tweets(count * step).Order().Chunk(batch).Where((_, i) => i % step == step / 2).SelectMany(part => part).ToArray();
        RandomStream.Of(Seed, "order of lengths").Shuffle(kept.AsSpan());
        return kept;
    }

    /// <summary>Tweets: log-normal with mean 33 and standard deviation 12, from 5 to 84.</summary>
    public static int[] Tweets(int count)
    {
        const double mean = 33, deviation = 12;
        var variance = Math.Log(1 + (deviation * deviation / (mean * mean)));         // of the logarithm
        var middle = Math.Log(mean) - (variance / 2);
        var stream = RandomStream.Of(Seed, "lengths");
        return [.. Enumerable.Range(0, count).Select(i => Math.Clamp((int)Math.Round(Math.Exp(middle + (Math.Sqrt(variance) * stream.Normal(i)))), 5, 84))];
    }

    /// <summary>One a line, as peers read them.</summary>
    public static void Write(string file, int[] lengths) => File.WriteAllLines(file, lengths.Select(length => length.ToString(CultureInfo.InvariantCulture)));
}
