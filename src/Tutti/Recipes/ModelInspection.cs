using Tutti.Models;
using Tutti.Nn;
using Tutti.Text;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>A part of a network.</summary>
/// <param name="Name">The place of its weights in the checkpoint; of a list of layers the list's.</param>
/// <param name="Layers">How many layers it has; 0 for a part that is no list.</param>
/// <param name="Weights">Of all of them.</param>
public sealed record ModelBlock(string Name, int Layers, long Weights);

/// <summary>Tokens of one script.</summary>
/// <param name="Share">Of the tokens that are not special.</param>
public sealed record ScriptShare(string Script, int Tokens, double Share);

/// <summary>What a tokenizer holds.</summary>
/// <param name="Kind">Hugging Face's name.</param>
/// <param name="Ids">The highest id + 1.</param>
/// <param name="Special">Tokens by the part that they play.</param>
/// <param name="Scripts">Of the vocabulary, the largest share first.</param>
public sealed record VocabularyInspection(string Kind, int Ids, IReadOnlyDictionary<string, string> Special, IReadOnlyList<ScriptShare> Scripts);

/// <summary>Memory that a way of using the model takes.</summary>
/// <param name="Use">In words.</param>
/// <param name="Peak">Bytes, or null where it does not fit into this machine.</param>
public sealed record MemoryUse(string Use, long? Peak);

