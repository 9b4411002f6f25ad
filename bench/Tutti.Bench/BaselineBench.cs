using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Tutti.Baselines;
using Tutti.Tables;
using Tutti.Torch;

namespace Tutti.Bench;

/// <summary>Out-of-fold predictions of the text baseline on real data, five stratified folds, from texts in memory to probabilities.</summary>
static class BaselineBench
{
    const int FoldCount = 5, Seed = 7;

    /// <param name="Text">Column of the text.</param>
    /// <param name="Label">Column of the class.</param>
    sealed record Case(string Name, string File, TableFormat? Format, string Text, string Label);

    static readonly Case[] cases =
    [
        new("disaster-tweets", "disaster_tweets/train.csv", null, "text", "target"),
        new("gnad10", "gnad10/test.csv", new() { Delimiter = ";", Quote = '\'', Columns = ["class", "text"] }, "text", "class"),
    ];

    public static Benchmark All { get; } = new("baseline", "out-of-fold TF-IDF + logistic regression of five folds; peer: scikit-learn's cross_val_predict on all cores", "s", false,
        [.. cases.Select(one => one.Name)], Run);

    static Outcome Run(string name, int rounds)
    {
        var one = Array.Find(cases, one => one.Name == name)!;
        var table = Table.Read(Data(one.File), one.Format);
        var labels = LabelMap.From(table, one.Label);
        var (texts, targets) = (table.Column(one.Text).Select(text => text ?? "").ToArray(), labels.IndicesOf(table, one.Label));
        var folds = Folds.Make(table, new() { Count = FoldCount, Seed = Seed }, one.Label);
        int[] fold = [.. Enumerable.Range(0, table.Count).Select(folds.Of)];
        var (ours, theirs) = (0.0, 0.0);
        string? skipped = null;
        using var peer = Start(texts, targets, fold, ref skipped);
        var (our, their, failed, surroundings) = Rounds.Alternate(rounds, Ours, peer, Theirs, name);
        var facts = new Dictionary<string, string> { ["accuracy: ours, peer"] = string.Create(CultureInfo.InvariantCulture, $"{ours:0.0000}, {(their.Count > 0 ? theirs.ToString("0.0000", CultureInfo.InvariantCulture) : "-")}") };
        return new(name, our, their, peer?.Torch ?? "scikit-learn", peer?.Conditions ?? "", skipped ?? failed, surroundings, Facts: facts);

        Round Ours()
        {
            var clock = Stopwatch.GetTimestamp();
            var probabilities = TextBaseline.OutOfFold(texts, targets, labels.Count, fold);
            var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
            ours = Enumerable.Range(0, texts.Length).Count(row => Predictions.PredictionSet.ArgMax(probabilities.AsSpan(row * labels.Count, labels.Count)) == targets[row]) / (double)texts.Length;
            return new(seconds);
        }

        Round Theirs(Peer peer)
        {
            var answer = peer.Ask([]);
            theirs = (double)answer["accuracy"]!;
            return new((double)answer["seconds"]!);
        }
    }

    static Peer? Start(string[] texts, int[] labels, int[] folds, ref string? skipped)
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, JsonSerializer.Serialize(new { texts, labels, folds }));
            return new Peer("baseline.py", "--rows", file, "--jobs", Engine.Threads.ToString(CultureInfo.InvariantCulture));
        }
        catch (PeerException e)
        {
            skipped = e.Message;
            return null;
        }
        finally
        {
            File.Delete(file);
        }
    }

    // Real data are no part of the project.
    internal static string Data(string name)
    {
        var path = Path.GetFullPath(Path.Combine(Peer.Root(), "..", "shared", "data", name));
        return File.Exists(path) ? path : throw new ConfigException("bench baseline", $"the data set {path} is not there; it is no part of the project");
    }
}
