using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tutti.Evaluation;
using Tutti.Labels;
using Tutti.Predictions;
using Tutti.Recipes;
using Tutti.Reports;
using Tutti.Runs;
using Tutti.Tables;

namespace Tutti.Bench;

/// <summary>A share with Wilson's 95 % interval.</summary>
sealed record Share(int Part, int Of)
{
    public double Value => (double)Part / Of;

    public (double Low, double High) Interval
    {
        get
        {
            if (Of == 0) return (0, 1);
            const double Z = 1.959963984540054;
            var (middle, half) = (Value + (Z * Z / (2 * Of)), Z * Math.Sqrt((Value * (1 - Value) / Of) + (Z * Z / (4.0 * Of * Of))));
            return (Math.Max(0, (middle - half) / (1 + (Z * Z / Of))), Math.Min(1, (middle + half) / (1 + (Z * Z / Of))));
        }
    }

    public override string ToString() => Of == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{Value:0.000} ({Interval.Low:0.000} to {Interval.High:0.000})");
}

/// <summary>What applying the flags came to.</summary>
/// <param name="How">By whom.</param>
/// <param name="Changed">Labels that changed.</param>
/// <param name="After">Accuracy on rows with true labels that no run saw.</param>
/// <param name="Gain">Over the run before.</param>
/// <param name="Untouched">What <c>tutti train</c> says of the held-out rows that no correction touched, whose labels hold planted errors that were not found.</param>
sealed record NoiseRepair(string How, int Changed, Score After, AgainstBest Gain, CorrectionGain Untouched);

/// <summary>What the loop made of planted errors.</summary>
/// <param name="Found">Planted errors that are flagged.</param>
/// <param name="Right">Flags that are planted errors.</param>
/// <param name="Named">Of the planted errors that are flagged those whose suggested label is the true one.</param>
/// <param name="Before">Accuracy of the run on the labels with errors, on rows with true labels that no run saw.</param>
sealed record NoiseOutcome(int Rows, int Planted, Share Found, Share Right, Share Named, Score Before, IReadOnlyList<NoiseRepair> Repairs);

/// <summary>
/// A tenth of the training labels are made wrong, the same ones every time; a run is trained on them, its queue filled in, the corrections applied and a run trained on the corrected
/// copy: the files and the code of <c>tutti labels</c> and <c>tutti train</c>. A fifth of the rows keeps its labels, is seen by no run, and measures both.
/// </summary>
static class NoiseTask
{
    public const double Noise = 0.1, Test = 0.2;
    public const string LookedAt = "somebody looks at each flag", Unseen = "suggestions taken unseen";
    const int Seed = 7;

