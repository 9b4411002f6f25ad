using Tutti.Models;
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

    /// <exception cref="DataException">The checkpoint is incomplete or damaged.</exception>
    public TrainedModel(string checkpoint, TrainConfig config, Device device)
    {
        this.config = config;
        tokenizer = Tokenizer.Load(checkpoint);
        model = ModelFolder.Load(checkpoint, null, 0, out var report, device);
        model.Params.Run.Tf32 = config.Tf32 ?? true;
        if (report.Missing.Count == 0) return;
        model.Dispose();
        throw new DataException(checkpoint, $"weights are missing: {string.Join(", ", report.Missing.Take(3))}; train the cell again");
    }

    public IReadOnlyList<string> Classes => new Models.ModelConfig(model.Config, "checkpoint").Labels;

    /// <summary>A table's rows as the model reads them. May run on another thread than the model computes on.</summary>
    public IReadOnlyList<Example> Encode(Table table, TextTemplate text, TextTemplate? pair) =>
        Encode(TextData.Texts(table, text), pair is null ? null : TextData.Texts(table, pair));

    /// <summary>Probabilities (n*K) of encoded rows.</summary>
    public double[] Probabilities(IReadOnlyList<Example> rows, CancellationToken cancel = default) => Predictor.Probabilities(model, rows, config.Precision, cancel: cancel);

    /// <summary>Probabilities (n*K) of texts.</summary>
    public double[] Probabilities(IReadOnlyList<string> texts, IReadOnlyList<string>? pairs) => Probabilities(Encode(texts, pairs));

    /// <summary>Weights that compute, the tables that are only looked up left out.</summary>
    public long Computing => model.Params.Items.Sum(item => item.Stored.Count) - (model.VocabularySize * model.Sizes.Hidden);

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

    Example[] Encode(IReadOnlyList<string> texts, IReadOnlyList<string>? pairs) =>
        [.. tokenizer.EncodeAll(texts, Math.Min(config.MaxLength, model.MaxLength), pairs).Select((t, row) => new Example(t.Ids, t.TypeIds, -1, row))];

    public void Dispose() => model.Dispose();
}
