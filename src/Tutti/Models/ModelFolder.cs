using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Models.Vision;
using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models;

/// <summary>What happened to the weights when a checkpoint was loaded.</summary>
/// <param name="Missing">Weights of the model that no file held; they were initialised.</param>
/// <param name="Unexpected">Weights of the files that the model has no place for; they were ignored.</param>
public sealed record LoadReport(IReadOnlyList<string> Missing, IReadOnlyList<string> Unexpected)
{
    /// <summary>One line each for what was initialised and ignored, or nothing.</summary>
    public IEnumerable<string> Lines()
    {
        if (Missing.Count > 0) yield return $"{Missing.Count} weights are not in the checkpoint and start fresh: {Some(Missing)}";
        if (Unexpected.Count > 0) yield return $"{Unexpected.Count} weights of the checkpoint are not used: {Some(Unexpected)}";
    }

    static string Some(IReadOnlyList<string> names) => string.Join(", ", names.Take(4)) + (names.Count > 4 ? ", ..." : "");
}

/// <summary>Reads and writes Hugging Face model folders: config.json and safetensors weights. Nothing executable is ever loaded.</summary>
public static class ModelFolder
{
    /// <summary>Weights that a checkpoint may lack however few it has.</summary>
    const int MaxLacking = 32;

    /// <summary>Loads a model to fine-tune: the encoder's weights must fit; a head for other classes starts fresh.</summary>
    /// <param name="folder">config.json and weights.</param>
    /// <param name="labels">Class names of the new head, or null to keep the checkpoint's.</param>
    /// <param name="seed">Draws the weights that the checkpoint lacks.</param>
    /// <param name="report">What was initialised and ignored.</param>
    /// <param name="change">Settings to override in the config, such as dropout.</param>
    /// <param name="reinitialize">So many of the last layers, and what is behind them, start fresh whatever the checkpoint holds.</param>
    /// <param name="match">The vocabulary that the model shall have in place of its weights' own; for models whose words are a list.</param>
    /// <exception cref="DataException">A missing or broken file, an unknown architecture, weights of the wrong shape.</exception>
    public static TextModel Load(string folder, IReadOnlyList<string>? labels, long seed, out LoadReport report, Device? device = null, DType dtype = DType.Float32, Func<ModelConfig, ModelConfig>? change = null, int reinitialize = 0, VocabularyMatch? match = null) =>
        Of<TextModel>(Open(folder, labels, seed, out report, device, dtype, change, reinitialize, match), folder, "texts", "pictures");

    /// <summary>Loads a network of pictures to fine-tune, with Hugging Face's names or timm's: all weights but the classifier's must be there, and fit; those that belong to places of a picture are resampled for another size.</summary>
    /// <param name="folder">config.json and weights.</param>
    /// <param name="labels">Class names of the new head, or null to keep the checkpoint's.</param>
    /// <param name="seed">Draws the weights that the checkpoint lacks.</param>
    /// <param name="report">What was initialised and ignored.</param>
    /// <param name="size">Height and width of the pictures; null for what the config says.</param>
    /// <param name="change">Settings to override in the config, such as drop_path_rate.</param>
    /// <param name="reinitialize">So many of the last stages, and what is behind them, start fresh whatever the checkpoint holds.</param>
    /// <exception cref="DataException">A missing or broken file, an unknown architecture, weights that lack or have the wrong shape.</exception>
    public static VisionModel LoadPictures(string folder, IReadOnlyList<string>? labels, long seed, out LoadReport report, Device? device = null, DType dtype = DType.Float32, (int Height, int Width)? size = null, Func<ModelConfig, ModelConfig>? change = null, int reinitialize = 0)
    {
        ModelConfig Changed(ModelConfig config) => change is null ? Sized(config) : change(Sized(config));
        ModelConfig Sized(ModelConfig config) => size is var (height, width) ? config.WithPictureSize(height, width) : config;
        var model = Of<VisionModel>(Open(folder, labels, seed, out report, device, dtype, Changed, reinitialize, null), folder, "pictures", "texts");
        var source = new ModelConfig(model.Config, folder);
        var (entry, groups) = (Catalog.Find(source), Catalog.Find(source).Groups(source));
        var lacking = report.Missing.Where(name => !entry.IsProjection(source, name) && (reinitialize == 0 || groups.Of(name) <= groups.Layers - reinitialize)).ToArray();
        if (lacking.Length == 0) return model;
        model.Dispose();
        throw new DataException(folder, $"{lacking.Length} weights are not in the checkpoint, such as {lacking[0]}{(report.Unexpected.Count > 0 ? $"; it has {report.Unexpected[0]} and others instead" : "")}. The weights and config.json do not belong together.");
    }

    static T Of<T>(Network model, string folder, string wanted, string other) where T : Network
    {
        if (model is T right) return right;
        model.Dispose();
        throw new DataException(folder, $"this model reads {other}; expected one that reads {wanted}");
    }

