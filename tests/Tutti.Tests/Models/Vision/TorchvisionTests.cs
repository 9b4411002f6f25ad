using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Nn;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Models.Vision;

/// <summary>Swin, SwinV2 and EfficientNet against what torchvision 0.14.1 made of weights that a formula gives, in float64: torchvision/record.py, which computes the same weights.</summary>
public sealed class TorchvisionTests() : EngineTest(threads: 1)
{
    static readonly JsonArray cases = (JsonArray)JsonNode.Parse(File.ReadAllText(Path.Combine(Shared.Root, "tests", "Tutti.Tests", "Models", "Vision", "torchvision", "cases.json")))!["cases"]!;

    public static TheoryData<string> Names() => [.. cases.Select(one => one!["name"]!.GetValue<string>())];

    [Theory, MemberData(nameof(Names))]
    public void Logits_and_gradients_equal_torchvisions(string name)
    {
        foreach (var (dtype, tolerance) in new[] { (DType.Float64, 1e-9), (DType.Float32, 2e-4) })
        {
            var recorded = cases.Single(one => one!["name"]!.GetValue<string>() == name)!;
            using var model = Model(recorded, dtype);
            model.Params.Run.Training = recorded["train"]!.GetValue<bool>();
            var size = recorded["size"]!.GetValue<int>();
            var logits = model.Forward(new(Array.ConvertAll(Wave("pixels", 2 * 3 * size * size), u => (float)(2 * u)), 3, size, size, [0, 1]));
            var expected = recorded["logits"]!.AsArray().Select(value => value!.GetValue<double>()).ToArray();
            var actual = logits.To(DType.Float64).ToArray<double>();
            // Pixels reach the network as float32.
            for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], Math.Max(tolerance, 1e-6));
            (Losses.CrossEntropy(logits, Tensor.From([1L, 0L])) / 2).Backward();
            Gradients(recorded, model, Math.Max(tolerance, 1e-5));
        }
    }

    static VisionModel Model(JsonNode recorded, DType dtype)
    {
        var config = new ModelConfig((JsonObject)recorded["config"]!.DeepClone(), recorded["name"]!.GetValue<string>());
        Dictionary<string, long[]> shapes = [];
        using (var described = ModelFolder.NewPictures(config, 0, dtype: dtype))
            foreach (var item in described.Params.Items) shapes[item.Name] = item.Stored.Shape;
        var p = new Params(0, name => shapes.TryGetValue(name, out var shape) ? Tensor.From(Weight(name, shape), shape) : null, dtype: dtype);
        return (VisionModel)Catalog.Find(config).Build(p, config);
    }

    static void Gradients(JsonNode recorded, VisionModel model, double tolerance)
    {
        var expected = recorded["gradients"]!.AsObject();
        var compared = 0;
        foreach (var item in model.Params.Items.Where(item => !item.Frozen))
        {
            var gradient = item.Stored.Grad!.To(DType.Float64).ToArray<double>();
            var wave = Wave(item.Name + "~", gradient.Length);
            var size = Math.Max(1, Math.Sqrt(gradient.Sum(value => value * value)) * Math.Sqrt(gradient.Length));
            Assert.True(Math.Abs(expected[item.Name]![0]!.GetValue<double>() - gradient.Sum()) <= tolerance * size, $"the sum of {item.Name}'s gradient is {gradient.Sum()}, expected {expected[item.Name]![0]}");
            var woven = gradient.Zip(wave, (g, u) => g * u).Sum();
            Assert.True(Math.Abs(expected[item.Name]![1]!.GetValue<double>() - woven) <= tolerance * size, $"the sum of {item.Name}'s gradient with the wave is {woven}, expected {expected[item.Name]![1]}");
            compared++;
        }
        Assert.Equal(expected.Count, compared);
    }

    static double[] Wave(string name, int count)
    {
        var seed = name.Select((letter, i) => letter * (i + 1)).Sum() % 1000;
        return [.. Enumerable.Range(0, count).Select(i => Math.Sin((i * 12.9898) + (seed * 78.233)) * 4375.5453).Select(x => x - Math.Floor(x) - 0.5)];
    }

    static double[] Weight(string name, long[] shape)
    {
        var count = shape.Aggregate(1L, (product, size) => product * size);
        var wide = 2 * Math.Sqrt(3.0 * shape[0] / count);
        Func<double, double> of = name.Split('.')[^1] switch
        {
            "logit_scale" => u => Math.Log(10) + u,
            "relative_position_bias_table" => u => u,
            _ when shape.Length > 1 => u => u * wide,
            "running_var" => u => 0.45 + (0.3 * u),
            "weight" => u => 1 + (0.4 * u),
            _ => u => 0.2 * u,
        };
        return Array.ConvertAll(Wave(name, (int)count), u => of(u));
    }
}
