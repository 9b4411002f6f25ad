using Tutti.Vision;

namespace Tutti.Tests.Recipes;

/// <summary>Discs and squares drawn on noise: they differ in outline alone, both are 15 pixels wide, of any brightness, anywhere.</summary>
static class DrawnShapes
{
    public const int Side = 24;

    public static string[] Names { get; } = ["disc", "square"];

    /// <summary>A folder of both classes, so many of each.</summary>
    public static void Write(TempFolder to, string folder, int count, int seed)
    {
        foreach (var shape in Names)
            for (var i = 0; i < count; i++)
            {
                var path = to.File($"{folder}/{shape}/{i:00}.png");
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                PngFile.Write(path, Shape(shape == "disc", new(seed, shape, i)));
            }
    }

    public static Picture Shape(bool disc, Draws draws)
    {
        var (x0, y0, level) = (8 + draws.Below(8), 8 + draws.Below(8), 150 + draws.Below(70));
        var pixels = new byte[3 * Side * Side];
        for (var y = 0; y < Side; y++)
            for (var x = 0; x < Side; x++)
            {
                var (dx, dy) = (x - x0, y - y0);
                var inside = disc ? (dx * dx) + (dy * dy) <= 49 : Math.Max(Math.Abs(dx), Math.Abs(dy)) <= 7;
                for (var c = 0; c < 3; c++) pixels[(3 * ((y * Side) + x)) + c] = (byte)((inside ? level : 40) + draws.Below(30));
            }
        return new(Side, Side, pixels);
    }
}
