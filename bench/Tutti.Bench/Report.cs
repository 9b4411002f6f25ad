using System.Globalization;
using System.Text.Json.Nodes;
using Tutti.Torch;

namespace Tutti.Bench;

enum Format { Text, Json, Markdown }

/// <summary>Shows the outcomes of one benchmark: JSON and notes as they come, the table at the end.</summary>
sealed class Report(Benchmark benchmark, Format format)
{
    readonly List<Outcome> outcomes = [];

    public void Add(Outcome outcome)
    {
        outcomes.Add(outcome);
        if (format == Format.Json) Console.WriteLine(Json(outcome).ToJsonString());
    }

    public void End()
    {
        if (format == Format.Json) return;
        Console.WriteLine($"{benchmark.Name}, {benchmark.Unit} ({(benchmark.MoreIsBetter ? "more" : "less")} is better); median (least..most); ratio above 1: ours is better");
        Console.WriteLine();
        string[] facts = [.. outcomes[0].Facts?.Keys ?? []];
        string[][] rows = [["case", "ours", "peer", "ratio", "memory: ours, peer", .. facts], .. outcomes.Select(Cells)];
        Print(rows);
        Console.WriteLine();
        string[][] parts = [["ms per update", "forward", "backward", "optimizer"], .. outcomes.SelectMany(PartCells)];
        if (parts.Length > 1)
        {
            Print(parts);
            Console.WriteLine();
        }
        foreach (var note in Notes()) Console.WriteLine(format == Format.Markdown ? "- " + note : note);
    }

    IEnumerable<string> Notes()
    {
        yield return $"machine: {Machine.Describe()}";
        yield return FormattableString.Invariant($"ours: libtorch {Engine.Version}, {Engine.Threads} threads, {(Engine.Blas.Files.Count == 0 ? "BLAS inside libtorch" : string.Join(", ", Engine.Blas.Files.Select(Build).Distinct()))}");
        foreach (var (name, conditions) in outcomes.Where(outcome => outcome.Peer.Count > 0).Select(outcome => (outcome.PeerName, outcome.PeerConditions)).Distinct())
            yield return $"peer: {name}; {conditions}";
        foreach (var outcome in outcomes.Where(outcome => outcome.Skipped is not null)) yield return $"{outcome.Case}: peer skipped: {outcome.Skipped}";
        foreach (var outcome in outcomes) yield return FormattableString.Invariant($"{outcome.Case}: measured rounds {outcome.Ours.Count}; {outcome.Surroundings}");
    }

    // The folder of Debian's builds says which one it is.
    static string Build(string file) => Path.GetFileName(Path.GetDirectoryName(file)) is { } folder && folder.StartsWith("openblas", StringComparison.Ordinal) ? folder : Path.GetFileName(file);

    string[] Cells(Outcome outcome) =>
    [
        outcome.Case, Spread(outcome.Ours), outcome.Peer.Count > 0 ? Spread(outcome.Peer) : "skipped", RatioText(outcome),
        Peak(outcome.Ours) == 0 ? "" : $"{MemoryStats.Text(Peak(outcome.Ours))}, {(outcome.Peer.Count > 0 ? MemoryStats.Text(Peak(outcome.Peer)) : "skipped")}",
        .. outcome.Facts?.Values ?? [],
    ];

    static IEnumerable<string[]> PartCells(Outcome outcome)
    {
        if (outcome.OurParts is { } ours) yield return Row("ours", ours);
        if (outcome.Peer.Count > 0 && outcome.Peer[0].Parts is not null)
            yield return Row("peer", new(Part(parts => parts.Forward), Part(parts => parts.Backward), Part(parts => parts.Optimizer)));

        string[] Row(string who, Parts parts) => [$"{outcome.Case}, {who}", Number(parts.Forward), Number(parts.Backward), Number(parts.Optimizer)];
        double Part(Func<Parts, double> of) => Median([.. outcome.Peer.Select(round => of(round.Parts!))]);
    }

    string RatioText(Outcome outcome)
    {
        if (outcome.Peer.Count == 0) return "";
        var each = outcome.Ours.Zip(outcome.Peer, (our, their) => Ratio(our.Value, their.Value)).ToArray();
        return string.Create(CultureInfo.InvariantCulture, $"{Ratio(outcome):0.00} ({each.Min():0.00}..{each.Max():0.00})");
    }

    double Ratio(Outcome outcome) => Ratio(Median(Values(outcome.Ours)), Median(Values(outcome.Peer)));

    double Ratio(double ours, double peer) => benchmark.MoreIsBetter ? ours / peer : peer / ours;

    JsonObject Json(Outcome outcome)
    {
        var json = new JsonObject { ["bench"] = benchmark.Name, ["case"] = outcome.Case, ["ours"] = Rounded(Median(Values(outcome.Ours))) };
        var there = outcome.Peer.Count > 0;
        json["peer"] = there ? Rounded(Median(Values(outcome.Peer))) : null;
        json["peer_name"] = outcome.PeerName;
        json["unit"] = benchmark.Unit;
        json["ratio"] = there ? Rounded(Ratio(outcome)) : null;
        json["rounds"] = outcome.Ours.Count;
        json["ours_each"] = new JsonArray([.. outcome.Ours.Select(round => (JsonNode)Rounded(round.Value))]);
        json["peer_each"] = new JsonArray([.. outcome.Peer.Select(round => (JsonNode)Rounded(round.Value))]);
        if (Peak(outcome.Ours) > 0) json["ours_peak_bytes"] = Peak(outcome.Ours);
        if (there && Peak(outcome.Peer) > 0) json["peer_peak_rss_bytes"] = Peak(outcome.Peer);
        if (there) json["peer_conditions"] = outcome.PeerConditions;
        if (outcome.Skipped is not null) json["skipped"] = outcome.Skipped;
        foreach (var (head, text) in outcome.Facts ?? new Dictionary<string, string>()) json[head.Replace(' ', '_')] = text;
        if (double.IsFinite(outcome.Surroundings.Others)) json["cores_busy_by_others"] = Math.Round(outcome.Surroundings.Others, 2);
        return json;
    }

    void Print(string[][] rows)
    {
        // A column that no row fills is not shown.
        int[] shown = [.. Enumerable.Range(0, rows[0].Length).Where(column => rows.Skip(1).Any(row => row[column].Length > 0))];
        var widths = shown.Select(column => rows.Max(row => row[column].Length)).ToArray();
        for (var i = 0; i < rows.Length; i++)
        {
            var cells = shown.Select((column, place) => rows[i][column].PadRight(widths[place]));
            Console.WriteLine(format == Format.Markdown ? $"| {string.Join(" | ", cells)} |" : string.Join("  ", cells).TrimEnd());
            if (i == 0 && format == Format.Markdown) Console.WriteLine($"|{string.Concat(widths.Select(width => new string('-', width + 2) + "|"))}");
        }
    }

    static string Spread(IReadOnlyList<Round> rounds) => $"{Number(Median(Values(rounds)))} ({Number(Values(rounds).Min())}..{Number(Values(rounds).Max())})";

    static double[] Values(IReadOnlyList<Round> rounds) => [.. rounds.Select(round => round.Value)];

    static long Peak(IReadOnlyList<Round> rounds) => rounds.Max(round => round.Peak);

    static double Median(double[] values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    // Three digits that count, or all before the point.
    static string Number(double value) => value.ToString(Math.Abs(value) switch { >= 100 => "0", >= 10 => "0.0", _ => "0.00" }, CultureInfo.InvariantCulture);

    static double Rounded(double value) => double.Parse(value.ToString("G4", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
