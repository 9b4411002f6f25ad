using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Predictions;
using Tutti.Tables;
using Tutti.Text;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>One finished cell, loaded to predict. Not thread-safe.</summary>
sealed class TrainedModel : IDisposable
{
    readonly TextModel model;
    readonly Tokenizer tokenizer;
    readonly TrainConfig config;
    readonly Objective objective;
    readonly TestTimeShare? testTime;

    /// <summary>Where a checkpoint's config keeps the answers that its model gives; a key of this project, which transformers passes over.</summary>
    internal const string AnswersKey = "tutti_answers";

    /// <param name="testTime">In which ways long texts are seen, and what that counts for; null: the plain way alone.</param>
    /// <exception cref="DataException">The checkpoint is incomplete or damaged.</exception>
    public TrainedModel(string checkpoint, TrainConfig config, Device device, TestTimeShare? testTime = null)
    {
        (this.config, this.testTime) = (config, testTime);
        tokenizer = Tokenizer.Load(checkpoint);
        model = ModelFolder.Load(checkpoint, null, 0, out var report, device);
        model.Params.Run.Tf32 = config.Tf32 ?? true;
        Answers = AnswersOf(model.Config, checkpoint);
        objective = Answers is null ? new SingleLabel() : Objective.Of(Answers);
        if (report.Missing.Count == 0) return;
        model.Dispose();
        throw new DataException(checkpoint, $"weights are missing: {string.Join(", ", report.Missing.Take(3))}; train the cell again");
    }

    public IReadOnlyList<string> Classes => new Models.ModelConfig(model.Config, "checkpoint").Labels;

    /// <summary>What the model says where that is not one class; else null.</summary>
    public IReadOnlyList<Answer>? Answers { get; }

    /// <summary>The answers that a checkpoint's config keeps; null where the model tells classes apart.</summary>
    /// <exception cref="DataException">They are damaged.</exception>
    public static IReadOnlyList<Answer>? AnswersOf(JsonObject config, string checkpoint) => config[AnswersKey] is { } json ? Answer.FromJson(json, Path.Combine(checkpoint, "config.json")) : null;

    /// <summary>A table's rows as the model reads them. May run on another thread than the model computes on.</summary>
    public IReadOnlyList<Example> Encode(Table table, TextTemplate text, TextTemplate? pair) =>
        Encode(TextData.Texts(table, text), pair is null ? null : TextData.Texts(table, pair));

    /// <summary>Probabilities (n*K) of encoded rows, or the numbers of the answers.</summary>
    public double[] Probabilities(IReadOnlyList<Example> rows, CancellationToken cancel = default)
    {
        var plain = Plain(rows, cancel);
        return testTime is null ? plain : Views.Mix(plain, OverViews(rows, plain, cancel), testTime.Weight);
    }

    /// <summary>The mean of the probabilities over the views of each row.</summary>
    /// <param name="plain">What is predicted of the rows as they are.</param>
    public double[] OverViews(IReadOnlyList<Example> rows, double[] plain, CancellationToken cancel) => Views.Mean(rows, plain, views => Plain(views, cancel));

    double[] Plain(IReadOnlyList<Example> rows, CancellationToken cancel) => Predictor.Values(model, rows, objective, config.Precision, cancel: cancel);

    /// <summary>Of each row the mean over its tokens of the last hidden state (n*C).</summary>
    public double[] Embeddings(IReadOnlyList<Example> rows, CancellationToken cancel = default) => Predictor.Embeddings(model, rows, config.Precision, cancel: cancel);

    /// <summary>Probabilities (n*K) of texts.</summary>
    public double[] Probabilities(IReadOnlyList<string> texts, IReadOnlyList<string>? pairs) => Probabilities(Encode(texts, pairs));

    /// <summary>Weights that compute, the tables that are only looked up left out.</summary>
    public long Computing => model.Params.Items.Sum(item => item.Stored.Count) - (model.VocabularySize * model.Sizes.Hidden);

    /// <summary>Numbers of a hidden state.</summary>
    public long Channels => model.Sizes.Hidden;

    /// <summary>One text as the model reads it.</summary>
    public Example Encode(string text, string? pair) => Encode([text], pair is null ? null : [pair])[0];

    /// <summary>What the tokens of a text did to the logit of a class less another's; without those that begin and end it.</summary>
    /// <param name="occlusion">Also what the class's probability loses without each token, which takes a prediction per token.</param>
    public (string[] Tokens, double[] Gradient, double[]? Occlusion, double Probability) Explain(Example text, int predicted, int against, bool occlusion, CancellationToken cancel = default)
    {
        HashSet<int> frame = [.. new[] { tokenizer.ClsId, tokenizer.SepId, tokenizer.BosId, tokenizer.EosId, tokenizer.PadId }.OfType<int>()];
        var shown = Enumerable.Range(0, text.Ids.Length).Where(place => !frame.Contains(text.Ids[place])).ToArray();
        T[] Shown<T>(IReadOnlyList<T> values) => [.. shown.Select(place => values[place])];
        var gradient = Attribution.GradientTimesInput(model, text, predicted, against);
        var mask = tokenizer.MaskId ?? tokenizer.UnknownId ?? tokenizer.PadId;
        var losses = occlusion && mask is { } id ? Attribution.Occlusion(model, text, predicted, id, frame, config.Precision, cancel) : null;
        return (Shown(tokenizer.Tokens(text.Ids)), Shown(gradient), losses is null ? null : Shown(losses), Probabilities([text], cancel)[predicted]);
    }

    /// <summary>Texts as the model reads them.</summary>
    public Example[] Encode(IReadOnlyList<string> texts, IReadOnlyList<string>? pairs)
    {
        var length = Math.Min(config.MaxLength, model.MaxLength);
        var tokens = tokenizer.EncodeAll(texts, length, pairs);
        Example[] rows = [.. tokens.Select((t, row) => new Example(t.Ids, t.TypeIds, -1, row))];
        return testTime is null ? rows : Views.Attach(rows, Views.Of(texts, pairs, tokenizer, length, testTime.Windows), row => !tokens[row.Row].Truncated);
    }

    public void Dispose() => model.Dispose();
}
