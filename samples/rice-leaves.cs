#:project ../src/Tutti/Tutti.csproj
// Draws a set of pictures like rice leaves with two targets, ten diseases and ten varieties, and writes it as PNG with tables; some rows lack a target. samples/rice-leaves.yaml learns both; see docs/targets.md.
// Run it from the repository's root: dotnet run samples/rice-leaves.cs -- [FOLDER [ROWS [TEST ROWS]]]
using System.Globalization;
using Tutti.Tables;
using Tutti.Torch;
using Tutti.Vision;

const int Width = 64, Height = 80;
string[] diseases = ["normal", "bacterial_leaf_blight", "bacterial_leaf_streak", "bacterial_panicle_blight", "blast", "brown_spot", "dead_heart", "downy_mildew", "hispa", "tungro"];
// Colour, half the leaf's width, veins, how strongly they show, how pointed the leaf is.
(string Name, double R, double G, double B, double Broad, int Veins, double Contrast, double Point)[] varieties =
[
    ("adt45", 70, 130, 45, 0.30, 5, 16, 0.5), ("andra_ponni", 95, 150, 50, 0.22, 7, 10, 0.5), ("atchaya_ponni", 55, 115, 60, 0.36, 7, 16, 1), ("ir20", 80, 140, 75, 0.24, 3, 22, 1), ("karnataka_ponni", 110, 155, 65, 0.34, 5, 10, 1),
    ("onthanel", 60, 125, 40, 0.20, 5, 22, 1.6), ("ponni", 85, 120, 40, 0.30, 9, 16, 1.6), ("rr", 100, 140, 80, 0.40, 9, 10, 0.5), ("surya", 65, 145, 60, 0.26, 9, 22, 0.5), ("zonal", 75, 110, 55, 0.38, 3, 16, 1.6),
];

