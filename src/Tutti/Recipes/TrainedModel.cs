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

    /// <summary>Probabilities (n*K) of a table's rows.</summary>
    public double[] Probabilities(Table table, TextTemplate text, TextTemplate? pair) =>
        Probabilities(TextData.Texts(table, text), pair is null ? null : TextData.Texts(table, pair));

    /// <summary>Probabilities (n*K) of texts.</summary>
    public double[] Probabilities(IReadOnlyList<string> texts, IReadOnlyList<string>? pairs)
    {
        var tokens = tokenizer.EncodeAll(texts, Math.Min(config.MaxLength, model.MaxLength), pairs);
        return Predictor.Probabilities(model, [.. tokens.Select((t, row) => new Example(t.Ids, t.TypeIds, -1, row))], config.Precision);
    }

    public void Dispose() => model.Dispose();
}
