using System.Globalization;
using System.Text.Json.Nodes;
using Tutti.Evaluation;
using Tutti.Recipes;

namespace Tutti.Bench;

/// <summary>What a language model of the same kind of texts brings a classifier with few labels, and what ULMFiT's way of fine-tuning brings over the plain one; real reviews, small models.</summary>
sealed record UlmfitBench() : Measurement("ulmfit", $"error on IMDb reviews with few labels, with an adapted language model and from nothing; fine-tuning gradually and plainly; {Kept}=DIR keeps what was trained", [.. Sizes.Select(Case), FineTuning])
{
    /// <summary>Labels.</summary>
    public static readonly int[] Sizes = [100, 500, 2000];

    /// <summary>Names a folder in which everything stays, and is found again.</summary>
    const string Kept = "TUTTI_ULMFIT";

    const string FineTuning = "fine-tuning";
    const int FineTuningLabels = 500;

    /// <summary>Every classifier is trained with each, and their probabilities are averaged: with 100 labels chance is as large as what is looked for.</summary>
    static readonly int[] Seeds = [1, 2, 3];

    static string Case(int labels) => FormattableString.Invariant($"imdb-{labels}");

    public override void Run(IReadOnlyList<string> cases, int? rounds, Format format)
    {
        if (rounds is not null) throw new ConfigException("--rounds", "ulmfit has no rounds: its figures do not depend on the machine's load");
        try
        {
            _ = BaselineBench.Data("imdb_full/train.csv.gz");
        }
        catch (ConfigException e)
        {
            Console.WriteLine($"ulmfit: skipped: {e.Message}");
            return;
        }
        var kept = Environment.GetEnvironmentVariable(Kept) is { Length: > 0 } named ? Path.GetFullPath(named) : null;
        var folder = kept ?? Directory.CreateTempSubdirectory("tutti-ulmfit-").FullName;
        try
        {
            Directory.CreateDirectory(folder);
            var table = new Tables(new(folder, new Lines()), format);
            foreach (var size in Sizes.Where(size => cases.Contains(Case(size)))) table.Compare(size);
            if (cases.Contains(FineTuning)) table.Ways();
            table.Print();
        }
        finally
        {
            if (kept is null) Directory.Delete(folder, recursive: true);
        }
    }

    sealed class Tables
    {
        readonly UlmfitTask task;
        readonly Format format;
        readonly List<string[]> models = [["language model", "perplexity", "next token right", "held-out tokens", "seconds"]];
        readonly List<string[]> errors = [["labels", "updates", "classifier", "error (95 %)", "less than from nothing by (95 %)", "seconds"]];
        readonly List<string[]> ways = [["seed", "updates", "gradual, rates by layer, slanted triangle", "plain", "gradual less plain (95 %)"]];

        public Tables(UlmfitTask task, Format format)
        {
            (this.task, this.format) = (task, format);
            task.Begin();
        }

        /// <summary>The language models, which classifiers begin with.</summary>
        void Begin()
        {
            if (models.Count > 1) return;
            foreach (var row in task.Languages())
            {
                models.Add([row.Cell.Split(' ')[0], Interval(row.Perplexity, "0.0"), Interval(row.Accuracy, "0.000"), Whole(row.Tokens), Whole(row.Seconds)]);
                Say(new() { ["model"] = row.Cell, ["perplexity"] = row.Perplexity.Value, ["seconds"] = row.Seconds });
            }
        }

