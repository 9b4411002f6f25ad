using Tutti.Models;
using Tutti.Nn;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Models.Vision;

/// <summary>Networks of pictures by name and from folders: sizes, heads, other picture sizes, depth.</summary>
public sealed class VisionModelTests() : EngineTest(threads: 1)
{
    // Millions of parameters with 1000 classes, as the papers and timm's table of models give them.
    [Theory]
    [InlineData("resnet18", 11.69), InlineData("resnet34", 21.80), InlineData("resnet50", 25.56), InlineData("resnet101", 44.55), InlineData("resnet152", 60.19), InlineData("resnet26d", 16.01), InlineData("resnet50d", 25.58), InlineData("resnet18d", 11.71)]
    [InlineData("convnext_atto", 3.70), InlineData("convnext_nano", 15.59), InlineData("convnext_tiny", 28.59), InlineData("convnext_small", 50.22), InlineData("convnext_base", 88.59), InlineData("convnext_large", 197.77)]
    [InlineData("convnextv2_atto", 3.71), InlineData("convnextv2_femto", 5.23), InlineData("convnextv2_nano", 15.62), InlineData("convnextv2_tiny", 28.64), InlineData("convnextv2_base", 88.72)]
    [InlineData("vit_tiny_patch16_224", 5.72), InlineData("vit_small_patch16_224", 22.05), InlineData("vit_base_patch16_224", 86.57), InlineData("vit_base_patch32_224", 88.22), InlineData("vit_large_patch16_224", 304.33), InlineData("vit_medium_patch16_reg4_gap_256", 38.87)]
    [InlineData("swin_tiny_patch4_window7_224", 28.29), InlineData("swin_small_patch4_window7_224", 49.61), InlineData("swin_base_patch4_window7_224", 87.77), InlineData("swinv2_tiny_window8_256", 28.35), InlineData("swinv2_tiny_window16_256", 28.35), InlineData("swinv2_base_window8_256", 87.92)]
    [InlineData("efficientnet_b0", 5.29), InlineData("efficientnet_b1", 7.79), InlineData("efficientnet_b2", 9.11), InlineData("efficientnet_b3", 12.23), InlineData("efficientnet_b4", 19.34), InlineData("tf_efficientnet_b0.ns_jft_in1k", 5.29)]
    public void A_name_gives_a_network_of_the_published_size(string name, double millions)
    {
        using var model = ModelFolder.NewPictures(Catalog.Named(name, [.. Enumerable.Range(0, 1000).Select(i => $"{i}")]), 0, Device.Meta);
        Assert.Equal(millions, Math.Round(model.Params.Trained.Sum(item => item.Stored.Count) / 1e6, 2), 0.011);
    }

    [Fact]
    public void Every_name_is_a_network_and_an_unknown_one_says_which_is_near()
    {
        Assert.True(Catalog.PictureNames.Count > 60);
        foreach (var name in Catalog.PictureNames)
        {
            using var model = ModelFolder.NewPictures(Catalog.Named(name, ["a", "b"]), 0, Device.Meta);
            Assert.Equal(2, model.Params.Items[^1].Stored.Size(0));
        }
        Assert.Contains("convnext_tiny", Assert.Throws<DataException>(() => Catalog.Named("convnext_tinny", ["a"])).Message);
    }

    [Theory, MemberData(nameof(TinyPictures.Kinds), MemberType = typeof(TinyPictures))]
    public void Every_weight_has_a_depth_and_every_depth_weights(string kind)
    {
        using var model = TinyPictures.Model(kind);
        var depths = model.Params.Items.Select(item => model.Groups!.Of(item.Name)).ToArray();
        Assert.Equal(Enumerable.Range(0, model.Groups!.Count), depths.Distinct().Order());
        Assert.Equal(0, depths[0]);
        Assert.Equal(model.Groups.Count - 1, depths[^1]);
        var entry = Catalog.Find(TinyPictures.Config(kind));
        Assert.All(model.Params.Items.Where(item => entry.IsProjection(TinyPictures.Config(kind), item.Name)), item => Assert.Equal(model.Groups.Count - 1, model.Groups.Of(item.Name)));
        Assert.Equal(2, model.Params.Items.Count(item => entry.IsProjection(TinyPictures.Config(kind), item.Name)));
    }

