using Tutti.Models;
using Tutti.Models.Vision;
using Tutti.Tests.Models.Vision;
using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Training;

/// <summary>Where networks look: Grad-CAM against finite differences and plain loops, attention roll-out against the whole product.</summary>
public sealed class PictureAttributionTests() : EngineTest(threads: 1)
{
    const int Class = 1;

    static double Logit(VisionModel model, Tensor features, PictureBatch batch)
    {
        using var scope = new Scope();
        using var none = Modes.NoGrad();
        return model.OfFeatures(features, batch).ToArray<double>()[Class];
    }

    // Equations 1 and 2 of the paper by loops, the derivatives by central differences of the class's logit.
    static double[] ByDifferences(VisionModel model, PictureBatch batch)
    {
        model.Params.Run.Training = false;
        double[] values;
        long[] shape;
        using (Modes.NoGrad())
        {
            var features = model.Features(batch);
            (values, shape) = (features.ToArray<double>(), features.Shape);
        }
        var planes = model.Layout == FeatureLayout.Planes;
        var (channels, height, width) = planes ? (shape[1], shape[2], shape[3]) : (shape[3], shape[1], shape[2]);
        long At(long k, long i, long j) => planes ? (((k * height) + i) * width) + j : (((i * width) + j) * channels) + k;
        double Moved(long at, double by)
        {
            var moved = (double[])values.Clone();
            moved[at] += by;
            return Logit(model, Tensor.From(moved, shape), batch);
        }
        const double Step = 1e-5;
        var map = new double[height * width];
        for (var k = 0L; k < channels; k++)
        {
            var alpha = 0.0;
            for (var i = 0L; i < height; i++)
                for (var j = 0L; j < width; j++) alpha += (Moved(At(k, i, j), Step) - Moved(At(k, i, j), -Step)) / (2 * Step) / (height * width);
            for (var i = 0L; i < height; i++)
                for (var j = 0L; j < width; j++) map[(i * width) + j] += alpha * values[At(k, i, j)];
        }
        return Array.ConvertAll(map, value => Math.Max(0, value));
    }

    [Theory, InlineData("small-cnn"), InlineData("resnet"), InlineData("convnext"), InlineData("swin"), InlineData("efficientnet")]
    public void Grad_CAM_is_the_paper_s_sum_by_finite_differences(string kind)
    {
        using var model = TinyPictures.Model(kind, dtype: DType.Float64);
        var batch = TinyPictures.Batch(1);
        var map = PictureAttribution.GradCam(model, batch, Class);
        var expected = ByDifferences(model, batch);
        Assert.Equal(expected.Length, map.Height * map.Width);
        Assert.All(expected.Zip(map.Values), pair => Assert.Equal(pair.First, pair.Second, 1e-7));
        // Zeros alone would prove nothing.
        Assert.True(kind == "efficientnet" || Enumerable.Range(0, 3).Any(k => PictureAttribution.GradCam(model, batch, k).Values.Any(value => value > 0)));
    }

    // A mean and a projection behind the map: the gradient of a logit is the class's weights, whatever the picture (Zhou et al. 2016).
    [Fact]
    public void Grad_CAM_of_a_mean_and_a_projection_is_the_weighted_sum_of_the_last_maps()
    {
        using var model = TinyPictures.Model("small-cnn", dtype: DType.Float64);
        var batch = TinyPictures.Batch(1);
        var weights = model.Params.Items.Single(item => item.Name == "classifier.weight").Value.ToArray<double>();
        var found = PictureAttribution.GradCam(model, batch, Class);
        model.Params.Run.Training = false;
        double[] maps;
        using (Modes.NoGrad()) maps = model.Features(batch).Contiguous().ToArray<double>();
        var (channels, places) = (model.FeatureCount, found.Height * found.Width);
        for (var place = 0; place < places; place++)
        {
            var sum = Enumerable.Range(0, channels).Sum(k => weights[(Class * channels) + k] * maps[(k * places) + place]);
            Assert.Equal(Math.Max(0, sum / places), found.Values[place], 1e-12);
        }
    }

    [Fact]
    public void Looking_leaves_the_weights_as_they_were()
    {
        using var model = TinyPictures.Model("convnext");
        (model.Params.Run.Training, var before) = (true, model.Params.Trained.Count);
        PictureAttribution.Of(model, TinyPictures.Pictures(1)[0], Class);
        Assert.True(model.Params.Run.Training);
        Assert.All(model.Params.Trained, item => Assert.True(item.Stored.RequiresGrad && item.Stored.Grad is null));
        Assert.Equal(before, model.Params.Trained.Count);
    }

    [Fact]
    public void A_network_without_places_has_no_map()
    {
        using var model = TinyPictures.Model("small-mlp");
        Assert.Null(PictureAttribution.Of(model, TinyPictures.Pictures(1)[0], Class));
    }

    static double[] RandomAttention(int tokens, long layer)
    {
        var random = RandomStream.Of(7, "attention", layer);
        double[] values = [.. Enumerable.Range(0, tokens * tokens).Select(i => random.Uniform(i))];
        for (var row = 0; row < tokens; row++)
        {
            var sum = values.AsSpan(row * tokens, tokens).ToArray().Sum();
            for (var i = 0; i < tokens; i++) values[(row * tokens) + i] /= sum;
        }
        return values;
    }

