using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Tutti.Hub;
using Tutti.Models;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>A family of encoders that can be trained from nothing, called as in config.json.</summary>
public enum EncoderKind { Bert, Roberta, Electra, Distilbert, DebertaV2, Albert, Mpnet, Modernbert, AwdLstm }

/// <summary>One model of the ensemble, trained once for each of its seeds and each fold.</summary>
public sealed record MemberConfig
{
    [Description("Folder of a Hugging Face model, its name on the hub (owner/name), or a mapping that describes an encoder to train from nothing.")]
    public required ModelSpec Model { get; init; }

    /// <summary>Always set on a member of a <see cref="Recipe"/>.</summary>
    [Description("Name in folders and tables; default: the model's, such as bert-4x256 or the folder's name, with -2, -3 ... where it repeats.")]
    public string? Name { get; init; }

    [Description("Seeds of initial weights, dropout and the order of rows; each is trained apart.")]
    public IReadOnlyList<int> Seeds { get; init; } = [1];

    [Description("Keys of train that differ for this member.")]
    public TrainPatch? Train { get; init; }

    [Description("What this member's rows are predicted as, in place of the common test-time.")]
    public TestTimeConfig? TestTime { get; init; }

    [Description("Task image-classification: this member's size, resizing and changes, in place of the common pictures.")]
    public PicturesConfig? Pictures { get; init; }

    /// <summary>The training settings of this member: the common ones with its own laid over them.</summary>
    public TrainConfig Effective(TrainConfig common) => Train is null ? common : RecipeJson.Patched(common, Train);

    /// <summary>The members, those without a name named after their model; taken names get -2, -3 and so on.</summary>
    internal static IReadOnlyList<MemberConfig> Named(IReadOnlyList<MemberConfig> members)
    {
        if (members.All(member => member.Name is not null)) return members;
        var taken = members.Where(member => member.Name is not null).Select(member => member.Name!).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return [.. members.Select(member => member.Name is not null ? member : member with { Name = Free(member.Model.Name) })];

        string Free(string name)
        {
            var free = name;
            for (var i = 2; !taken.Add(free); i++) free = string.Create(CultureInfo.InvariantCulture, $"{name}-{i}");
            return free;
        }
    }

    /// <summary>Every fault, each with its key under this member.</summary>
    internal IReadOnlyList<ConfigFault> Validate(TrainConfig common, TestTimeConfig testTime)
    {
        List<ConfigFault> faults = [.. Model.Validate().Select(fault => fault with { Path = fault.Path.Length == 0 ? "model" : $"model.{fault.Path}" })];
        if (Name is not null && (Name.Length is 0 or > 64 || Name[0] == '.' || !Name.All(IsNameLetter)))
            faults.Add(new("name", $"got '{Name}', expected 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', the first not a '.', since folders are named by it"));
        if (Seeds.Count == 0) faults.Add(new("seeds", "got an empty list, expected at least one seed"));
        foreach (var seed in Seeds.Where(seed => seed < 0))
            faults.Add(new("seeds", $"got {seed.ToString(CultureInfo.InvariantCulture)}, expected whole numbers from 0"));
        foreach (var twice in Seeds.GroupBy(seed => seed).Where(group => group.Count() > 1))
            faults.Add(new("seeds", $"got {twice.Key.ToString(CultureInfo.InvariantCulture)} twice; the same seed trains the same model"));
        if (Train is not null)
            faults.AddRange(Effective(common).Validate().Except(common.Validate()).Select(fault => fault with { Path = $"train.{fault.Path}" }));
        if (TestTime is not null || Train?.MaxLength is not null)
            faults.AddRange((TestTime ?? testTime).Validate(Effective(common).MaxLength).Select(fault => fault with { Path = $"test-time.{fault.Path}" }));
        return faults;
    }

