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
        var tokenizer = spec.Folder is { } folder && spec.Vocabulary is null ? FromFolder(folder)
            : spec.Tokenizer is { } file ? ReadyTokenizer.Load(file)
            : spec.Vocabulary!.Learn(texts(), spec.Kind);
        return new(spec, member.Effective(common), tokenizer);
    }

    /// <summary>Builds the network for some classes. The caller disposes it.</summary>
    /// <param name="device">Where its weights go; <see cref="Device.Meta"/> for a model that is only looked at; null for <see cref="Device"/>.</param>
    /// <exception cref="DataException">Weights or config cannot be used, or do not fit the tokenizer.</exception>
    public TextModel Build(IReadOnlyList<string> classes, long seed, out LoadReport report, Device? device = null)
    {
        report = new([], []);
        return Checked(Spec.Folder is { } folder ? ModelFolder.Load(folder, classes, seed, out report, device ?? Device, change: Changed, reinitialize: Spec.ReinitializeLayers ?? 0, match: Match(folder))
            : ModelFolder.New(Changed(Fresh()).WithLabels(classes), seed, device ?? Device));
    }

    /// <summary>The same for a network that predicts masked tokens.</summary>
    /// <exception cref="DataException">As for <see cref="Build"/>.</exception>
    public TextModel BuildLanguage(long seed, out LoadReport report, Device? device = null)
    {
        report = new([], []);
        return Checked(Spec.Folder is { } folder ? ModelFolder.Load(folder, null, seed, out report, device ?? Device, change: config => Changed(config).AsLanguageModel(), reinitialize: Spec.ReinitializeLayers ?? 0, match: Match(folder))
            : ModelFolder.New(Changed(Fresh()).AsLanguageModel(), seed, device ?? Device));
    }

    /// <summary>Where the recipe asks for a vocabulary of its own in place of the folder's.</summary>
    VocabularyMatch? Match(string folder) => Spec.Vocabulary is null ? null
        : VocabularyMatch.Of(folder, UlmfitTokenizer.Words(Tokenizer)!);

    TextModel Checked(TextModel model)
    {
        try
        {
            LayerGroups.Freeze(model, Config.Freeze);
            LearningGroups.Check(model, Config);
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

    /// <summary>The config with what the recipe says of dropout and head.</summary>
    Models.ModelConfig Changed(Models.ModelConfig config)
    {
        if (Config.Dropout is { } share)
            foreach (var key in Catalog.Find(config).DropoutKeys) config = config.With(key, share);
        if (Spec.Pooling is { } pooling) config = config.WithPooling(pooling);
        return Spec.MultiSampleDropout is { } samples ? config.With("tutti_dropout_samples", samples) : config;
    }

    Models.ModelConfig Fresh()
    {
        var pad = Tokenizer.PadId ?? throw new DataException(Spec.Tokenizer ?? "tokenizer", "the tokenizer has no padding token, which an encoder needs");
        return FreshEncoder.Config(Spec, Tokenizer.VocabularySize, pad, Spec.MaxLength ?? DefaultPositions);
    }
}