        /// <summary>Transfer beside classifiers that begin with nothing.</summary>
        public void Compare(int labels)
        {
            var fresh = task.Fresh(labels, Seeds);
            Begin();
            var (forward, backward) = (task.Transfer(labels, UlmfitTask.Forward, UlmfitTask.Plain, Seeds), task.Transfer(labels, UlmfitTask.Backward, UlmfitTask.Plain, Seeds));
            var blend = task.Blend(forward, backward);
            foreach (var (name, answer) in new[] { ("from nothing", fresh), ("forward", forward), ("backward", backward), ("forward and backward", blend), ("TF-IDF", task.Baseline(labels)) })
            {
                var less = answer == fresh ? (PairedResult?)null : Difference(fresh, answer);
                errors.Add([Whole(labels), answer.Seconds > 0 ? Whole(UlmfitTask.Updates(labels)) : "", name, answer.Error.ToString(), less is { } gain ? Interval(gain.Difference, "0.000") : "", answer.Seconds > 0 ? Whole(answer.Seconds) : ""]);
                Say(new() { ["labels"] = labels, ["classifier"] = name, ["error"] = Json(answer.Error), ["less"] = less is { } value ? Json(value.Difference) : null });
            }
            foreach (var (name, single) in new[] { ("forward", forward), ("backward", backward) })
                errors.Add([Whole(labels), "", $"forward and backward, against {name} alone", "", Interval(Difference(single, blend).Difference, "0.000"), ""]);
        }

        /// <summary>Two ways of fine-tuning, by seeds.</summary>
        public void Ways()
        {
            Begin();
            var pairs = Seeds.Select(seed => (Seed: seed, Gradual: task.Transfer(FineTuningLabels, UlmfitTask.Forward, UlmfitTask.Gradual, seed), Plain: task.Transfer(FineTuningLabels, UlmfitTask.Forward, UlmfitTask.Plain, seed))).ToArray();
            foreach (var (seed, gradual, plain) in pairs) Add(Whole(seed), gradual.Error.ToString(), plain.Error.ToString(), Difference(gradual, plain).Difference);
            double[] Mean(Func<int, UlmfitAnswer> of) => [.. Enumerable.Range(0, pairs[0].Plain.Wrong.Length).Select(row => Enumerable.Range(0, Seeds.Length).Average(seed => of(seed).Wrong[row] ? 1.0 : 0))];
            var (first, second) = (Mean(seed => pairs[seed].Gradual), Mean(seed => pairs[seed].Plain));
            Add("mean", Text(first.Average()), Text(second.Average()), PairedTest.Bootstrap(first, second).Difference);

            void Add(string seed, string gradual, string plain, Score difference)
            {
                ways.Add([seed, Whole(UlmfitTask.Updates(FineTuningLabels)), gradual, plain, Interval(difference, "0.000")]);
                Say(new() { ["seed"] = seed, ["gradual"] = gradual, ["plain"] = plain, ["difference"] = Json(difference) });
            }
        }

        public void Print()
        {
            if (format == Format.Json) return;
            foreach (var rows in new[] { models, errors, ways }) Grid.Print([.. rows], format);
            Grid.Notes(Machine.Notes(), format);
        }

        void Say(JsonObject line)
        {
            if (format == Format.Json) Console.WriteLine(line.ToJsonString());
        }
    }

    static PairedResult Difference(UlmfitAnswer first, UlmfitAnswer second) => PairedTest.Bootstrap([.. first.Wrong.Select(Number)], [.. second.Wrong.Select(Number)]);
    static double Number(bool wrong) => wrong ? 1 : 0;

    static JsonObject Json(Share share) => new() { ["value"] = share.Value, ["low"] = share.Interval.Low, ["high"] = share.Interval.High, ["n"] = share.Of };
    static JsonObject Json(Score score) => new() { ["value"] = score.Value, ["low"] = score.Low, ["high"] = score.High, ["n"] = score.N };
    static string Interval(Score score, string figures) => FormattableString.Invariant($"{score.Value.ToString(figures, CultureInfo.InvariantCulture)} ({score.Low.ToString(figures, CultureInfo.InvariantCulture)} to {score.High.ToString(figures, CultureInfo.InvariantCulture)})");
    static string Text(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);
    static string Whole(double value) => value.ToString("0", CultureInfo.InvariantCulture);

    /// <summary>A line for every fit, on standard error.</summary>
    sealed class Lines : IProgress<RunNews>
    {
        public void Report(RunNews value)
        {
            if (value is CellDoneNews done) Console.Error.WriteLine(FormattableString.Invariant($"{done.Cell}: held-out loss {done.Fit.Best.Loss:0.0000}"));
        }
    }
}
