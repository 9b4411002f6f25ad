using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Predictions;
using Tutti.Tables;
using Tutti.Text;
using Tutti.Torch;
using Tutti.Training;
using Tutti.Vision;

namespace Tutti.Recipes;

/// <summary>One finished cell, loaded to predict. Not thread-safe.</summary>
sealed class TrainedModel : IDisposable
{
    readonly Network model;
    readonly Tokenizer? tokenizer;                            // of texts
    readonly PictureWay? pictures;                            // else
    readonly TrainConfig config;
    readonly Objective objective;
    readonly TestTimeShare? testTime;

    /// <summary>Where a checkpoint's config keeps the answers that its model gives; a key of this project, which transformers passes over.</summary>
    internal const string AnswersKey = "tutti_answers";

    /// <param name="testTime">In which ways rows are seen, and what that counts for; null: the plain way alone.</param>
    /// <exception cref="DataException">The checkpoint is incomplete or damaged.</exception>
    public TrainedModel(string checkpoint, TrainConfig config, Device device, TestTimeShare? testTime = null)
    {
        (this.config, this.testTime) = (config, testTime);
        var file = Path.Combine(checkpoint, "config.json");
        pictures = PictureWay.FromJson(ModelConfig.Read(file).Json[PictureWay.Key], file);
        LoadReport report;
        if (pictures is null) (tokenizer, model) = (Tokenizer.Load(checkpoint), ModelFolder.Load(checkpoint, null, 0, out report, device));
        else model = ModelFolder.LoadPictures(checkpoint, null, 0, out report, device);
        model.Params.Run.Tf32 = config.Tf32 ?? true;
        Answers = AnswersOf(model.Config, checkpoint);
        objective = Answers is null ? new SingleLabel(loss: config.Loss) : Objective.Of(Answers);
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
    public IReadOnlyList<Example> Encode(Table table, TextTemplate text, TextTemplate? pair)
    {
        if (pictures is null) return Encode(TextData.Texts(table, text), pair is null ? null : TextData.Texts(table, pair));
        var items = PictureTable.Items(table, text.Columns[0]);
        var rows = pictures.Examples(items);
        return testTime is null ? rows : Views.Attach(rows, new PictureViews(pictures, testTime.Settings).Of(items, rows), _ => false);
    }

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

    TextModel Reader => model as TextModel ?? throw new InvalidOperationException("this model sees pictures and reads no texts");

    Tokenizer Words => tokenizer ?? throw new InvalidOperationException("this model sees pictures and reads no texts");

    /// <summary>Weights that compute, the tables that are only looked up left out.</summary>
    public long Computing => model.Params.Items.Sum(item => item.Stored.Count) - (model is TextModel reader ? reader.VocabularySize * reader.Sizes.Hidden : 0);

    /// <summary>Numbers of an embedding.</summary>
    public long Channels => model is VisionModel seeing ? seeing.FeatureCount : Reader.Sizes.Hidden;

    /// <summary>Whether its last features have places in the picture.</summary>
    public bool Looks => model is VisionModel { Layout: not FeatureLayout.Flat };

    /// <summary>How much of a micro-batch a picture takes, as <see cref="Example.Length"/>.</summary>
    public int PictureLength => Math.Max(1, pictures!.Size.Width * pictures.Size.Height / 256);

    /// <summary>Where the model looked in a picture, which part of the whole picture that is about, and the probability that it gives the class.</summary>
    /// <param name="item">The picture.</param>
    /// <param name="predicted">The class.</param>
    public (LookMap Map, PictureFrame Frame, double Probability) Look(PictureItem item, int predicted, CancellationToken cancel = default)
    {
        var example = pictures!.Examples([item])[0];
        var map = PictureAttribution.Of((VisionModel)model, example, predicted) ?? throw new InvalidOperationException("this model's features have no places");
        return (map, pictures.Frame(item), Plain([example], cancel)[predicted]);
    }

    /// <summary>One text as the model reads it.</summary>
    public Example Encode(string text, string? pair) => Encode([text], pair is null ? null : [pair])[0];

    /// <summary>What the tokens of a text did to the logit of a class less another's; without those that begin and end it.</summary>
    /// <param name="occlusion">Also what the class's probability loses without each token, which takes a prediction per token.</param>
    public (string[] Tokens, double[] Gradient, double[]? Occlusion, double Probability) Explain(Example text, int predicted, int against, bool occlusion, CancellationToken cancel = default)
    {
        HashSet<int> frame = [.. new[] { Words.ClsId, Words.SepId, Words.BosId, Words.EosId, Words.PadId }.OfType<int>()];
        var shown = Enumerable.Range(0, text.Ids.Length).Where(place => !frame.Contains(text.Ids[place])).ToArray();
        T[] Shown<T>(IReadOnlyList<T> values) => [.. shown.Select(place => values[place])];
        var gradient = Attribution.GradientTimesInput(Reader, text, predicted, against);
        var mask = Words.MaskId ?? Words.UnknownId ?? Words.PadId;
        var losses = occlusion && mask is { } id ? Attribution.Occlusion(Reader, text, predicted, id, frame, config.Precision, cancel) : null;
        return (Shown(Words.Tokens(text.Ids)), Shown(gradient), losses is null ? null : Shown(losses), Probabilities([text], cancel)[predicted]);
    }

    /// <summary>Texts as the model reads them.</summary>
    public Example[] Encode(IReadOnlyList<string> texts, IReadOnlyList<string>? pairs)
    {
        var length = Math.Min(config.MaxLength, Reader.MaxLength);
        var tokens = Words.EncodeAll(texts, length, pairs);
        Example[] rows = [.. tokens.Select((t, row) => new Example(t.Ids, t.TypeIds, -1, row))];
        return testTime is null ? rows : Views.Attach(rows, Views.Of(texts, pairs, Words, length, testTime.Settings.Windows!), row => !tokens[row.Row].Truncated);
    }

    public void Dispose() => model.Dispose();
}
