using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Training;
using Tutti.Vision;
using Pixels = Tutti.Vision.Picture;

namespace Tutti.Recipes;

/// <summary>From files to the numbers that a member's networks see. Kept in their checkpoints, so that what is predicted is seen as what was held out.</summary>
/// <param name="Settings">Of the recipe, the size settled.</param>
/// <param name="Normalization">Of the numbers.</param>
/// <param name="MaxPixels">The most that a file may say it has; null for the usual limit.</param>
sealed record PictureWay(PicturesConfig Settings, Normalization Normalization, int? MaxPixels)
{
    /// <summary>Where a checkpoint's config keeps it; a key of this project, which others pass over.</summary>
    public const string Key = "tutti_pictures";

    public (int Width, int Height) Size => Settings.Size!.Sides;

    AugmentConfig Augment => Settings.Augment;

    /// <summary>Pictures at the size where random changes begin.</summary>
    public PictureSource Source() => Source(Size);

    /// <summary>The same for a size other than the model's.</summary>
    public PictureSource Source((int Width, int Height) sides) => new()
    {
        Reading = MaxPixels is { } most ? new() { MaxPixels = most } : new(),
        Size = Begin(sides),
        Cache = PictureCache.OfUser(),
    };

    /// <summary>Which part of a picture evaluations see, in shares of its width and height; beyond 0 and 1 where it is padded.</summary>
    public PictureFrame Frame(PictureItem item)
    {
        var begun = Source().Read(item);
        var (width, height) = Size;
        if (Settings.Resize == PictureResize.Squish) return PictureFrame.Whole;
        var (across, down) = ((double)width / begun.Width, (double)height / begun.Height);
        var ratio = Settings.Resize == PictureResize.Crop ? Math.Max(across, down) : Math.Min(across, down);
        var (shownWidth, shownHeight) = (across / ratio, down / ratio);
        return new((1 - shownWidth) / 2, (1 - shownHeight) / 2, shownWidth, shownHeight);
    }

    ResizeRule Begin((int Width, int Height) sides)
    {
        if (Settings.Presize is { } presize) return ResizeRule.Exact(presize.Sides.Width, presize.Sides.Height);
        var (width, height) = sides;
        if (Augment.Part is not null) return ResizeRule.None;        // a part of few pixels should not be made of fewer
        return Settings.Resize switch
        {
            PictureResize.Squish => ResizeRule.Exact(width, height),
            PictureResize.Crop => ResizeRule.ShortEdge(Math.Max(width, height)),
            _ => ResizeRule.Inside(width, height),
        };
    }

    /// <summary>Rows as examples, whose pixels are read when they are needed.</summary>
    /// <param name="items">The pictures.</param>
    /// <param name="labels">Their classes; null for none.</param>
    /// <param name="seed">Random changes are drawn from it, the epoch and the row.</param>
    public Example[] Examples(IReadOnlyList<PictureItem> items, int[]? labels = null, long seed = 0)
    {
        var source = Source();
        var (width, height) = Size;
        return [.. items.Select((item, i) => Example.Of(new(3, height, width, epoch => Numbers(source.Read(item), seed, epoch, item.Row)), labels?[i] ?? -1, item.Row))];
    }

    /// <summary>What an epoch sees of a picture; 0 is the plain sight of evaluations.</summary>
    internal float[] Numbers(Pixels picture, long seed, int epoch, int row)
    {
        var (width, height) = Size;
        if (epoch == 0) return Plain(picture);
        var numbers = Normalization.Apply(Last(width, height).Apply(ItemTransform.Apply(Items(), picture, new(seed, "picture", epoch, row)), new(seed, "augment", epoch, row)));
        if (Augment.Erase > 0) new RandomErasing(Augment.Erase).Apply(numbers, width, height, new(seed, "erase", epoch, row));
        return numbers;
    }

    /// <summary>The plain sight of a picture.</summary>
    internal float[] Plain(Pixels picture) => Normalization.Apply(Fitted(picture, Size));

    /// <summary>A picture brought to a size, without anything random.</summary>
    internal Pixels Fitted(Pixels picture, (int Width, int Height) sides) => Whole(false, sides).Apply(picture, new(0, "plain"));

    // A squish leaves the size to the last step, where all that moves pixels is one interpolation.
    IEnumerable<ItemTransform> Items()
    {
        var (width, height) = Size;
        if (Augment.Part is { } part) yield return new RandomResizedCrop(width, height, part);
        else if (Settings.Resize != PictureResize.Squish) yield return Whole(true, Size);
        if (Augment.RandAugment > 0) yield return new RandAugment(Augment.RandAugment);
        if (Augment.Jitter > 0) yield return new ColourJitter(Augment.Jitter, Augment.Jitter, Augment.Jitter);
    }

    ItemTransform Whole(bool random, (int Width, int Height) sides) => Settings.Resize switch
    {
        PictureResize.Squish => new Squish(sides.Width, sides.Height),
        PictureResize.Crop => new CropToCover(sides.Width, sides.Height, random),
        _ => new PadToFit(sides.Width, sides.Height),
    };

    BatchTransform Last(int width, int height) => BatchTransform.None(width, height) with
    {
        Flip = Augment.Flip ? 0.5 : 0,
        Dihedral = Augment.Dihedral,
        Rotate = Augment.Rotate,
        Zoom = Augment.Zoom,
        Warp = Augment.Warp,
        Lighting = Augment.Lighting,
    };

    public JsonObject ToJson() => new()
    {
        ["settings"] = RecipeJson.Node(Settings),
        ["mean"] = Array(Normalization.Mean),
        ["std"] = Array(Normalization.Deviation),
        ["max_pixels"] = MaxPixels,
    };

    /// <summary>What a checkpoint keeps; null where it reads texts.</summary>
    /// <exception cref="DataException">It is damaged.</exception>
    public static PictureWay? FromJson(JsonNode? json, string file)
    {
        if (json is null) return null;
        try
        {
            var settings = json["settings"].Deserialize<PicturesConfig>(RecipeJson.Options)!;
            _ = settings.Size!.Sides;
            return new(settings, new(Channels(json["mean"]!), Channels(json["std"]!)), json["max_pixels"]?.GetValue<int>());
        }
        catch (Exception e) when (e is JsonException or NullReferenceException or InvalidOperationException or FormatException or ArgumentOutOfRangeException)
        {
            throw new DataException(file, $"{Key} does not say how pictures are prepared: {e.Message}; train the cell again", inner: e);
        }
    }

    static JsonArray Array(Channels of) => [of.Red, of.Green, of.Blue];
    static Channels Channels(JsonNode of) => new(of[0]!.GetValue<float>(), of[1]!.GetValue<float>(), of[2]!.GetValue<float>());
}