    internal static bool IsNameLetter(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-';

    public bool Equals(MemberConfig? other) => RecipeJson.Same(this, other);
    public override int GetHashCode() => RecipeJson.Text(this).GetHashCode(StringComparison.Ordinal);
}

/// <summary>Where a member's model comes from: a folder, the hub, or a description of an encoder to train from nothing.</summary>
[ShortForm("folder")]
public sealed record ModelSpec
{
    [Description("Folder of a Hugging Face model (config.json, weights, tokenizer); a name with one slash that is no folder is one of the hub. Not together with the keys that describe a new encoder.")]
    public string? Folder { get; init; }

    [Description("Name of a model on the Hugging Face hub, owner/name or owner/name@revision, which is fetched into the cache. Not together with the other keys.")]
    public string? Hub { get; init; }

    [Description("Task image-classification: a network to train from nothing, small-cnn, small-mlp or timm's name of one, such as resnet18 or convnext_tiny. Not together with the other keys.")]
    public string? Network { get; init; }

    [Description("Family of an encoder to train from nothing.")]
    public EncoderKind? Kind { get; init; }

    [Description("Its layers.")]
    [Range(1, int.MaxValue)]
    public int? Layers { get; init; }

    [Description("Its width; a multiple of heads.")]
    [Range(1, int.MaxValue)]
    public int? Hidden { get; init; }

    [Description("Width of its embedding, for kind: awd-lstm only; default: 400.")]
    [Range(1, int.MaxValue)]
    public int? Embedding { get; init; }

    [Description("Reads texts from their end, for kind: awd-lstm only; default: false.")]
    public bool? Backward { get; init; }

    [Description("Its attention heads per layer; an awd-lstm has none.")]
    [Range(1, int.MaxValue)]
    public int? Heads { get; init; }

    [Description("Width inside its feed-forward blocks; default: 4 x hidden.")]
    [Range(1, int.MaxValue)]
    public int? Intermediate { get; init; }

    [Description("Vocabulary to learn from the training rows: its size, or size and kind. Not together with tokenizer. With the folder of an awd-lstm: its weights are brought to this vocabulary, words that they have not seen starting from the mean.")]
    public VocabularySpec? Vocabulary { get; init; }

    [Description("Folder of a ready tokenizer, or a file with a list of English words by id as fastai keeps it (pickled, JSON, or one a line). Not together with vocabulary.")]
    public string? Tokenizer { get; init; }

    [Description("Its dropout; default: 0.1.")]
    [Range(0, 1.0, MaximumIsExclusive = true)]
    public double? Dropout { get; init; }

    [Description("Most tokens it can read; default: 512.")]
    [Range(3, int.MaxValue)]
    public int? MaxLength { get; init; }

    [Description("How the tokens of a text become one row in its classifier: as the architecture does it (own, the default), by the first token, the mean, learnt weights (attention), or the first token of the last four layers (last-four).")]
    public Pooling? Pooling { get; init; }

    [Description("How often the classifier's dropout is drawn for an update, the loss being the mean; default: once.")]
    [Range(1, int.MaxValue)]
    public int? MultiSampleDropout { get; init; }

    [Description("So many of the last layers of a model from a folder start fresh, and what is behind them.")]
    [Range(1, int.MaxValue)]
    public int? ReinitializeLayers { get; init; }

    public static implicit operator ModelSpec(string folder) => new() { Folder = folder };

    /// <summary>The same with full paths; a folder that is not there and reads as a name on the hub becomes one.</summary>
    internal ModelSpec RelativeTo(string start)
    {
        string? Full(string? path) => path is null ? null : Path.GetFullPath(path, start);
        if (Folder is not null && Hub is null && HubName.TryParse(Folder) is { IsDataSet: false } && !Directory.Exists(Full(Folder)))
            return this with { Folder = null, Hub = Folder, Tokenizer = Full(Tokenizer) };
        return this with { Folder = Full(Folder), Tokenizer = Full(Tokenizer) };
    }

    /// <summary>A name for folders and tables: the last part of the folder or of the name on the hub, or kind, layers and width.</summary>
    internal string Name
    {
        get
        {
            if ((Folder ?? Hub ?? Network) is not { } named) return string.Create(CultureInfo.InvariantCulture, $"{(Kind is { } kind ? RecipeJson.Name(kind) : "model")}-{Layers}x{Hidden}");
            var last = named.Split('/', '\\').LastOrDefault(part => part is not ("" or "." or "..")) ?? "model";
            var name = string.Concat(last.Select(letter => MemberConfig.IsNameLetter(letter) ? letter : '-')).TrimStart('.');
            return name.Length == 0 ? "model" : name[..Math.Min(name.Length, 48)];
        }
    }

