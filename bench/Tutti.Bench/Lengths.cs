using System.Globalization;
using Tutti.Torch;

namespace Tutti.Bench;

/// <summary>Token lengths of examples.</summary>
static class Lengths
{
    const long Seed = 1;

    /// <summary>All the same.</summary>
    public static int[] Fixed(int count, int length) => [.. Enumerable.Repeat(length, count)];

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
