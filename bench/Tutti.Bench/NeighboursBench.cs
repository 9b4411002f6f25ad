using System.Diagnostics;
using System.Globalization;
using Tutti.Labels;
using Tutti.Torch;

namespace Tutti.Bench;

/// <summary>Outliers and near duplicates of made embeddings: the ten nearest neighbours of every row, all pairs compared, on all threads.</summary>
static class NeighboursBench
{
    const int WarmUp = 1000;

    sealed record Case(string Name, int Rows, int Dimension);

    static readonly Case[] cases = [new("n20k-d384", 20_000, 384), new("n100k-d384", 100_000, 384)];

    public static Benchmark All { get; } = new("neighbours", "outliers and near duplicates by the nearest neighbours of float32 embeddings; no peer: approximate searches give another answer", "s", false,
        [.. cases.Select(one => one.Name)], Run);

    static Outcome Run(string name, int rounds)
    {
        var one = Array.Find(cases, one => one.Name == name)!;
        var rows = Made(one);
        EmbeddingFindings? found = null;
        var (our, _, _, surroundings) = Rounds.Alternate(rounds, Ours, null, _ => throw new InvalidOperationException("there is no peer"), name);
        var facts = new Dictionary<string, string>
        {
            ["outliers, groups"] = string.Create(CultureInfo.InvariantCulture, $"{found!.Outliers.Count(row => row.Beyond)}, {found.Groups.Count}"),
            ["input"] = string.Create(CultureInfo.InvariantCulture, $"{(double)rows.Length * sizeof(float) / (1 << 20):0} MB"),
        };
        return new(name, our, [], "none", "", "no peer", surroundings, Facts: facts);

        Round Ours()
        {
            // To warm up a few rows are asked for: each costs as much as the next.
            int[] asked = [.. Enumerable.Range(0, found is null ? WarmUp : one.Rows)];
            var clock = Stopwatch.GetTimestamp();
            var audit = new EmbeddingAudit(one.Rows, 0);
            audit.Add(rows, one.Dimension, asked);
            found = audit.Findings();
            var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
            using var process = Process.GetCurrentProcess();
            return new(seconds, Resident: process.PeakWorkingSet64);
        }
    }

    // Around 50 centres, as the classes of a model; each hundredth row is the one before.
    static float[] Made(Case one)
    {
        const int Centres = 50, Repeats = 100;
        var random = RandomStream.Of(5, one.Name);
        var rows = new float[one.Rows * one.Dimension];
        for (var row = 0; row < one.Rows; row++)
        {
            var own = rows.AsSpan(row * one.Dimension, one.Dimension);
            if (row % Repeats == Repeats - 1)
            {
                rows.AsSpan((row - 1) * one.Dimension, one.Dimension).CopyTo(own);
                continue;
            }
            var (at, centre, sum) = ((long)(row + Centres) * one.Dimension, (long)(row % Centres) * one.Dimension, 0.0);
            for (var c = 0; c < own.Length; c++)
            {
                own[c] = (float)(random.Uniform(centre + c) - 0.5 + (0.5 * (random.Uniform(at + c) - 0.5)));
                sum += own[c] * own[c];
            }
            for (var c = 0; c < own.Length; c++) own[c] /= (float)Math.Sqrt(sum);
        }
        return rows;
    }
}