    // The whole matrix product, layer upon layer: a token of the first input in a token of the last output.
    static double[,] Product(IReadOnlyList<double[]> layers, int tokens)
    {
        var product = new double[tokens, tokens];
        for (var i = 0; i < tokens; i++) product[i, i] = 1;
        foreach (var attention in layers)
        {
            var next = new double[tokens, tokens];
            for (var i = 0; i < tokens; i++)
                for (var j = 0; j < tokens; j++)
                    for (var k = 0; k < tokens; k++) next[i, j] += 0.5 * (attention[(i * tokens) + k] + (i == k ? 1 : 0)) * product[k, j];
            product = next;
        }
        return product;
    }

    [Fact]
    public void Roll_out_is_the_product_of_all_layers_and_sums_to_one()
    {
        const int Tokens = 5;
        double[][] layers = [RandomAttention(Tokens, 0), RandomAttention(Tokens, 1), RandomAttention(Tokens, 2)];
        var product = Product(layers, Tokens);
        for (var read = 0; read < Tokens; read++)
        {
            var shares = PictureAttribution.Rollout(layers, [.. Enumerable.Range(0, Tokens).Select(token => token == read ? 1.0 : 0)]);
            Assert.Equal(1, shares.Sum(), 1e-12);
            for (var token = 0; token < Tokens; token++) Assert.Equal(product[read, token], shares[token], 1e-12);
        }
    }

    [Theory, InlineData("vit"), InlineData("vit registers")]
    public void A_transformer_is_rolled_out_from_what_its_head_reads(string kind)
    {
        using var model = (Vit)TinyPictures.Model(kind, dtype: DType.Float64);
        model.Params.Run.Training = false;
        var example = TinyPictures.Pictures(1)[0];
        double[][] layers;
        using (Modes.NoGrad()) layers = model.Attentions((PictureBatch)Inputs.Of([example]));
        var (tokens, patches, first) = (kind == "vit" ? 5 : 6, 4, kind == "vit" ? 1 : 2);          // 2 x 2 patches behind the class token, or two registers
        Assert.Equal(2, layers.Length);
        Assert.All(layers, layer => Assert.All(layer.Chunk(tokens), row => Assert.Equal(1, row.Sum(), 1e-9)));
        var product = Product(layers, tokens);
        var map = PictureAttribution.Of(model, example, Class)!;
        Assert.Equal((PictureAttribution.RolloutName, 2, 2), (map.Method, map.Height, map.Width));
        for (var patch = 0; patch < patches; patch++)
        {
            var expected = kind == "vit" ? product[0, first + patch] : Enumerable.Range(first, patches).Average(read => product[read, first + patch]);
            Assert.Equal(expected, map.Values[patch], 1e-9);
        }
    }

    // The first layer's scores by loops from its weights: two heads of six channels.
    [Fact]
    public void What_a_layer_s_tokens_take_of_each_other_is_the_mean_softmax_of_its_heads()
    {
        using var model = (Vit)TinyPictures.Model("vit", dtype: DType.Float64);
        model.Params.Run.Training = false;
        var batch = TinyPictures.Batch(1);
        const int N = 5, C = 12, Heads = 2, D = 6;
        double[] Weight(string name) => model.Params.Items.Single(item => item.Name.EndsWith(name, StringComparison.Ordinal) && item.Name.Contains("layer.0.", StringComparison.Ordinal)).Value.ToArray<double>();
        double[]? state = null;
        double[][] found;
        using (Modes.NoGrad())
        {
            model.Features(batch, x => state ??= x.Contiguous().ToArray<double>());
            found = model.Attentions(batch);
        }
        var (gain, shift) = (Weight("layernorm_before.weight"), Weight("layernorm_before.bias"));
        double[][] rows = [.. state!.Chunk(C).Select(row =>
        {
            var mean = row.Average();
            var deviation = Math.Sqrt(row.Average(value => (value - mean) * (value - mean)) + 1e-12);
            return row.Select((value, c) => ((value - mean) / deviation * gain[c]) + shift[c]).ToArray();
        })];
        double[][] Projected(string name) => [.. rows.Select(row => Enumerable.Range(0, C).Select(o => Weight($"{name}.bias")[o] + row.Select((value, c) => value * Weight($"{name}.weight")[(o * C) + c]).Sum()).ToArray())];
        var (queries, keys) = (Projected("attention.query"), Projected("attention.key"));
        for (var i = 0; i < N; i++)
            for (var j = 0; j < N; j++)
            {
                var share = Enumerable.Range(0, Heads).Average(head =>
                {
                    double Exp(int key) => Math.Exp(Enumerable.Range(head * D, D).Sum(c => queries[i][c] * keys[key][c]) / Math.Sqrt(D));
                    return Exp(j) / Enumerable.Range(0, N).Sum(Exp);
                });
                Assert.Equal(share, found[0][(i * N) + j], 1e-9);
            }
    }
}
