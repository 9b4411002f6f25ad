using System.Globalization;
using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Nn;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Models.Vision;

/// <summary>The numbers of docs/first-networks.md, computed by the layers that it explains.</summary>
public sealed class FirstNetworksTests() : EngineTest(threads: 1)
{
    static readonly string page = File.ReadAllText(Path.Combine(Shared.Root, "docs", "first-networks.md"));
    static readonly float[] plane = [1, 2, 0, 1, 0, 1, 3, 1, 2, 0, 1, 0, 1, 1, 0, 2], kernel = [1, 0, -1, 1, 0, -1, 1, 0, -1];

    /// <summary>A map as the page shows it, each number in so many letters.</summary>
    static void Shown(Tensor map, int width, string format = "0")
    {
        var (values, columns) = (map.ToArray<float>(), (int)map.Size(-1));
        var rows = values.Chunk(columns).Select(row => string.Join(' ', row.Select(value => (value + 0f).ToString(format, CultureInfo.InvariantCulture).PadLeft(width))));
        Assert.Contains($"```\n{string.Join('\n', rows)}\n```", page, StringComparison.Ordinal);
    }

    static void Says(string text) => Assert.Contains(text, page, StringComparison.Ordinal);

    [Fact]
    public void Convolution_padding_stride_relu_and_pooling()
    {
        var (x, w) = (Tensor.From(plane, 1, 1, 4, 4), Tensor.From(kernel, 1, 1, 3, 3));
        Shown(x, 2);
        Shown(w, 2);
        Shown(x.Conv2d(w, null, 1, 0, 1), 2);
        var padded = x.Conv2d(w, null, 1, 1, 1);
        Shown(padded, 2);
        Shown(x.Conv2d(w, null, 2, 1, 1), 2);
        Shown(padded.Relu(), 1);
        var pooled = padded.Relu().MaxPool2d(2, 2, 0);
        Shown(pooled, 1);
        Assert.Equal(2.5, pooled.Mean([2, 3]).Item());
        Assert.Equal(1.1, Tensor.From([2f, 1, 4], 1, 3).Linear(Tensor.From([0.5f, -1, 0.25f], 1, 3), Tensor.From([0.1f], 1)).Item(), 1e-6);
    }

    [Fact]
    public void Batch_normalisation()
    {
        using var p = new Params(0);
        var norm = new BatchNorm2d(p, 1);
        p.Run.Training = true;
        Shown(norm.Forward(Tensor.From([0f, 4, 2, 4], 1, 1, 2, 2)).View(1, 4), 0, "0.0000");
        p.Run.Statistics.Settle();
        float Running(string name) => p.Items.Single(item => item.Name == name).Value.ToArray<float>()[0];
        Says(FormattableString.Invariant($"they become {Running("running_mean"):0.00} and {Running("running_var"):0.0000} here"));
    }

    static VisionModel Model(string type) => ModelFolder.NewPictures(new ModelConfig(new JsonObject { ["model_type"] = type, ["image_size"] = 32 }, "test").WithLabels(["a", "b", "c"]), 0);

    [Fact]
    public void Sizes_of_the_two_networks()
    {
        static string Text(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
        using var mlp = Model("small-mlp");
        long Of(VisionModel model, string prefix) => model.Params.Trained.Where(item => item.Name.StartsWith(prefix, StringComparison.Ordinal)).Sum(item => item.Stored.Count);
        Says($"| hidden 0 | 3,072 | 128 | {Text(Of(mlp, "hidden.0"))} |");
        Says($"| hidden 1 | 128 | 64 | {Text(Of(mlp, "hidden.1"))} |");
        Says($"| classifier | 64 | 3 | {Text(Of(mlp, "classifier"))} |");
        Says($"| together | | | {Text(Of(mlp, ""))} |");

        using var cnn = Model("small-cnn");
        List<long[]> maps = [];
        _ = cnn.Logits(TinyPictures.Batch(1), map => maps.Add(map.Shape));
        var (all, reach, jump, side) = (0L, 1, 1, 32);
        for (var s = 0; s < 3; s++)
        {
            var products = Of(cnn, $"steps.{s}.conv") * side * side;
            all += products;
            (reach, side) = (reach + (2 * jump), side / 2);   // the window, then the pooling
            (reach, jump) = (reach + jump, jump * 2);
            Says($"| step {s} | {maps[s][1]} x {maps[s][2]} x {maps[s][3]} | {Text(Of(cnn, $"steps.{s}.conv"))} + {Of(cnn, $"steps.{s}.norm")} | {Text(products)} | {reach} x {reach} pixels |");
        }
        Says($"| together | | {Text(Of(cnn, ""))} | {Text(all + 192)} | |");
        Assert.Equal(17, Math.Round((double)Of(mlp, "") / Of(cnn, "")));
        Assert.Equal(7, Math.Round((all + 192.0) / (Of(mlp, "") - 195)));
    }
}