    [Theory, MemberData(nameof(TinyPictures.Kinds), MemberType = typeof(TinyPictures))]
    public void Gradients_of_every_weight_equal_with_activations_computed_again(string kind)
    {
        using var model = TinyPictures.Model(kind, dtype: DType.Float64);
        double[][] Gradients(bool checkpointing)
        {
            (model.Params.Run.Training, model.Params.Run.Checkpointing) = (true, checkpointing);
            foreach (var item in model.Params.Items) item.Stored.SetGrad(null);
            (model.Forward(TinyPictures.Batch(4)) * Tensor.From([1.0, 2, -3], 1, 3)).Sum().Backward();
            Assert.All(model.Params.Trained, item => Assert.NotNull(item.Stored.Grad));
            return [.. model.Params.Trained.Select(item => item.Stored.Grad!.ToArray<double>())];
        }
        foreach (var (plain, again) in Gradients(false).Zip(Gradients(true)))
            Assert.All(plain.Zip(again), pair => Assert.Equal(pair.First, pair.Second, 1e-10));
    }

    [Theory, MemberData(nameof(TinyPictures.Kinds), MemberType = typeof(TinyPictures))]
    public void Other_classes_get_a_fresh_head_and_the_body_stays(string kind)
    {
        using var temp = Shared.Temp();
        using var model = TinyPictures.Model(kind);
        ModelFolder.Save(model, temp.Path);
        using var again = ModelFolder.LoadPictures(temp.Path, ["a", "b", "c", "d", "e"], 0, out var report);
        Assert.Equal(2, report.Missing.Count);
        Assert.Equal([2, 5], again.Forward(TinyPictures.Batch(2)).Shape);
        Assert.Equal(["a", "b", "c", "d", "e"], new ModelConfig(again.Config, "").Labels);
        foreach (var (a, b) in model.Params.Items.Zip(again.Params.Items).Where(pair => !report.Missing.Contains(pair.First.Name))) Assert.Equal(a.Value.ToArray<float>(), b.Value.ToArray<float>());
        using var same = ModelFolder.LoadPictures(temp.Path, ["x", "y", "z"], 0, out report);
        Assert.Empty(report.Missing);
    }

    [Fact]
    public void A_folder_that_lacks_a_weight_of_the_body_is_refused()
    {
        using var temp = Shared.Temp();
        using var model = TinyPictures.Model("convnext");
        ModelFolder.Save(model, temp.Path);
        AtomicFile.Write(temp.File("model.safetensors"), stream => SafeTensors.Write(stream, model.Params.Items.Where(item => !item.Name.Contains("pwconv2.bias", StringComparison.Ordinal)).ToDictionary(item => item.Name, item => item.Value)));
        Assert.Contains("pwconv2.bias", Assert.Throws<DataException>(() => ModelFolder.LoadPictures(temp.Path, null, 0, out _)).Message);
        Assert.Contains("reads pictures", Assert.Throws<DataException>(() => ModelFolder.Load(temp.Path, null, 0, out _)).Message);
        using var text = Tiny.Model();
        ModelFolder.Save(text, temp.Path);
        Assert.Contains("reads texts", Assert.Throws<DataException>(() => ModelFolder.LoadPictures(temp.Path, null, 0, out _)).Message);
    }

    [Theory, InlineData("resnet"), InlineData("convnext"), InlineData("efficientnet"), InlineData("small-cnn")]
    public void Networks_of_convolutions_read_pictures_of_any_size(string kind)
    {
        using var model = TinyPictures.Model(kind);
        Assert.False(model.OneSize);
        Assert.Equal([2, 3], model.Forward(TinyPictures.Batch(2, 51)).Shape);
    }

    [Theory, InlineData("vit"), InlineData("vit registers"), InlineData("swin"), InlineData("swinv2")]
    public void Networks_of_one_size_are_loaded_for_another(string kind)
    {
        using var temp = Shared.Temp();
        using var model = TinyPictures.Model(kind);
        Assert.Throws<ArgumentException>(() => model.Forward(TinyPictures.Batch(1, 48)));
        ModelFolder.Save(model, temp.Path);
        using var larger = ModelFolder.LoadPictures(temp.Path, null, 0, out var report, size: (48, 64));
        Assert.Empty(report.Missing);
        Assert.Equal((48, 64), larger.PictureSize);
        var pixels = TinyPictures.Batch(2, 64).Pixels[..(2 * 3 * 48 * 64)];
        Assert.Equal([2, 3], larger.Forward(new(pixels, 3, 48, 64, [0, 1])).Shape);
        // What was saved of it is loaded without a size.
        using var folder = Shared.Temp();
        ModelFolder.Save(larger, folder.Path);
        using var again = ModelFolder.LoadPictures(folder.Path, null, 0, out _);
        Assert.Equal(larger.Forward(new(pixels, 3, 48, 64, [0, 1])).ToArray<float>(), again.Forward(new(pixels, 3, 48, 64, [0, 1])).ToArray<float>());
    }

