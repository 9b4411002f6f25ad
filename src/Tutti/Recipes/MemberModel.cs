using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Text;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>One member's model and tokenizer: from a Hugging Face folder, or an encoder that starts from nothing.</summary>
/// <param name="Spec">What the recipe says.</param>
/// <param name="Config">The member's training settings.</param>
/// <param name="Tokenizer">Read, or learnt from the training texts.</param>
public sealed record MemberModel(ModelSpec Spec, TrainConfig Config, Tokenizer Tokenizer)
{
    const int DefaultPositions = 512;

    /// <summary>
    /// An embedding whose rows are a multiple of one of these may have that share of them without a token: published models pad their tables, to what
    /// processors like or to a round number (DeBERTa-v3: 128100 rows for 128001 tokens).
    /// </summary>
    static readonly int[] paddedTo = [8, 100];
    const double PaddedRows = 0.002;

    /// <summary>Where its networks are built.</summary>
    public Device Device { get; init; } = Device.Cpu;

    /// <summary>Reads or learns the tokenizer.</summary>
    /// <exception cref="DataException">The tokenizer's files cannot be used.</exception>
    public static MemberModel Of(MemberConfig member, TrainConfig common, Func<IEnumerable<string>> texts)
    {
        var spec = member.Model;
        var tokenizer = spec.Folder is { } folder ? FromFolder(folder)
            : spec.Tokenizer is { } file ? Tokenizer.Load(file)
            : spec.Vocabulary!.Learn(texts(), spec.Kind);
        return new(spec, member.Effective(common), tokenizer);
    }

    /// <summary>Builds the network for some classes. The caller disposes it.</summary>
    /// <param name="device">Where its weights go; <see cref="Device.Meta"/> for a model that is only looked at; null for <see cref="Device"/>.</param>
    /// <exception cref="DataException">Weights or config cannot be used, or do not fit the tokenizer.</exception>
    public TextModel Build(IReadOnlyList<string> classes, long seed, out LoadReport report, Device? device = null)
    {
        report = new([], []);
        device ??= Device;
        var model = Spec.Folder is { } folder ? ModelFolder.Load(folder, classes, seed, out report, device, change: WithDropout) : ModelFolder.New(WithDropout(Fresh(classes)), seed, device);
        try
        {
            CheckVocabulary(model);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Tokens of a row that are read: what the recipe asks, within what the model can.</summary>
    public int MaxLength(TextModel model) => Math.Min(Config.MaxLength, model.MaxLength);

    static Tokenizer FromFolder(string folder) => Directory.Exists(folder) ? Tokenizer.Load(folder)
        : throw new DataException(folder, "the model folder does not exist; it should hold config.json, model.safetensors and the tokenizer's files");

    void CheckVocabulary(TextModel model)
    {
        var (ids, rows, where) = (Tokenizer.VocabularySize, model.VocabularySize, Spec.Folder ?? Spec.Tokenizer ?? "the tokenizer");
        if (ids > rows)
            throw new DataException(where, $"the tokenizer has {ids} ids, the model's embedding {rows} rows; they do not belong together");
        if (!IsPadding(ids, rows))
            throw new DataException(where, $"the tokenizer has only {ids} ids, the model's embedding {rows} rows; the vocabulary is cut short or belongs to another model");
    }

    /// <summary>Whether the rows beyond the vocabulary, if any, are padding and not a sign of a vocabulary cut short.</summary>
    internal static bool IsPadding(int ids, int rows) => ids == rows || (paddedTo.Any(unit => rows % unit == 0) && ids >= rows - (rows * PaddedRows));

    Models.ModelConfig WithDropout(Models.ModelConfig config) => Config.Dropout is { } share
        ? config.With("hidden_dropout_prob", share).With("attention_probs_dropout_prob", share) : config;

    Models.ModelConfig Fresh(IReadOnlyList<string> classes)
    {
        var roberta = Spec.Kind == EncoderKind.Roberta;
        var pad = Tokenizer.PadId ?? throw new DataException(Spec.Tokenizer ?? "tokenizer", "the tokenizer has no padding token, which an encoder needs");
        var positions = Spec.MaxLength ?? DefaultPositions;
        var json = new JsonObject
        {
            ["model_type"] = roberta ? "roberta" : "bert",
            ["vocab_size"] = Tokenizer.VocabularySize,
            ["hidden_size"] = Spec.Hidden,
            ["num_hidden_layers"] = Spec.Layers,
            ["num_attention_heads"] = Spec.Heads,
            ["intermediate_size"] = Spec.Intermediate ?? 4 * Spec.Hidden,
            ["hidden_act"] = "gelu",
            ["hidden_dropout_prob"] = Spec.Dropout ?? 0.1,
            ["attention_probs_dropout_prob"] = Spec.Dropout ?? 0.1,
            // RoBERTa's positions begin behind the padding id.
            ["max_position_embeddings"] = roberta ? positions + pad + 1 : positions,
            ["type_vocab_size"] = roberta ? 1 : 2,
            ["layer_norm_eps"] = roberta ? 1e-5 : 1e-12,
            ["pad_token_id"] = pad,
        };
        return new Models.ModelConfig(json, "the recipe's model").WithLabels(classes);
    }
}
