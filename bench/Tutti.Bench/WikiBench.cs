using System.Globalization;
using System.Text.Json.Nodes;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Bench;

/// <summary>
/// Does our language model learn what a plain PyTorch twin learns, and faster? A small AWD-LSTM on WikiText-2's validation part, judged by its test part: perplexities after equal updates from
/// equal weights, and updates a second of both in one run.
/// </summary>
sealed record WikiBench() : Measurement("wikitext2", "perplexity of a small AWD-LSTM after equal updates, and updates/s; peer: a plain PyTorch twin", [.. seeds.Select(Called)])
{
    const int UsualEpochs = 4;

    static readonly long[] seeds = [1, 2, 3];

    /// <summary>What a seed came to.</summary>
    sealed record Row(long Seed, WikiSide Ours, WikiSide? Peer, Surroundings Surroundings);

    public override void Run(IReadOnlyList<string> cases, int? rounds, Format format)
    {
        var text = WikiText.Read();
        var task = new WikiTask(text, new(2, 200, 400, text.Vocabulary), rounds ?? UsualEpochs);
        string? skipped = null;
        using var peer = Start(task, ref skipped);
        List<Row> rows = [];
        foreach (var seed in seeds.Where(seed => cases.Contains(Called(seed))))
        {
            Console.Error.WriteLine(Called(seed));
            var watch = new Watch();
            watch.Begin(peer);
            var (ours, their) = task.Run(peer, seed, Precision.Fp32);
            rows.Add(new(seed, ours, their, watch.End(peer)));
            if (format == Format.Json) Console.WriteLine(Json(rows[^1]).ToJsonString());
        }
        if (format == Format.Json) return;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"wikitext2, perplexity of the test part after {task.Epochs} passes over the validation part, and updates/s: median (least..most); ratio above 1: ours is faster\n"));
        Grid.Print([["case", "perplexity: ours", "peer", "difference", "updates/s: ours", "peer", "ratio"], .. rows.Select(Cells)], format);
        Grid.Notes(Notes(task, rows, peer, skipped), format);
    }

    static string Called(long seed) => FormattableString.Invariant($"seed-{seed}");

    static IEnumerable<string> Notes(WikiTask task, List<Row> rows, Peer? peer, string? skipped)
    {
        var (text, size) = (task.Text, task.Size);
        yield return FormattableString.Invariant($"{text.Train.Sum(one => one.Ids.Length)} tokens learnt, {text.Test[0].Ids.Length} judged, {text.Vocabulary} words, perplexity of a unigram model {text.Unigram():0}; {size.Layers} layers, embedding {size.Embedding}, hidden {size.Hidden}, {task.Batch} streams, pieces of {task.Length}");
        if (rows.Count > 1)
        {
            yield return "perplexities, least..most: ours " + Spread(rows.Select(row => row.Ours.Perplexity)) + (peer is null ? "" : ", peer " + Spread(rows.Select(row => row.Peer!.Perplexity)));
            if (peer is not null) yield return $"mean difference {Percent(rows.Average(row => row.Ours.Perplexity / row.Peer!.Perplexity) - 1)}";
        }
        foreach (var note in Machine.Notes()) yield return note;
        yield return peer is null ? $"peer skipped: {skipped}" : $"peer: plain PyTorch {peer.Torch}; {peer.Conditions}";
        foreach (var row in rows) yield return string.Create(CultureInfo.InvariantCulture, $"{Called(row.Seed)}: cores kept busy by other processes {row.Surroundings.Others:0.00}");
    }

    static string[] Cells(Row row) =>
    [
        Called(row.Seed), Text(row.Ours.Perplexity), row.Peer is null ? "skipped" : Text(row.Peer.Perplexity), row.Peer is null ? "" : Percent((row.Ours.Perplexity / row.Peer.Perplexity) - 1),
        Figures.Spread([.. row.Ours.Speeds.Skip(1)]), row.Peer is null ? "" : Figures.Spread([.. row.Peer.Speeds.Skip(1)]), row.Peer is null ? "" : Figures.Spread(Ratios(row)),
    ];

    static JsonObject Json(Row row) => new()
    {
        ["bench"] = "wikitext2",
        ["case"] = Called(row.Seed),
        ["ours"] = Figures.Rounded(row.Ours.Perplexity),
        ["peer"] = row.Peer is null ? null : Figures.Rounded(row.Peer.Perplexity),
        ["unit"] = "perplexity",
        ["updates_per_second"] = Figures.Rounded(Figures.Median(row.Ours.Speeds.Skip(1))),
        ["peer_updates_per_second"] = row.Peer is null ? null : Figures.Rounded(Figures.Median(row.Peer.Speeds.Skip(1))),
        ["ratio"] = row.Peer is null ? null : Figures.Rounded(Figures.Median(Ratios(row))),
        ["cores_busy_by_others"] = double.IsFinite(row.Surroundings.Others) ? Math.Round(row.Surroundings.Others, 2) : null,
    };

    // The first turn of each warms up.
    static double[] Ratios(Row row) => [.. row.Ours.Speeds.Zip(row.Peer!.Speeds, (our, their) => our / their).Skip(1)];

    static Peer? Start(WikiTask task, ref string? skipped)
    {
        try
        {
            return Started(task, Engine.Threads);
        }
        catch (PeerException e)
        {
            skipped = e.Message;
            return null;
        }
    }

    internal static Peer Started(WikiTask task, int threads) => new("wikitext.py", [.. task.Size.Arguments(), "--batch", Figures.Exact(task.Batch), "--threads", Figures.Exact(threads)]);

    static string Text(double perplexity) => perplexity.ToString("0.0", CultureInfo.InvariantCulture);

    static string Spread(IEnumerable<double> values) => $"{Text(values.Min())}..{Text(values.Max())}";

    static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:+0.00;-0.00} %");
}
