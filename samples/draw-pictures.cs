#:project ../src/Tutti/Tutti.csproj
// Draws pictures of eight kinds of things on patterned grounds, a folder for each class: something for samples/pictures.yaml to learn, and to begin with where photos are few.
// Run it from the repository's root: dotnet run samples/draw-pictures.cs [FOLDER] [PICTURES OF A CLASS] [SIDE]
using System.Globalization;
using Tutti.Vision;

string[] kinds = ["cross", "disc", "leaf", "ring", "spots", "square", "stripes", "triangle"];
var folder = args.Length > 0 ? args[0] : "runs/drawn";
var (count, side) = (Number(1, 100), Number(2, 64));
foreach (var (part, pictures, seed) in new[] { ("train", count, 1), ("test", Math.Max(1, count / 4), 2) })
{
    foreach (var kind in kinds) Directory.CreateDirectory(Path.Combine(folder, part, kind));
    Parallel.For(0, kinds.Length * pictures, i =>
    {
        var (kind, number) = (kinds[i % kinds.Length], i / kinds.Length);
        PngFile.Write(Path.Combine(folder, part, kind, string.Create(CultureInfo.InvariantCulture, $"{number:00000}.png")), Draw(kind, new(seed, kind, number)));
    });
    Console.WriteLine($"{Path.Combine(folder, part)}: {kinds.Length} classes, {pictures} pictures of each");
}

int Number(int place, int otherwise) => args.Length > place ? int.Parse(args[place], CultureInfo.InvariantCulture) : otherwise;

// A thing of any size, turn, place and colour on a ground of two colours, with waves over both and noise.
Picture Draw(string kind, Draws draws)
{
    var (x0, y0, radius) = (draws.Between(0.3, 0.7), draws.Between(0.3, 0.7), draws.Between(0.18, 0.36));
    var (sin, cos) = Math.SinCos(draws.Between(0, 2 * Math.PI));
    var (light, dark, thing) = (Colour(), Colour(), Colour());
    var (waveX, waveY, phase, height) = (draws.Between(-25, 25), draws.Between(-25, 25), draws.Between(0, 6), draws.Between(0, 40));
    var pixels = new byte[3 * side * side];
    for (var y = 0; y < side; y++)
        for (var x = 0; x < side; x++)
        {
            var (across, down) = ((x + 0.5) / side, (y + 0.5) / side);
            var (u, v) = ((((across - x0) * cos) + ((down - y0) * sin)) / radius, (((down - y0) * cos) - ((across - x0) * sin)) / radius);
            var wave = height * Math.Sin((waveX * across) + (waveY * down) + phase);
            for (var c = 0; c < 3; c++)
            {
                var ground = (light[c] * down) + (dark[c] * (1 - down));
                pixels[(3 * ((y * side) + x)) + c] = (byte)Math.Clamp((Inside(kind, u, v) ? thing[c] - (wave / 2) : ground + wave) + draws.Between(-20, 20), 0, 255);
            }
        }
    return new(side, side, pixels);

    double[] Colour() => [draws.Between(0, 255), draws.Between(0, 255), draws.Between(0, 255)];
}

// Within a circle of radius 1, about.
static bool Inside(string kind, double u, double v) => kind switch
{
    "cross" => (Math.Abs(u) < 0.3 && Math.Abs(v) < 1) || (Math.Abs(v) < 0.3 && Math.Abs(u) < 1),
    "disc" => (u * u) + (v * v) < 1,
    "leaf" => Math.Abs(v) < 0.5 * (1 - (u * u)),
    "ring" => (u * u) + (v * v) is > 0.35 and < 1,
    "spots" => (u * u) + (v * v) < 1 && Math.Pow((3 * u) - Math.Round(3 * u), 2) + Math.Pow((3 * v) - Math.Round(3 * v), 2) < 0.1,
    "square" => Math.Max(Math.Abs(u), Math.Abs(v)) < 0.8,
    "stripes" => Math.Max(Math.Abs(u), Math.Abs(v)) < 0.8 && (int)Math.Floor(4 * (u + 1)) % 2 == 0,
    _ => v > -0.6 && v < 1 - (1.8 * Math.Abs(u)),
};