    // A map of positions that rises evenly from left to right does so at another size too, away from the edges; tokens before it stay.
    [Fact]
    public void Positions_are_resampled_and_tokens_before_them_stay()
    {
        using var temp = Shared.Temp();
        var config = TinyPictures.Config("vit").With("image_size", 128);          // 8 x 8 patches
        using var model = ModelFolder.NewPictures(config, 0);
        var positions = model.Params.Items.Single(item => item.Name.EndsWith("position_embeddings", StringComparison.Ordinal));
        using (Modes.NoGrad())
            positions.Value.CopyFrom(Tensor.From([.. Enumerable.Range(0, 65 * 12).Select(i => i < 12 ? 7f : ((i / 12) - 1) % 8)], 1, 65, 12));
        ModelFolder.Save(model, temp.Path);
        using var larger = ModelFolder.LoadPictures(temp.Path, null, 0, out _, size: (256, 256));
        var values = larger.Params.Items.Single(item => item.Name == positions.Name).Value.ToArray<float>();
        Assert.Equal(12 * 257, values.Length);
        Assert.All(values[..12], value => Assert.Equal(7, value));
        for (var place = 0; place < 256; place++)
            if (place % 16 is > 3 and < 12) Assert.Equal(((place % 16) + 0.5) / 2 - 0.5, values[12 * (1 + place)], 1e-5);
    }

    [Fact]
    public void Old_checkpoints_of_swin_are_read_with_todays_names()
    {
        using var temp = Shared.Temp();
        using var model = TinyPictures.Model("swin");
        ModelFolder.Save(model, temp.Path);
        string Old(string name) => name.Replace("head.fc.", "head.", StringComparison.Ordinal).Replace("layers.1.downsample", "layers.0.downsample", StringComparison.Ordinal);
        AtomicFile.Write(temp.File("model.safetensors"), stream => SafeTensors.Write(stream, model.Params.Items.ToDictionary(item => Old(item.Name), item => item.Value)));
        using var again = ModelFolder.LoadPictures(temp.Path, null, 0, out var report);
        Assert.Empty(report.Missing);
        Assert.Empty(report.Unexpected);
        Assert.Equal(model.Forward(TinyPictures.Batch(2)).ToArray<float>(), again.Forward(TinyPictures.Batch(2)).ToArray<float>());
    }

    [Fact]
    public void Response_norms_equal_plain_loops()
    {
        var norm = new Params(0, name => Check(name), dtype: DType.Float64);
        static Tensor? Check(string name) => Tests.Nn.Check.Normal(name, 5);
        using (norm)
        {
            var x = Tests.Nn.Check.Normal("map", 2, 3, 4, 5);
            var actual = new Tutti.Models.Vision.ResponseNorm(norm, 5, flat: true).Forward(x).ToArray<double>();
            var (values, weight, bias) = (x.ToArray<double>(), Tests.Nn.Check.Normal("weight", 5).ToArray<double>(), Tests.Nn.Check.Normal("bias", 5).ToArray<double>());
            for (var n = 0; n < 2; n++)
            {
                var lengths = Enumerable.Range(0, 5).Select(c => Math.Sqrt(Enumerable.Range(0, 12).Sum(place => Math.Pow(values[(((n * 12) + place) * 5) + c], 2)))).ToArray();
                for (var place = 0; place < 12; place++)
                    for (var c = 0; c < 5; c++)
                    {
                        var at = (((n * 12) + place) * 5) + c;
                        Assert.Equal(values[at] + (weight[c] * values[at] * lengths[c] / (lengths.Average() + 1e-6)) + bias[c], actual[at], 1e-12);
                    }
            }
        }
    }

    [Fact]
    public void Rates_of_stochastic_depth_rise_from_the_first_block_to_the_last()
    {
        Assert.Equal([0, 0.1, 0.2, 0.3], StochasticDepth.Rising(0.3, 4).Select(rate => Math.Round(rate, 12)));
        Assert.Equal([0], StochasticDepth.Rising(0.3, 1));
    }
}
