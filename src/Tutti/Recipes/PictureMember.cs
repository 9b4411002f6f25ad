using Tutti.Models;
using Tutti.Torch;
using Tutti.Training;
using Tutti.Vision;

namespace Tutti.Recipes;

/// <summary>A member that sees pictures, opened once, so that what cannot be loaded is said before anything is written.</summary>
/// <param name="Member">What the recipe says.</param>
/// <param name="Config">Its training settings.</param>
/// <param name="Way">How its pictures become numbers.</param>
/// <param name="Device">Where its networks are built.</param>
/// <param name="Weights">A hash of the files of its folder; null for a network from nothing.</param>
sealed record PictureMember(MemberConfig Member, TrainConfig Config, PictureWay Way, Device Device, string? Weights)
{
    /// <summary>Small networks for learners, which timm does not have.</summary>
    static readonly string[] small = ["small-cnn", "small-mlp"];

    /// <summary>What <c>model.network</c> may be.</summary>
    public static IReadOnlyList<string> Networks { get; } = [.. small, .. Catalog.PictureNames.Order(StringComparer.Ordinal)];

    public string Name => Member.Name!;

    /// <summary>What training it costs beside other members, roughly: weights x pixels x epochs.</summary>
    public double Work { get; private init; }

    /// <summary>What starts fresh.</summary>
    public IReadOnlyList<string> Notes { get; private init; } = [];

    /// <exception cref="InputException">A model or its settings cannot be used.</exception>
    public static PictureMember[] All(Recipe recipe, RunData data, MemoryBudget memory) =>
        [.. recipe.Members.Select(member => memory.Within(member.Name!, member.Effective(recipe.Train), () => Of(recipe, member, data, memory)))];

    static PictureMember Of(Recipe recipe, MemberConfig member, RunData data, MemoryBudget memory)
    {
        var config = member.Effective(recipe.Train);
        if (data.Answers is null) OpenMember.CheckClassWeights(config.ClassWeights, data.Labels.Names);
        var normalization = member.Model.Folder is { } folder ? PreprocessConfig.Of(folder)?.Normalization : null;
        var opened = new PictureMember(member, config, new(recipe.PicturesOf(member), normalization ?? Normalization.ImageNet, recipe.Data.MaxPixels), memory.Device, OpenMember.Hash(member.Model, null));
        if (opened.Way.Settings.Mix.Kind != PictureMix.None)
        {
            if (data.Answers is not null) throw new ConfigException("pictures.mix", "mixes pictures that have one class each; leave it out with several targets");
            if (config.Loss is { Kind: not LossKind.CrossEntropy }) throw new ConfigException("pictures.mix", "is learnt by cross-entropy with the shares of both classes; leave out one of it and train.loss");
        }
        using var model = opened.Build(data.Outputs, 0, out var report, Device.Meta);
        var (height, width) = model.PictureSize;
        opened = opened with
        {
            Way = opened.Way with { Settings = opened.Way.Settings with { Size = opened.Way.Settings.Size ?? new() { Width = width, Height = height } } },
            Work = 1.0 * config.Epochs * width * height * model.Params.Items.Sum(item => item.Stored.Count),
            Notes = member.Model.Folder is null ? [] : [.. report.Lines()],
        };
        if (model.Channels != 3) throw new DataException(member.Model.Folder ?? member.Model.Network!, FormattableString.Invariant($"the network reads pictures of {model.Channels} channels; expected 3, red, green and blue"));
        var (sides, batch) = (opened.Way.Size, config.Batch);
        if (MemoryNeed.WeightBytes(model) + MemoryNeed.GradientBytes(model, 1) is var least && least >= memory.Limit) throw MemoryNeed.TooSmall(model, Math.Max(1, sides.Width * sides.Height / 256), batch, memory.Limit, member: member.Name!, device: memory.Device);
        return opened;
    }

    /// <summary>Builds the network for some classes. The caller disposes it.</summary>
    /// <param name="device">Where its weights go; <see cref="Device.Meta"/> for one that is only looked at; null for <see cref="Device"/>.</param>
    /// <exception cref="DataException">Weights or config cannot be used.</exception>
    public VisionModel Build(IReadOnlyList<string> classes, long seed, out LoadReport report, Device? device = null)
    {
        report = new([], []);
        var model = Member.Model.Folder is { } folder
            ? ModelFolder.LoadPictures(folder, classes, seed, out report, device ?? Device, size: Sides, change: Changed, reinitialize: Member.Model.ReinitializeLayers ?? 0)
            : ModelFolder.NewPictures(Changed(Fresh(classes)), seed, device ?? Device);
        try
        {
            LayerGroups.Freeze(model, Config.Freeze);
            LearningGroups.Check(model, Config);
            if (Way.Settings.Size is not null) model.Config[PictureWay.Key] = Way.ToJson();
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>What a cell learns where pictures are mixed with each other; null where they are not.</summary>
    /// <param name="classWeights">The weight of each class, or null for 1 each.</param>
    /// <param name="classes">Their number.</param>
    /// <param name="seed">The cell's.</param>
    public Objective? Mixed(double[]? classWeights, int classes, long seed) => Way.Settings.Mix.Kind == PictureMix.None ? null : new MixedPictures(Way.Settings.Mix, classes, seed, classWeights, Config.LabelSmoothing);

    (int Height, int Width)? Sides => Way.Settings.Size is { } size ? (size.Sides.Height, size.Sides.Width) : null;

    ModelConfig Fresh(IReadOnlyList<string> classes)
    {
        var name = Member.Model.Network!;
        if (!small.Contains(name)) return Catalog.Named(name, classes, Sides);
        var config = new ModelConfig(new() { ["model_type"] = name }, name).WithLabels(classes);
        return Sides is var (height, width) ? config.With("image_size", new System.Text.Json.Nodes.JsonArray(height, width)) : config;
    }

    ModelConfig Changed(ModelConfig config)
    {
        if (Config.Dropout is { } share)
            foreach (var key in Catalog.Find(config).DropoutKeys) config = config.With(key, share);
        return config;
    }
}