/// <summary>What a model folder holds, without training it.</summary>
/// <param name="Folder">That was read.</param>
/// <param name="Architecture">As config.json names it, or as transformers calls the class that Tutti builds.</param>
/// <param name="Report">Weights that are missing or not used.</param>
/// <param name="Vocabulary">Null where the folder has no tokenizer.</param>
/// <param name="Tokens">Of a text in <paramref name="Memory"/>.</param>
/// <param name="Batch">Texts of an update there.</param>
public sealed record ModelInspection(
    string Folder, string ModelType, string Architecture, long Weights, IReadOnlyList<ModelBlock> Blocks, IReadOnlyList<string> Labels, LoadReport Report,
    int VocabularySize, int MaxLength, VocabularyInspection? Vocabulary, int Tokens, int Batch, IReadOnlyList<MemoryUse> Memory)
{
    const int UsualTokens = 128, UsualBatch = 32;

    /// <param name="path">A model folder, or the folder of a run's cell.</param>
    /// <exception cref="InputException">It is neither, or its files cannot be used.</exception>
    public static ModelInspection Of(string path, CancellationToken cancel = default)
    {
        var folder = FolderOf(path);
        using var budget = new MemoryBudget(null, Device.Cpu);
        using var shape = ModelFolder.Load(folder, null, 0, out var report, Device.Meta);
        var config = new ModelConfig(shape.Config, Path.Combine(folder, "config.json"));
        var items = shape.Params.Items;
        var tokens = Math.Min(UsualTokens, shape.MaxLength);
        return new(folder, config.ModelType, Catalog.Find(config).Architecture, items.Sum(item => item.Stored.Count), BlocksOf(items), config.Labels, report,
            shape.VocabularySize, shape.MaxLength, VocabularyOf(folder), tokens, UsualBatch, MemoryOf(folder, tokens, cancel));
    }

    static string FolderOf(string path)
    {
        if (!Directory.Exists(path)) throw new DataException(path, "the folder does not exist; expected a model folder or the folder of a run's cell");
        var cell = Path.Combine(path, "checkpoint");
        if (File.Exists(Path.Combine(path, "config.json"))) return path;
        if (File.Exists(Path.Combine(cell, "config.json"))) return cell;
        var cells = Path.Combine(path, "cells");
        var first = Directory.Exists(cells) ? Directory.EnumerateDirectories(cells).Order(StringComparer.Ordinal).FirstOrDefault() : null;
        throw new DataException(path, first is null ? "there is no config.json; expected a model folder or the folder of a run's cell" : $"is a run with several models; name one of its cells, such as {first}");
    }

    /// <summary>Layers of a list are counted together, other weights by the first two parts of their names.</summary>
    internal static IReadOnlyList<ModelBlock> BlocksOf(IReadOnlyList<Parameter> items)
    {
        var blocks = items.Select(item => (Place: PlaceOf(item.Name.Split('.')), item.Stored.Count)).GroupBy(item => item.Place.Block);
        return [.. blocks.Select(block => new ModelBlock(block.Key, block.Select(item => item.Place.Layer).OfType<string>().Distinct().Count(), block.Sum(item => item.Count)))];
    }

    static (string Block, string? Layer) PlaceOf(string[] name)
    {
        var layer = Array.FindIndex(name, part => part.All(char.IsAsciiDigit));
        return layer > 0 ? (string.Join('.', name[..layer]), name[layer]) : (string.Join('.', name[..Math.Min(2, name.Length - 1)]), null);
    }

    static VocabularyInspection? VocabularyOf(string folder)
    {
        string[] files = ["tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "spm.model", "sentencepiece.bpe.model", "tokenizer.model"];
        if (!files.Any(file => File.Exists(Path.Combine(folder, file)))) return null;
        var tokenizer = Tokenizer.Load(folder);
        var special = tokenizer.Parts.Added.Where(token => token.Special).Select(token => token.Id).ToHashSet();
        var scripts = tokenizer.Ids.Values.Where(id => !special.Contains(id)).GroupBy(id => Scripts.Of(tokenizer.Decode([id], skipSpecial: false))).Select(script => (script.Key, Tokens: script.Count())).ToArray();
        var all = Math.Max(1, scripts.Sum(script => script.Tokens));
        return new(tokenizer.Kind, tokenizer.VocabularySize,
            SpecialTokens.Roles.Where(role => tokenizer.Parts.Special[role] is not null).ToDictionary(role => role, role => tokenizer.Parts.Special[role]!),
            [.. scripts.OrderByDescending(script => script.Tokens).ThenBy(script => script.Key, StringComparer.Ordinal).Select(script => new ScriptShare(script.Key, script.Tokens, (double)script.Tokens / all))]);
    }

    // Measured, as the planner does before training: with texts of one length whose ids are drawn.
    static MemoryUse[] MemoryOf(string folder, int tokens, CancellationToken cancel)
    {
        try
        {
            using var model = ModelFolder.Load(folder, null, 0, out _);
            var config = new TrainConfig { Batch = UsualBatch, MaxLength = tokens, Epochs = 1 };
            config = config with { Precision = config.Precision.Autocast(model) is null ? Precision.Fp32 : Precision.Bf16 };
            var stream = RandomStream.Of(0, "inspect");
            Example[] texts = [.. Enumerable.Range(0, UsualBatch).Select(row => new Example([.. Enumerable.Range(0, tokens).Select(i => stream.Below((row * tokens) + i, model.VocabularySize))], null, 0, row))];
            MemoryUse Training(bool checkpointing, bool paged)
            {
                cancel.ThrowIfCancellationRequested();
                using var gradients = new GradientSum(model, config, 0, (double[]?)null);
                var plan = new MemoryPlanner(model, config, 0, gradients, Path.GetTempPath()).Try(texts, checkpointing, paged)?.Plan;
                return new($"train, {plan ?? new MemoryPlan(config.MicroTokens, checkpointing, paged)}", plan?.PredictedPeak);
            }
            return [new("predict", PeakOfPredicting(model, texts, config.Precision, cancel)), Training(false, false), Training(true, false), Training(true, true)];
        }
        catch (TorchMemoryException)
        {
            return [new("load the weights", null)];
        }
    }

    static long? PeakOfPredicting(TextModel model, Example[] texts, Precision precision, CancellationToken cancel)
    {
        try
        {
            Torch.Memory.Stats(Device.Cpu, resetPeak: true);
            Predictor.Probabilities(model, texts, precision, cancel: cancel);
            return Torch.Memory.Stats(Device.Cpu).Peak;
        }
        catch (TorchMemoryException)
        {
            return null;
        }
    }
}