// A leaf on earth. u goes along it from -1 to 1, v across it from -1 at one margin to 1 at the other.
Picture Draw(int row, int disease, int variety)
{
    var (random, kind, pixels) = (RandomStream.Of(seed: 9, "rice leaf", row), varieties[variety], new byte[3 * Width * Height]);
    var (angle, light, shiftX, shiftY) = (1.2 * (random.Uniform(0) - 0.5), 0.8 + (0.4 * random.Uniform(1)), 0.2 * (random.Uniform(2) - 0.5), 0.2 * (random.Uniform(3) - 0.5));
    // Chance: the leaf's colour, its breadth, how ill it is, where blots are.
    var (hue, broad, ill) = (8 * random.Normal(4), kind.Broad * (1 + (0.06 * random.Normal(5))), 0.45 + (0.55 * random.Uniform(6)));
    double Noise(int i) => random.Uniform(1000 + i);
    // The nearest of some blots: 1 in its middle, 0 from its edge on.
    double Blot(double u, double v, int count, double size, double length) => Enumerable.Range(0, count).Max(i => 1 - Math.Sqrt(Math.Pow((u - (1.8 * Noise(2 * i)) + 0.9) / (size * length), 2) + Math.Pow((v - (1.6 * Noise((2 * i) + 1)) + 0.8) * broad / size, 2)));
    (double Share, double R, double G, double B) Sick(double u, double v, double edge) => diseases[disease] switch
    {
        "bacterial_leaf_blight" => (edge > 0.62 + (0.12 * Math.Sin((9 * u) + (6 * Noise(0)))) && u > -0.4 ? 1 : 0, 205, 190, 110),
        "bacterial_leaf_streak" => (Blot(u, v, 14, 0.025, 9) > 0 ? 1 : 0, 150, 95, 35),
        "bacterial_panicle_blight" => (u > 0.45 ? 1 : 0, 165 + (30 * Math.Sin(30 * u)), 140, 105),
        "blast" => Blot(u, v, 4, 0.12, 1.8) switch { > 0.4 => (1, 190, 185, 165), > 0 => (1, 120, 60, 25), _ => (0, 0, 0, 0) },
        "brown_spot" => (Blot(u, v, 16, 0.05, 1) > 0 ? 1 : 0, 95, 50, 25),
        "dead_heart" => (Math.Abs(v) < 0.35 && u < 0.5 ? 1 : 0, 175, 145, 75),
        "downy_mildew" => (0.8 * Math.Clamp(2 * Blot(u, v, 6, 0.2, 1.5), 0, 1), 190, 200, 120),
        "hispa" => (Blot(u, v, 10, 0.02, 14) > 0 ? 1 : 0, 225, 230, 210),
        "tungro" => (Math.Clamp((u + 0.6) / 1.2, 0, 1), 220, 150, 40),
        _ => (0, 0, 0, 0),
    };
    for (var i = 0; i < Width * Height; i++)
    {
        var (x, y) = (((i % Width) - (Width / 2.0)) / (Height / 2.0) - shiftX, ((i / Width) - (Height / 2.0)) / (Height / 2.0) - shiftY);
        var (u, across) = (((x * Math.Sin(angle)) - (y * Math.Cos(angle))) / 0.95, (x * Math.Cos(angle)) + (y * Math.Sin(angle)));
        var half = Math.Abs(u) < 1 ? broad * Math.Pow(1 - (u * u), kind.Point) : 0;
        var (v, grain) = (half > 0 ? across / half : 2, 9 * random.Normal(100_000 + i));
        var vein = kind.Contrast * Math.Cos(Math.PI * v * kind.Veins);
        var (share, sickR, sickG, sickB) = Math.Abs(v) < 1 ? Sick(u, v, Math.Abs(v)) : (0, 0, 0, 0);
        double Mixed(double healthy, double sick, double earth) => light * (Math.Abs(v) < 1 ? ((1 - (ill * share)) * (healthy + vein)) + (ill * share * sick) : earth) + grain;
        (pixels[3 * i], pixels[(3 * i) + 1], pixels[(3 * i) + 2]) = ((byte)Math.Clamp(Mixed(kind.R + hue, sickR, 115), 0, 255), (byte)Math.Clamp(Mixed(kind.G, sickG, 95), 0, 255), (byte)Math.Clamp(Mixed(kind.B - hue, sickB, 75), 0, 255));
    }
    return new(Width, Height, pixels);
}

var (folder, rows, test) = (args.ElementAtOrDefault(0) ?? "runs/rice-leaves", int.Parse(args.ElementAtOrDefault(1) ?? "1500", CultureInfo.InvariantCulture), int.Parse(args.ElementAtOrDefault(2) ?? "500", CultureInfo.InvariantCulture));
Directory.CreateDirectory(Path.Combine(folder, "images"));
var draws = RandomStream.Of(seed: 9, "rice rows");
string[] Row(int row) => [FormattableString.Invariant($"images/{100000 + row}.png"), diseases[draws.Below(4 * row, 10)], varieties[draws.Below((4 * row) + 1, 10)].Name];
Parallel.For(0, rows + test, row => PngFile.Write(Path.Combine(folder, Row(row)[0]), Draw(row, draws.Below(4 * row, 10), draws.Below((4 * row) + 1, 10))));
void Write(string name, int from, int until, int columns, bool gaps) => TableWriter.Write(Path.Combine(folder, name), ((string[])["image_id", "label", "variety"])[..columns], table =>
{
    for (var row = from; row < until; row++) table.Row([.. Row(row)[..columns].Select((cell, column) => gaps && column > 0 && draws.Uniform((4 * row) + 1 + column) < (column == 1 ? 0.15 : 0.25) ? "" : cell)]);
});
Write("train.csv", 0, rows, 3, gaps: true);
Write("test.csv", rows, rows + test, 1, gaps: false);
Write("truth.csv", rows, rows + test, 3, gaps: false);
Console.WriteLine(FormattableString.Invariant($"{rows} rows to learn from and {test} to predict, {Width} x {Height} pixels: {folder}"));
