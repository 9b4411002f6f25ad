using System.Security.Cryptography;
using System.Text;
using Tutti.Hub;
using Tutti.Models;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>A member that was built once, so that what cannot be loaded is said before anything is written.</summary>
/// <param name="Config">What the recipe says.</param>
/// <param name="Model">Its tokenizer and how to build the network.</param>
/// <param name="MaxLength">Tokens of a row that it reads.</param>
/// <param name="Notes">What starts fresh, is ignored or does not quite fit.</param>
/// <param name="Weights">A hash of the model's files, so that a changed checkpoint makes cells stale; null for a model from nothing.</param>
/// <param name="Source">Where the model is from the hub, its files.</param>
sealed record OpenMember(MemberConfig Config, MemberModel Model, int MaxLength, IReadOnlyList<string> Notes, string? Weights, HubSnapshot? Source)
{
    public string Name => Config.Name!;

    /// <summary>What training it costs beside other members, roughly: weights behind the embeddings x tokens x epochs.</summary>
    public double Work { get; init; } = 1;

    /// <summary>The network carries states from token to token: as a language model it learns next tokens in streams, not masked ones.</summary>
    public bool Recurrent { get; init; }

    /// <summary>It reads texts from their end.</summary>
    public bool Backward { get; init; }

    /// <summary>What a run records of the files that the member starts from.</summary>
    public IEnumerable<(string Name, object? Value)> Facts()
    {
        if (Weights is not null) yield return ($"weights of {Name}", Weights);
        if (Source is null) yield break;
        yield return ($"source of {Name}", $"{Source.Name.Repository}@{Source.Commit}");
        yield return ($"files of {Name}", Source.Hashes);
    }

    /// <exception cref="InputException">The model, its tokenizer or its settings cannot be used.</exception>
    /// <exception cref="HubException">A model cannot be fetched.</exception>
    public static OpenMember[] All(Recipe recipe, RunData data, MemoryBudget memory, HubSettings? hub, IProgress<RunNews>? news, CancellationToken cancel)
    {
        var texts = TextData.Texts(data.Train, data.Text);
        var all = data.Pair is null ? texts : [.. texts, .. TextData.Texts(data.Train, data.Pair)];
        return [.. recipe.Members.Select(config =>
        {
            var source = HubModels.Of(config, hub, news, cancel);
            return memory.Within(config.Name!, config.Effective(recipe.Train), () => Of(config, source, recipe, data, memory, all));
        })];
    }

    static OpenMember Of(MemberConfig config, HubSnapshot? source, Recipe recipe, RunData data, MemoryBudget memory, IReadOnlyList<string> texts)
    {
        var local = Local(config, source);
        var member = MemberModel.Of(local, recipe.Train, () => texts) with { Device = memory.Device };
        if (data.Answers is null) CheckClassWeights(member.Config.ClassWeights, data.Labels.Names);
        using var model = member.Build(data.Outputs, 0, out var report, Device.Meta);
        memory.Check(config.Name!, model, member.MaxLength(model), member.Config.Batch);
        List<string> notes = [];
        if (local.Model.Folder is not null) notes.AddRange(report.Lines());
        if (member.Tokenizer.VocabularySize < model.VocabularySize)
            notes.Add(FormattableString.Invariant($"the embedding has {model.VocabularySize} rows, the tokenizer {member.Tokenizer.VocabularySize} ids: the last rows are never used"));
        return new(config, member, member.MaxLength(model), notes, Hash(local.Model, source), source) { Work = WorkOf(model, member) };
    }

    internal static double WorkOf(TextModel model, MemberModel member) => 1.0 * member.Config.Epochs * member.MaxLength(model)
        * Math.Max(1, model.Params.Items.Where(item => !item.Name.Contains("embeddings", StringComparison.Ordinal)).Sum(item => item.Stored.Count));

    /// <summary>A member whose model lies in a folder, if it is from the hub.</summary>
    internal static MemberConfig Local(MemberConfig config, HubSnapshot? source) => source is null ? config : config with { Model = config.Model with { Folder = source.Folder, Hub = null } };

    internal static void CheckClassWeights(ClassWeights weights, IReadOnlyList<string> names)
    {
        foreach (var label in weights.Weights.Keys.Where(label => !names.Contains(label)))
            throw new ConfigException($"train.class-weights.{label}", $"is not a class of the data; expected one of {string.Join(", ", names.Take(10))}{Nearest.Hint(label, names, "")}");
    }

    /// <summary>A hash of the files that a spec names; null for a model from nothing with a vocabulary of its own.</summary>
    /// <param name="spec">The model.</param>
    /// <param name="source">Where it is from the hub, its files.</param>
    internal static string? Hash(ModelSpec spec, HubSnapshot? source)
    {
        if ((spec.Folder ?? spec.Tokenizer) is not { } path) return null;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        // A folder of the hub's cache may come to hold more than was chosen for this.
        var found = source is not null ? source.Files.Select(file => Path.Combine(path, file.Path)).Order(StringComparer.Ordinal)
            : Directory.Exists(path) ? Directory.EnumerateFiles(path).Order(StringComparer.Ordinal) : (IEnumerable<string>)[path];
        foreach (var file in found)
            try
            {
                hash.AppendData(Encoding.UTF8.GetBytes(Path.GetFileName(file)));
                using var stream = File.OpenRead(file);
                hash.AppendData(SHA256.HashData(stream));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new DataException(file, $"the file cannot be read: {e.Message}", inner: e);
            }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
