using System.Diagnostics;
using Tutti.Baselines;
using Tutti.Predictions;
using Tutti.Recipes;
using Tutti.Tables;
using Tutti.Text;

namespace Tutti.Bench;

/// <summary>What a classifier says of the test rows.</summary>
/// <param name="Wrong">Of each row whether it is wrong.</param>
/// <param name="Positive">Of each row the probability of the second class.</param>
/// <param name="Seconds">Its training took; 0 where it was trained before.</param>
sealed record UlmfitAnswer(bool[] Wrong, double[] Positive, double Seconds = 0)
{
    public Share Error => new(Wrong.Count(wrong => wrong), Wrong.Length);
}

/// <summary>
/// Language models of reviews, forward and backward, and classifiers that begin with them: every one a run of the library in a folder below <paramref name="folder"/>. A folder that is used
/// again trains nothing again.
/// </summary>
sealed class UlmfitTask(string folder, IProgress<RunNews> news)
{
    /// <summary>Reviews of either part that the language models learn, without labels; and of the test part those that measure the classifiers, and those that settings were chosen on.</summary>
    const int LanguageReviews = 18_000, TestReviews = 3_000, TuningReviews = 1_500;

    public const string Forward = "forward", Backward = "backward";

    const int Vocabulary = 8000;

    const string Language = """
        task: language-model
        data: { train: reviews.csv, text: "{text}", validation: 0.01 }
        train: { epochs: 1, batch: 32, learning-rate: 4e-3, schedule: one-cycle, warmup: 0, bptt: 70, jitter: 5, precision: bf16, weight-decay: 0.1, beta2: 0.99, dropout: 0.05 }
        members:
          - { name: forward, model: { kind: awd-lstm, embedding: 128, hidden: 256, layers: 2, vocabulary: 8000 } }
          - { name: backward, model: { kind: awd-lstm, embedding: 128, hidden: 256, layers: 2, vocabulary: 8000, backward: true } }
        """;

    /// <summary>
    /// ULMFiT's own way of fine-tuning a classifier, and the plain one: all layers by one rate. Rates, and the share from layer to layer, are the best of the few that were tried on 1,500 other reviews of
    /// the training part (docs/ulmfit-imdb.md).
    /// </summary>
    public const string Gradual = "learning-rate: 2e-2, schedule: slanted-triangular, unfreeze: gradual, layer-decay: 0.6", Plain = "learning-rate: 8e-3, schedule: one-cycle, warmup: 0";

    /// <summary>The rates of classifiers that begin with nothing, chosen in the same way.</summary>
    static string FromNothing(int labels) => $"learning-rate: {(labels <= 100 ? "8e-3" : "4e-3")}, schedule: one-cycle, warmup: 0";

    readonly Dictionary<string, string> models = [];
    readonly Dictionary<int, Review[]> labelled = [];
    Review[] test = [];

    /// <summary>Writes the rows, and the vocabulary that all models have.</summary>
    public void Begin()
    {
        var reviews = UlmfitReviews.Read(folder);
        test = reviews.Tested(TestReviews);
        var others = reviews.Test.Except(test).ToArray();
        string[] unlabelled = [.. reviews.Train.Take(LanguageReviews).Concat(others.Skip(TuningReviews).Take(LanguageReviews)).Select(review => review.Text)];
        foreach (var count in UlmfitBench.Sizes) Write($"train-{count}.csv", labelled[count] = reviews.Labelled(count));
        Write("test.csv", test);
        Write("tuning.csv", others[..TuningReviews]);
        TableWriter.Write(In("reviews.csv"), ["text"], table =>
        {
            foreach (var text in unlabelled) table.Row(text);
        });
        UlmfitTokenizer.Learn(unlabelled, WordLanguage.En, Vocabulary, WordVocabulary.DefaultLeast).Save(In("tokenizer"));
    }