    static Network Open(string folder, IReadOnlyList<string>? labels, long seed, out LoadReport report, Device? device, DType dtype, Func<ModelConfig, ModelConfig>? change, int reinitialize, VocabularyMatch? match)
    {
        if (!Directory.Exists(folder)) throw new DataException(folder, "the model folder does not exist");
        var config = ModelConfig.Read(Path.Combine(folder, "config.json"));
        if (labels is not null) config = config.WithLabels(labels);
        var stored = config.Pooling;
        if (change is not null) config = change(config);
        var entry = Catalog.Find(config);
        if (match is not null) config = entry.HasWordRows is null ? throw new DataException(folder, $"model_type '{config.ModelType}' cannot be brought to another vocabulary; only models with a list of words can") : config.With("vocab_size", match.Words.Count);
        var groups = entry.Groups(config);
        if (reinitialize > 0 && reinitialize > groups.Layers) throw new DataException(folder, $"{reinitialize} of its layers are to start fresh, but it has {groups.Layers} with weights of their own");
        using var weights = new WeightFiles(folder, entry.PrefixOf(config), entry.Renamed is null ? null : (name, has) => entry.Renamed(config, name, has));
        var (classes, lacking) = (config.LabelCount, 0);
        var p = new Params(seed, Stored, device, dtype);
        try
        {
            var model = entry.Build(p, config);
            report = new(p.Missing, weights.Unexpected);
            return model;
        }
        catch (DataException e) when (e.File.Contains(".weight", StringComparison.Ordinal) || e.File.Contains(".bias", StringComparison.Ordinal))
        {
            p.Dispose();
            throw new DataException(folder, $"{e.Message} The weights and config.json do not belong together.", inner: e);
        }
        catch
        {
            p.Dispose();
            throw;
        }

        Tensor? Stored(string name)
        {
            if (Fresh(name, weights.Shape(name), classes)) return null;
            var stored = device is { IsMeta: true } ? weights.Describe(name) : weights.Read(name);
            if (stored is not null && entry.Fitted is not null) stored = entry.Fitted(config, name, stored);
            if (stored is not null && match is not null && entry.HasWordRows!(name)) stored = match.Rows(stored, name);
            // A config that claims a million layers would have them all made.
            if (stored is null && ++lacking > Math.Max(MaxLacking, weights.Count))
                throw new DataException(folder, $"config.json asks for more than {lacking} weights that the checkpoint of {weights.Count} does not hold, such as {name}; they do not belong together");
            return stored;
        }

        // A head for another number of classes cannot be kept; transformers calls this ignore_mismatched_sizes.
        bool Fresh(string name, long[]? shape, int k) =>
            (reinitialize > 0 && groups.Of(name) > groups.Layers - reinitialize)
            || (stored != config.Pooling && name.StartsWith("classifier.", StringComparison.Ordinal))
            || labels is not null && entry.IsProjection(config, name) && shape?[0] is { } rows && rows != k;
    }

    /// <summary>Builds a model whose weights all start fresh.</summary>
    public static TextModel New(ModelConfig config, long seed, Device? device = null, DType dtype = DType.Float32) => Of<TextModel>(Built(config, seed, device, dtype), config.Where, "texts", "pictures");

    /// <summary>Builds a network of pictures whose weights all start fresh; see <see cref="Catalog.Named"/>.</summary>
    public static VisionModel NewPictures(ModelConfig config, long seed, Device? device = null, DType dtype = DType.Float32) => Of<VisionModel>(Built(config, seed, device, dtype), config.Where, "pictures", "texts");

    static Network Built(ModelConfig config, long seed, Device? device, DType dtype)
    {
        var p = new Params(seed, null, device, dtype);
        try
        {
            return Catalog.Find(config).Build(p, config);
        }
        catch
        {
            p.Dispose();
            throw;
        }
    }

    /// <summary>Writes config.json and model.safetensors as transformers reads them; each file appears whole or not at all.</summary>
    /// <exception cref="ConfigException">The folder cannot be written.</exception>
    public static void Save(Network model, string folder)
    {
        AtomicFile.Write(Path.Combine(folder, "model.safetensors"), stream => SafeTensors.Write(stream, model.Params.Items.ToDictionary(item => item.Name, item => item.Value)));
        SaveConfig(model, folder);
    }

    /// <summary>Writes config.json alone.</summary>
    internal static void SaveConfig(Network model, string folder)
    {
        var config = (JsonObject)model.Config.DeepClone();
        var source = new ModelConfig(config, folder);
        if (!source.IsTimm()) config["architectures"] = new JsonArray(source.IsLanguageModel ? Catalog.Find(source).LanguageArchitecture : Catalog.Find(source).Architecture);
        if (!source.IsTimm()) config["torch_dtype"] = model.Params.DType == DType.Float64 ? "float64" : "float32";
        AtomicFile.Write(Path.Combine(folder, "config.json"), config.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
    }
}
