using System.Text.Json.Nodes;
using Tutti.Vision;

namespace Tutti.Tests.Vision;

/// <summary>Pictures for tests: made-up ones, and small files with what Pillow makes of them (Fixtures/08_vision/pillow/record.py).</summary>
static class Made
{
    public static string Folder { get; } = Path.Combine(Shared.Root, "tests", "Tutti.Tests", "Fixtures", "08_vision", "pillow");

    public static JsonObject Json(string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, name)))!.AsObject();

    public static string PathOf(string name) => Path.Combine(Folder, name);

    /// <summary>Bytes that look like noise, the same for the same seed.</summary>
    public static Picture Noise(int width, int height, int seed = 1)
    {
        var draws = new Draws(seed, "noise");
        var pixels = new byte[3 * width * height];
        for (var i = 0; i < pixels.Length; i++) pixels[i] = (byte)draws.Below(256);
        return new(width, height, pixels);
    }

    /// <summary>No edges: what interpolation may blur without harm.</summary>
    public static Picture Gradient(int width, int height)
    {
        var pixels = new byte[3 * width * height];
        for (var y = 0; y < height; y++)
            for (var x = 0; x < width; x++)
                (pixels[3 * ((y * width) + x)], pixels[(3 * ((y * width) + x)) + 1], pixels[(3 * ((y * width) + x)) + 2]) = ((byte)(255 * x / width), (byte)(255 * y / height), 90);
        return new(width, height, pixels);
    }

    public static void Same(Picture expected, Picture actual, int tolerance = 0, string what = "")
    {
        Assert.True((expected.Width, expected.Height) == (actual.Width, actual.Height), $"{what}: got {actual.Width} x {actual.Height}, expected {expected.Width} x {expected.Height}");
        var worst = Worst(expected, actual);
        Assert.True(worst <= tolerance, $"{what}: bytes differ by up to {worst}, tolerance {tolerance}");
    }

    public static int Worst(Picture expected, Picture actual)
    {
        var worst = 0;
        for (var i = 0; i < expected.Pixels.Length; i++) worst = Math.Max(worst, Math.Abs(expected.Pixels[i] - actual.Pixels[i]));
        return worst;
    }
}
