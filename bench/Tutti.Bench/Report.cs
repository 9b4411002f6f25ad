using System.Globalization;
using System.Text.Json.Nodes;
using Tutti.Torch;

namespace Tutti.Bench;

/// <summary>Shows the outcomes of one benchmark: JSON as they come, the table at the end.</summary>
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
        Grid.Print([["case", "ours", "peer", "ratio", "memory: ours, peer", "memory ratio", "resident: ours", "resident ratio", .. facts], .. outcomes.Select(Cells)], format);
        Grid.Print([["ms per update", "forward", "backward", "optimizer"], .. outcomes.SelectMany(PartCells)], format);
        Grid.Notes(Notes(), format);
    }

    IEnumerable<string> Notes()
    {
        foreach (var note in Machine.Notes()) yield return note;
        foreach (var (name, conditions) in outcomes.Where(outcome => outcome.Peer.Count > 0).Select(outcome => (outcome.PeerName, outcome.PeerConditions)).Distinct())
            yield return $"peer: {name}; {conditions}";
        foreach (var outcome in outcomes.Where(outcome => outcome.Skipped is not null)) yield return $"{outcome.Case}: peer skipped: {outcome.Skipped}";
        foreach (var outcome in outcomes) yield return FormattableString.Invariant($"{outcome.Case}: measured rounds {outcome.Ours.Count}; {outcome.Surroundings}");
    }

    string[] Cells(Outcome outcome)
    {
        var (ours, resident, peer) = (Peak(outcome.Ours), Resident(outcome.Ours), outcome.Peer.Count > 0 ? Peak(outcome.Peer) : 0);
        return
        [
            outcome.Case, Spread(outcome.Ours), outcome.Peer.Count > 0 ? Spread(outcome.Peer) : "skipped", RatioText(outcome),
            ours == 0 ? "" : $"{MemoryStats.Text(ours)}, {(outcome.Peer.Count > 0 ? MemoryStats.Text(peer) : "skipped")}", Share(ours, peer),
            resident == 0 ? "" : MemoryStats.Text(resident), Share(resident, peer),
            .. outcome.Facts?.Values ?? [],
        ];
    }

    static string Share(long ours, long peer) => ours > 0 && peer > 0 ? string.Create(CultureInfo.InvariantCulture, $"{(double)ours / peer:0.00}") : "";

    static IEnumerable<string[]> PartCells(Outcome outcome)
    {
        if (outcome.OurParts is { } ours) yield return Row("ours", ours);
        if (outcome.Peer.Count > 0 && outcome.Peer[0].Parts is not null)
            yield return Row("peer", new(Part(parts => parts.Forward), Part(parts => parts.Backward), Part(parts => parts.Optimizer)));

        string[] Row(string who, Parts parts) => [$"{outcome.Case}, {who}", Figures.Number(parts.Forward), Figures.Number(parts.Backward), Figures.Number(parts.Optimizer)];
        double Part(Func<Parts, double> of) => Figures.Median(outcome.Peer.Select(round => of(round.Parts!)));
    }

    string RatioText(Outcome outcome)
    {
        if (outcome.Peer.Count == 0) return "";
        var each = outcome.Ours.Zip(outcome.Peer, (our, their) => Ratio(our.Value, their.Value)).ToArray();
        return string.Create(CultureInfo.InvariantCulture, $"{Ratio(outcome):0.00} ({each.Min():0.00}..{each.Max():0.00})");
    }

    double Ratio(Outcome outcome) => Ratio(Figures.Median(Values(outcome.Ours)), Figures.Median(Values(outcome.Peer)));

    double Ratio(double ours, double peer) => benchmark.MoreIsBetter ? ours / peer : peer / ours;

    public JsonObject Json(Outcome outcome)
    {
        var json = new JsonObject { ["bench"] = benchmark.Name, ["case"] = outcome.Case, ["ours"] = Figures.Rounded(Figures.Median(Values(outcome.Ours))) };
        var there = outcome.Peer.Count > 0;
        json["peer"] = there ? Figures.Rounded(Figures.Median(Values(outcome.Peer))) : null;
        json["peer_name"] = outcome.PeerName;
        json["unit"] = benchmark.Unit;
        json["ratio"] = there ? Figures.Rounded(Ratio(outcome)) : null;
        json["rounds"] = outcome.Ours.Count;
        json["ours_each"] = new JsonArray([.. outcome.Ours.Select(round => (JsonNode)Figures.Rounded(round.Value))]);
        json["peer_each"] = new JsonArray([.. outcome.Peer.Select(round => (JsonNode)Figures.Rounded(round.Value))]);
        var (ours, resident, peer) = (Peak(outcome.Ours), Resident(outcome.Ours), there ? Peak(outcome.Peer) : 0);
        if (ours > 0) json["ours_peak_bytes"] = ours;
        if (resident > 0) json["ours_peak_rss_bytes"] = resident;
        if (peer > 0) json["peer_peak_rss_bytes"] = peer;
        if (ours > 0 && peer > 0) json["memory_ratio"] = Figures.Rounded((double)ours / peer);
        if (resident > 0 && peer > 0) json["resident_ratio"] = Figures.Rounded((double)resident / peer);
        if (there) json["peer_conditions"] = outcome.PeerConditions;
        if (outcome.Skipped is not null) json["skipped"] = outcome.Skipped;
        foreach (var (head, text) in outcome.Facts ?? new Dictionary<string, string>()) json[head.Replace(' ', '_')] = text;
        if (double.IsFinite(outcome.Surroundings.Others)) json["cores_busy_by_others"] = Math.Round(outcome.Surroundings.Others, 2);
        return json;
    }

    static string Spread(IReadOnlyList<Round> rounds) => Figures.Spread(Values(rounds));

    static double[] Values(IReadOnlyList<Round> rounds) => [.. rounds.Select(round => round.Value)];

    static long Peak(IReadOnlyList<Round> rounds) => rounds.Max(round => round.Peak);

    static long Resident(IReadOnlyList<Round> rounds) => rounds.Max(round => round.Resident);
}