    /// <summary>Trains the language models unless they are there.</summary>
    public IReadOnlyList<LanguageRow> Languages()
    {
        var rows = new LanguageRun(Recipe.Parse(Language, folder), In("language")).Train(news);
        foreach (var row in rows) models[row.Cell.Split(' ')[0]] = row.Folder;
        return [.. rows.OrderByDescending(row => row.Cell, StringComparer.Ordinal)];
    }

    /// <summary>Epochs, in which few labels are seen more often.</summary>
    public static int Epochs(int labels) => labels switch { <= 100 => 40, <= 500 => 12, _ => 6 };

    /// <summary>Updates of a classifier: a fifth of the labels is held out, and only looked at; so few rows choose no weights.</summary>
    public static int Updates(int labels) => Epochs(labels) * (int)Math.Ceiling(labels * 0.8 / 16);

    /// <summary>A classifier that begins with a language model.</summary>
    public UlmfitAnswer Transfer(int labels, string direction, string how, params int[] seeds) =>
        Trained($"{direction}-{labels}-{(how == Gradual ? "gradual" : "plain")}-{string.Join('+', seeds)}", labels, $"{{ folder: '{models[direction]}' }}", how, seeds);

    /// <summary>One of the same sizes and vocabulary that begins with nothing; all of its layers learn from the start, by one rate.</summary>
    public UlmfitAnswer Fresh(int labels, params int[] seeds) =>
        Trained($"fresh-{labels}-{string.Join('+', seeds)}", labels, $"{{ kind: awd-lstm, embedding: 128, hidden: 256, layers: 2, tokenizer: tokenizer }}", FromNothing(labels), seeds);

    /// <summary>Words counted, and logistic regression.</summary>
    public UlmfitAnswer Baseline(int labels)
    {
        var rows = labelled[labels];
        var values = TextBaseline.Predict([.. rows.Select(row => row.Text)], [.. rows.Select(row => Array.IndexOf(UlmfitReviews.Classes, row.Label))], 2, [.. test.Select(row => row.Text)]);
        return Answer([.. Enumerable.Range(0, test.Length).Select(row => values[(2 * row) + 1])]);
    }

    /// <summary>The mean of two models' probabilities.</summary>
    public UlmfitAnswer Blend(UlmfitAnswer first, UlmfitAnswer second) => Answer([.. first.Positive.Zip(second.Positive, (a, b) => (a + b) / 2)]);

    UlmfitAnswer Trained(string name, int labels, string model, string how, int[] seeds)
    {
        var clock = Stopwatch.GetTimestamp();
        var run = new Run(Recipe.Parse($$"""
            data: { train: train-{{labels}}.csv, text: "{text}", label: label, id: id, validation: 0.2 }
            train: { epochs: {{Epochs(labels)}}, batch: 16, max-length: 256, precision: bf16, dropout: 0.1, best-by: last, {{how}} }
            members:
              - { name: classifier, seeds: [{{string.Join(", ", seeds)}}], model: {{model}} }
            report: { explain: 0 }
            """, folder), In(name)).Train(news);
        var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
        var output = Path.Combine(run.Files.Root, "on-test.csv");
        TrainedRun.Open(run.Files.Root).Predict(In("test.csv"), output);
        var set = PredictionFile.Read(output);
        return Answer([.. Enumerable.Range(0, set.Count).Select(row => set.Row(row)[1])]) with { Seconds = seconds };
    }

    UlmfitAnswer Answer(double[] positive) => new([.. positive.Zip(test, (share, row) => UlmfitReviews.Classes[share > 0.5 ? 1 : 0] != row.Label)], positive);

    void Write(string name, IReadOnlyList<Review> rows) => TableWriter.Write(In(name), ["id", "text", "label"], table =>
    {
        foreach (var (i, row) in rows.Index()) table.Row(FormattableString.Invariant($"{i}"), row.Text, row.Label);
    });

    string In(string name) => Path.Combine(folder, name);
}