    internal IReadOnlyList<ConfigFault> Validate()
    {
        var faults = ConfigFault.OfRanges(this);
        if (Network is not null)
        {
            if (this != new ModelSpec { Network = Network }) faults.Add(new("network", "is given together with other keys; keep one of them"));
            if (!PictureMember.Networks.Contains(Network)) faults.Add(new("network", $"got '{Network}', which is no network of pictures{RecipeBinder.DidYouMean(Network, PictureMember.Networks)}; expected small-cnn, small-mlp or timm's name of a ResNet, ConvNeXt, ViT, Swin or EfficientNet"));
            return faults;
        }
        var described = this != new ModelSpec { Folder = Folder, Hub = Hub, Pooling = Pooling, MultiSampleDropout = MultiSampleDropout, ReinitializeLayers = ReinitializeLayers, Vocabulary = Folder is null && Hub is null ? null : Vocabulary };
        if (ReinitializeLayers is not null && Folder is null && Hub is null) faults.Add(new("reinitialize-layers", "is for a model from a folder or the hub; one that is trained from nothing starts fresh anyway"));
        if (Folder is "") faults.Add(new("folder", "got an empty text, expected the folder of a model"));
        if (Folder is not null && described) faults.Add(new("folder", "is given together with the description of a new encoder; keep one of them"));
        if (Hub is not null && HubName.TryParse(Hub) is not { IsDataSet: false }) faults.Add(new("hub", $"got '{Hub}', expected the name of a model on the hub, owner/name or owner/name@revision"));
        if (Hub is not null && (described || Folder is not null)) faults.Add(new("hub", "is given together with a folder or the description of a new encoder; keep one of them"));
        if (Folder is not null || Hub is not null)
        {
            if (Vocabulary is { Kind: not (null or VocabularyKind.Words) }) faults.Add(new("vocabulary.kind", $"got {RecipeJson.Name(Vocabulary.Kind!.Value)}, expected words: the rows of a model's weights follow their words into another vocabulary"));
            if (Vocabulary is not null) faults.AddRange(Vocabulary.Validate(EncoderKind.AwdLstm).Select(fault => fault with { Path = $"vocabulary.{fault.Path}" }));
            return faults;
        }
        if (!described) return [new("", "is empty; expected the folder of a model, or kind, layers, hidden, heads and vocabulary")];
        var recurrent = Kind == EncoderKind.AwdLstm;
        foreach (var (key, value) in new (string, object?)[] { ("kind", Kind), ("layers", Layers), ("hidden", Hidden), ("heads", recurrent ? 1 : Heads) })
            if (value is null) faults.Add(new(key, "is required for a model that is trained from nothing"));
        foreach (var (key, value) in recurrent ? new (string, object?)[] { ("heads", Heads), ("intermediate", Intermediate), ("max-length", MaxLength) } : [("embedding", Embedding), ("backward", Backward)])
            if (value is not null) faults.Add(new(key, recurrent ? "is of encoders with attention; kind: awd-lstm has none" : "is for kind: awd-lstm alone"));
        if (!recurrent && Hidden is > 0 && Heads is > 0 && Hidden % Heads != 0)
            faults.Add(new("hidden", string.Create(CultureInfo.InvariantCulture, $"got {Hidden}, expected a multiple of heads ({Heads})")));
        if (Vocabulary is not null) faults.AddRange(Vocabulary.Validate(Kind).Select(fault => fault with { Path = $"vocabulary.{fault.Path}" }));
        if (Vocabulary is null == (Tokenizer is null))
            faults.Add(new("vocabulary", Tokenizer is null
                ? "is required for a model that is trained from nothing (or tokenizer)" : "is given together with tokenizer; keep one of them"));
        return faults;
    }
}
