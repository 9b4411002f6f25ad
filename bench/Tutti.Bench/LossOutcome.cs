using System.Globalization;
using System.Text.Json.Nodes;

namespace Tutti.Bench;

/// <summary>The losses of one path and of its reference under the same seeds.</summary>
/// <param name="Case">Its name.</param>
/// <param name="Reference">Who the reference is.</param>
/// <param name="Seeds">In order.</param>
/// <param name="Path">The loss of every update, seed by seed.</param>
/// <param name="Of">The same of the reference.</param>
sealed record LossOutcome(string Case, string Reference, IReadOnlyList<long> Seeds, IReadOnlyList<double[]> Path, IReadOnlyList<double[]> Of)
{
    /// <summary>Updates whose losses are averaged: one update's loss is that of 16 rows.</summary>
    const int Window = 50;

    /// <summary>The means of the last updates.</summary>
    public double[] Ours => Means(Path, ^Window..);

    /// <inheritdoc cref="Ours"/>
    public double[] Theirs => Means(Of, ^Window..);

    /// <summary>Between the reference's seeds.</summary>
    public double Spread => Theirs.Max() - Theirs.Min();

    /// <summary>Largest difference between path and reference under the same seed.</summary>
    public double Difference => Ours.Zip(Theirs, (our, their) => Math.Abs(our - their)).Max();

    /// <summary>The difference as a share of the spread; at most 1 where the path follows.</summary>
    public double Share => Difference / Spread;

    /// <summary>Largest difference of a single update, under any seed.</summary>
    public double OfOneUpdate => Path.Zip(Of).Max(pair => pair.First.Zip(pair.Second, (our, their) => Math.Abs(our - their)).Max());

    public static void Print(IReadOnlyList<LossOutcome> outcomes, Format format)
    {
        if (outcomes.Count == 0) return;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"losses, mean of the last {Window} of {LossTask.Usual.Updates} updates under each seed; share: the largest difference from the reference over the spread of its seeds, at most 1 where the path follows\n"));
        Grid.Print([["path", "reference", .. outcomes[0].Seeds.Select(seed => FormattableString.Invariant($"seed {seed}: path, reference")), "spread of the reference", "largest difference", "share", "largest of one update"],
            .. outcomes.Select(one => one.Cells())], format);
        Console.WriteLine(FormattableString.Invariant($"the course: mean loss of every {Window} updates over all seeds, path and reference\n"));
        Grid.Print([["path", .. Starts.Select(start => FormattableString.Invariant($"{start + 1}..{start + Window}"))],
            .. outcomes.Select(one => (string[])[one.Case, .. Starts.Select(start => $"{Text(Means(one.Path, start..(start + Window)).Average())}, {Text(Means(one.Of, start..(start + Window)).Average())}")])], format);
    }

    public JsonObject Json() => new()
    {
        ["bench"] = "losses",
        ["case"] = Case,
        ["reference"] = Reference,
        ["ours_each"] = Numbers(Ours),
        ["reference_each"] = Numbers(Theirs),
        ["spread"] = Figures.Rounded(Spread),
        ["largest_difference"] = Figures.Rounded(Difference),
        ["share"] = Figures.Rounded(Share),
        ["largest_difference_of_one_update"] = Figures.Rounded(OfOneUpdate),
    };

    string[] Cells() =>
    [
        Case, Reference, .. Ours.Zip(Theirs, (our, their) => $"{Text(our)}, {Text(their)}"), Text(Spread), Difference.ToString("0.0e0", CultureInfo.InvariantCulture),
        Share.ToString("0.000", CultureInfo.InvariantCulture), OfOneUpdate.ToString("0.0e0", CultureInfo.InvariantCulture),
    ];

    static IEnumerable<int> Starts => Enumerable.Range(0, LossTask.Usual.Updates / Window).Select(i => i * Window);

    static double[] Means(IReadOnlyList<double[]> losses, Range updates) => [.. losses.Select(one => one[updates].Average())];

    static JsonArray Numbers(double[] values) => [.. values.Select(value => (JsonNode)Figures.Rounded(value))];

    static string Text(double loss) => loss.ToString("0.0000", CultureInfo.InvariantCulture);
}
