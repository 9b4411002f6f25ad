#:project ../src/Tutti/Tutti.csproj
// Two small networks of pictures learn to tell shapes apart; docs/first-networks.md explains them layer by layer.
// Run it from the repository's root: dotnet run samples/first-networks.cs
using System.Globalization;
using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Torch;
using Tutti.Training;

const int Size = 32;
string[] shapes = ["disc", "square", "cross"];

// Pictures drawn by code: a shape of some colour somewhere on another colour, with noise. A real program decodes files here.
float[] Draw(int row)
{
    var random = RandomStream.Of(seed: 1, "shapes", row);
    var (x, y, radius) = (8 + random.Below(0, 16), 8 + random.Below(1, 16), 4 + random.Below(2, 4));
    float Colour(int which) => (float)((2 * random.Uniform(3 + which)) - 1);
    var pixels = new float[3 * Size * Size];
    for (var channel = 0; channel < 3; channel++)
        for (var i = 0; i < Size * Size; i++)
        {
            var (dx, dy) = (Math.Abs((i % Size) - x), Math.Abs((i / Size) - y));
            var inside = (row % 3) switch { 0 => (dx * dx) + (dy * dy) <= radius * radius, 1 => dx <= radius - 1 && dy <= radius - 1, _ => (dx <= 1 && dy <= radius) || (dy <= 1 && dx <= radius) };
            pixels[(channel * Size * Size) + i] = Colour(inside ? channel : 3 + channel) + (float)(0.1 * random.Normal(1000 + (channel * Size * Size) + i));
        }
    return pixels;
}

Example[] Pictures(int from, int count) => [.. Enumerable.Range(from, count).Select(row => Example.Of(new Picture(3, Size, Size, _ => Draw(row)), row % 3, row))];

var (train, valid) = (Pictures(0, 900), Pictures(900, 300));
var epochs = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 12;
foreach (var type in (string[])["small-mlp", "small-cnn"])
{
    var source = new ModelConfig(new JsonObject { ["model_type"] = type, ["image_size"] = Size }, "first-networks.cs").WithLabels(shapes);
    using var model = ModelFolder.NewPictures(source, seed: 1);
    var fit = new Learner(model, new TrainConfig { Batch = 32, Epochs = epochs, LearningRate = 5e-3, Schedule = ScheduleKind.OneCycle, Warmup = 0.25 }, seed: 1).Fit(train, valid);
    Console.WriteLine($"{type}: {model.Params.Trained.Sum(item => item.Value.Count):N0} weights, {fit.Best.Accuracy:P1} of {valid.Length} new pictures right");
}
