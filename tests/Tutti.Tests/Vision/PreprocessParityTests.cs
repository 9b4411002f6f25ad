using System.Globalization;
using System.Text.Json.Nodes;
using Tutti.Tests.Evaluation;
using Tutti.Vision;

namespace Tutti.Tests.Vision;

/// <summary>Decoding, resizing and the pipelines of torchvision, timm and Hugging Face against recorded values: every folder of 08_vision with a preprocess.json.</summary>
public sealed class PreprocessParityTests
{
    /// <summary>Between two decoders of JPEG the inverse cosine transform and the chroma's up-sampling may differ.</summary>
    const double JpegLevels = 3;

    const double Normalized = 1e-6;

    static readonly string root = Path.Combine(Shared.Fixtures, "08_vision");

    public static TheoryData<string> Folders() => Directory.Exists(root)
        ? [.. Directory.GetFiles(root, "preprocess.json", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Shared.Fixtures, Path.GetDirectoryName(file)!)).Order(StringComparer.Ordinal)] : [];

    [Theory, MemberData(nameof(Folders))]
    public void Every_recorded_picture_is_the_same_here(string folder)
    {
        var fixture = new Fixture(folder);
        var parity = new Parity(folder);
        foreach (var (i, name) in fixture.Names)
        {
            if (!Compare(fixture, parity, i, name)) parity.NotUnderstood($"{i}.{name}");
        }
        parity.Finish();
    }

    static bool Compare(Fixture fixture, Parity parity, int i, string name)
    {
        var expected = fixture.Values($"{i}.{name}");
        var picture = name == "rgb" ? fixture.Decoded(i) : fixture.Picture(i);
        switch (name.Split('_', '.'))
        {
            case ["rgb"]:
                parity.Near(fixture.File(i), expected, Bytes(picture), fixture.File(i).EndsWith(".jpg", StringComparison.Ordinal) ? JpegLevels : 0);
                return true;
            case ["resize", var size, var filter]:
                var sides = size.Split('x');
                parity.Near("resize " + filter, expected, Bytes(Resize.To(picture, Number(sides[0]), Number(sides[1]), Filter(filter))), 0);
                return true;
            case ["tv", "centercrop", ..]:
                var (height, width) = fixture.Shape($"{i}.{name}");
                parity.Near("a crop larger than the picture", expected, Bytes(new Preprocess { Resize = ResizeRule.None, Crop = (width, height) }.Pixels(picture)), 0);
                return true;
            case ["tv", var filter, "resized"]:
                parity.Near("torchvision resized", expected, Bytes((Torchvision(fixture, filter) with { Crop = null }).Pixels(picture)), 0);
                return true;
            case ["tv", var filter, "cropped"]:
                parity.Near("torchvision cropped", expected, Bytes(Torchvision(fixture, filter).Pixels(picture)), 0);
                return true;
            case ["tv", var filter, "normalized"]:
                parity.Near("torchvision", expected, Floats(Torchvision(fixture, filter).Apply(picture)), Normalized);
                return true;
            case ["timm", "eval", var filter, .. var mode] when mode is [] or ["squash"]:
                parity.Near("timm", expected, Floats(Timm(fixture, Filter(filter), squash: mode is ["squash"]).Apply(picture)), Normalized);
                return true;
            case ["hf", "vit"]:
                parity.Near("Hugging Face ViT", expected, Floats(Preprocess.HuggingFaceVit(fixture.Side, fixture.Side).Apply(picture)), Normalized);
                return true;
            case ["hf", "convnext", "crop"]:
                parity.Near("Hugging Face ConvNeXt", expected, Floats(Preprocess.HuggingFaceConvNext(fixture.Side, fixture.CropShare).Apply(picture)), Normalized);
                return true;
            default:
                return false;
        }
    }

    static Preprocess Torchvision(Fixture fixture, string filter) =>
        Preprocess.Torchvision(fixture.ShortEdge, fixture.Side, Filter(filter)) with { Normalization = fixture.Statistics };

    // The squished ones are recorded with crop_pct = 1: the pixels say so.
    static Preprocess Timm(Fixture fixture, ResizeFilter filter, bool squash) => squash
        ? Preprocess.Timm(fixture.Side, 1, filter, CropMode.Squash, fixture.Statistics)
        : Preprocess.Timm(fixture.Side, fixture.CropShare, filter, normalization: fixture.Statistics);

    static ResizeFilter Filter(string name) => Enum.Parse<ResizeFilter>(name, ignoreCase: true);
    static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
    static double[] Bytes(Picture picture) => Array.ConvertAll(picture.Pixels.ToArray(), value => (double)value);
    static double[] Floats(float[] values) => Array.ConvertAll(values, value => (double)value);

    sealed class Fixture(string folder)
    {
        readonly JsonObject json = Parity.Json(Path.Combine(folder, "preprocess.json"));
        readonly FixtureTensors tensors = new(Path.Combine(folder, "expected.safetensors"));

        public IEnumerable<(int Picture, string Name)> Names => tensors.Names.Select(name => name.Split('.', 2)).Select(parts => (Number(parts[0]), parts[1]));
        public int Side => (int)json["side"]!;
        public double CropShare => (double)json["crop_pct"]!;
        public int ShortEdge => (int)json["torchvision_short_edge"]!;
        public Normalization Statistics => new(Of("mean"), Of("std"));
        public string File(int i) => (string)json["images"]![i]!["file"]!;
        public double[] Values(string name) => tensors[name];

        public (int Height, int Width) Shape(string name) => tensors.Shape(name) is [var height, var width, 3] ? ((int)height, (int)width) : throw new InvalidDataException(name);

        public Picture Decoded(int i) => PictureFile.Read(Path.Combine(Shared.Fixtures, folder, "images", File(i)), PictureReading.AsPillow);

        // What the recorded results were made from: decoders of JPEG differ.
        public Picture Picture(int i)
        {
            var (height, width) = Shape(FormattableString.Invariant($"{i}.rgb"));
            return new(width, height, Array.ConvertAll(tensors[FormattableString.Invariant($"{i}.rgb")], value => (byte)value));
        }

        Channels Of(string key) => new((float)json[key]![0]!, (float)json[key]![1]!, (float)json[key]![2]!);
    }
}