    /// <param name="texts">One per row.</param>
    /// <param name="labels">The true ones.</param>
    /// <param name="folder">To work in.</param>
    /// <param name="recipe">With <c>train.csv</c> (id, text, label) as its data; without data.test.</param>
    /// <param name="news">Who watches.</param>
    /// <param name="unseen">Whether the suggestions are also taken as they are.</param>
    public static NoiseOutcome Run(IReadOnlyList<string> texts, IReadOnlyList<string> labels, string folder, string recipe, IProgress<RunNews>? news = null, bool unseen = true)
    {
        string In(string name) => Path.Combine(folder, name);
        var classes = LabelMap.From(labels);
        var split = Folds.Make(new() { Kind = FoldKind.Holdout, Validation = Test, Seed = Seed }, texts.Count, labels, texts: [.. texts.Select(KeyOf)]);
        int[] test = split.Valid(0), train = split.Train(0);
        var planted = Planted(train, labels, classes);
        Write(In("train.csv"), train, texts, row => planted.GetValueOrDefault(row, labels[row]));
        Write(In("test.csv"), test, texts, row => labels[row]);
        var plan = Recipe.Parse(recipe, folder);
        var first = new Run(plan, In("run")).Train(news).Files;
        var queue = QueueOf(first);
        queue.Write(In("queue.csv"));
        var flagged = queue.Issues.Where(issue => planted.ContainsKey(Row(issue.Id))).ToArray();
        var before = OnTest(first, In("test.csv"), test, labels);
        List<NoiseRepair> repairs = [Repair(LookedAt, issue => labels[Row(issue.Id)])];
        if (unseen) repairs.Add(Repair(Unseen, issue => queue.Classes[issue.Suggested]));
        return new(train.Length, planted.Count, new(flagged.Length, planted.Count), new(flagged.Length, queue.Issues.Count),
            new(flagged.Count(issue => queue.Classes[issue.Suggested] == labels[Row(issue.Id)]), flagged.Length), Accuracy(before), repairs);

        NoiseRepair Repair(string how, Func<LabelIssue, string> answer)
        {
            var name = how == LookedAt ? "looked-at" : "unseen";
            var corrections = In($"{name}.csv");
            TableWriter.Write(corrections, ["id", "given", "label", "who", "when", "why"], writer =>
            {
                foreach (var issue in queue.Issues) writer.Row(issue.Id, queue.Classes[issue.Given], answer(issue), "bench", "2026-01-01", how);
            });
            var copy = CorrectedCopy.Write(LabelledFile.OfRun(first.Root), CorrectionFile.Read(corrections), In($"train.{name}.csv"));
            var second = new Run(plan with { Data = plan.Data with { Train = copy.File } }, In($"run-{name}")).Train(news);
            var after = OnTest(second.Files, In("test.csv"), test, labels);
            return new(how, copy.Audit.Count(CorrectionKind.Changed), Accuracy(after), Leaderboard.Difference(after, before), second.Corrections!.Gains.Single(gain => gain.Rows == CorrectionGain.Untouched));
        }
    }

    /// <summary>What <c>tutti labels --run</c> finds.</summary>
    static LabelQueue QueueOf(RunFolder run)
    {
        var set = PredictionFile.Read(run.OutOfFold).Labelled();
        return LabelQueue.Of(ProbabilityRows.Of(set.Probabilities, set.K), set.Labels!, set.Classes, set.Ids, LabelFilter.PruneByNoiseRate, LabelQuality.SelfConfidence, MemberVotes.Of(run, set.Classes));
    }

    /// <summary>A tenth of the rows, each with another label than its own: rows and labels are drawn by hashes, so that they are the same everywhere.</summary>
    static Dictionary<int, string> Planted(int[] rows, IReadOnlyList<string> labels, LabelMap classes) => rows.OrderBy(row => Draw("row", row)).Take((int)Math.Round(rows.Length * Noise))
        .ToDictionary(row => row, row => classes.Names[(classes.IndexOf(labels[row]) + 1 + (int)(Draw("label", row) % (ulong)(classes.Count - 1))) % classes.Count]);

    static ulong Draw(string purpose, int row) => BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(FormattableString.Invariant($"{Seed} {purpose} {row}"))));

    // Rows of one text come into one part.
    static UInt128? KeyOf(string text) => BinaryPrimitives.ReadUInt128LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text.Trim().ToLowerInvariant())));

    static PredictionSet OnTest(RunFolder run, string file, int[] rows, IReadOnlyList<string> labels)
    {
        var output = Path.Combine(run.Root, "on-test.csv");
        TrainedRun.Open(run.Root).Predict(file, output);
        var set = PredictionFile.Read(output);
        var map = LabelMap.InOrder(set.Classes);
        return new(set.Ids, set.Classes, set.Probabilities, [.. rows.Select(row => map.IndexOf(labels[row].Trim()))]);
    }

    static Score Accuracy(PredictionSet set) => EvaluationSummary.Of(set).Scores.First(score => score.Name == "accuracy").Score;

    static void Write(string path, int[] rows, IReadOnlyList<string> texts, Func<int, string> label) => TableWriter.Write(path, ["id", "text", "label"], writer =>
    {
        foreach (var row in rows) writer.Row(row.ToString(CultureInfo.InvariantCulture), texts[row], label(row));
    });

    static int Row(string id) => int.Parse(id, CultureInfo.InvariantCulture);
}
