using Tutti.Models;
using Tutti.Tests.Nn;
using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Models;

/// <summary>Heads that a recipe puts in place of an architecture's own, against loops over the hidden states.</summary>
public sealed class HeadTests() : EngineTest(threads: 1)
{
    static readonly TokenBatch batch = new([2, 5, 6, 7, 3, 2, 3, 2, 8, 9, 3], null, [5, 2, 4], [4, 9, 11]);

    static TextModel Model(string kind, Pooling pooling, int samples = 1, double dropout = 0) =>
        ModelFolder.New(Tiny.Config(kind, classes: 3, dropout: dropout, layers: 5).WithPooling(pooling).With("tutti_dropout_samples", samples), 3, dtype: DType.Float64);

    static TheoryData<string, Pooling> Ways()
    {
        TheoryData<string, Pooling> data = [];
        foreach (var kind in Catalog.Names)
            foreach (var pooling in Tiny.Poolings(kind).Where(pooling => pooling != Pooling.Own)) data.Add(kind, pooling);
        return data;
    }

    public static TheoryData<string, Pooling> AllWays => Ways();

    [Theory, MemberData(nameof(AllWays))]
    public void Logits_are_those_of_the_named_pooling(string kind, Pooling pooling)
    {
        using var model = Model(kind, pooling);
        List<double[]> states = [];
        var last = model.Hidden(batch, state => states.Add(state.ToArray<double>()), out _).ToArray<double>();
        states[^1] = last;
        var plain = new Plain(model);
        var actual = model.Forward(batch).ToArray<double>();
        for (int i = 0, start = 0; i < batch.Count; start += batch.Lengths[i++])
        {
            double[] Row(int depth, int t) => states[depth][((start + t) * 16)..((start + t + 1) * 16)];
            var tokens = Enumerable.Range(0, batch.Lengths[i]).Select(t => Row(states.Count - 1, t)).ToArray();
            var pooled = pooling switch
            {
                Pooling.First => tokens[0],
                Pooling.Mean => [.. Enumerable.Range(0, 16).Select(c => tokens.Average(row => row[c]))],
                Pooling.LastFour => [.. Enumerable.Range(states.Count - 4, 4).SelectMany(depth => Row(depth, 0))],
                _ => Weighted(plain, tokens),
            };
            Assert.True(Check.Worst(plain.Linear("classifier", pooled), actual[(3 * i)..(3 * (i + 1))]) <= 1e-10);
        }
        Assert.Equal(pooling == Pooling.Attention, plain.Has("pooling.score.weight"));
    }

    static double[] Weighted(Plain plain, double[][] tokens)
    {
        var weights = Array.ConvertAll(tokens, row => Math.Exp(plain.Linear("pooling.score", Plain.Tanh(plain.Linear("pooling.dense", row)))[0]));
        return [.. Enumerable.Range(0, 16).Select(c => tokens.Select((row, t) => weights[t] * row[c]).Sum() / weights.Sum())];
    }

    [Fact]
    public void A_model_with_another_pooling_is_read_back_with_it()
    {
        using var temp = Shared.Temp();
        using var model = Model("roberta", Pooling.Attention);
        ModelFolder.Save(model, temp.Path);
        using var again = ModelFolder.Load(temp.Path, ["a", "b", "c"], 9, out var report, dtype: DType.Float64);
        Assert.Empty(report.Lines());
        Assert.Equal(model.Forward(batch).ToArray<double>(), again.Forward(batch).ToArray<double>(), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void A_checkpoint_with_one_pooling_gives_its_encoder_to_a_model_with_another()
    {
        using var temp = Shared.Temp();
        using (var model = Model("bert", Pooling.Own)) ModelFolder.Save(model, temp.Path);
        using var other = ModelFolder.Load(temp.Path, ["x", "y", "z"], 9, out var report, change: config => config.WithPooling(Pooling.LastFour));
        Assert.Equal(["classifier.weight", "classifier.bias"], report.Missing);
        Assert.Equal([3, 64], other.Params.Items.Single(item => item.Name == "classifier.weight").Stored.Shape);
    }

    [Fact]
    public void Last_four_needs_four_layers() => Assert.Contains("needs 4 layers", Assert.Throws<DataException>(() => ModelFolder.New(Tiny.Config(layers: 3).WithPooling(Pooling.LastFour), 1)).Message, StringComparison.Ordinal);

    [Theory, MemberData(nameof(Tiny.Kinds), MemberType = typeof(Tiny))]
    public void Several_samples_of_dropout_are_as_many_masks_and_the_mean_of_their_losses(string kind)
    {
        using var model = Model(kind, Pooling.Mean, samples: 4, dropout: 0.3);
        Assert.Equal([3, 3], model.Forward(batch).Shape);                         // none while predicting
        model.Params.Run.Training = true;
        var logits = model.Forward(batch);
        Assert.Equal([12, 3], logits.Shape);
        var rows = logits.ToArray<double>().Chunk(3).ToArray();
        Assert.Equal(4, Enumerable.Range(0, 4).Select(sample => rows[3 * sample][0]).Distinct().Count());
        Example[] part = [new([2], null, 1, 4), new([2], null, 0, 9), new([2], null, 2, 11)];
        var expected = rows.Select((row, i) => Math.Log(row.Sum(Math.Exp)) - row[part[i % 3].Label]).Sum() / 4;
        Assert.Equal(expected, new SingleLabel().Loss(logits, part).Item(), 1e-10);
    }

    [Fact]
    public void Samples_of_dropout_do_not_depend_on_how_an_update_is_cut()
    {
        using var model = Model("electra", Pooling.Own, samples: 3, dropout: 0.3);
        Example[] texts = [new([2, 5, 6, 3], null, 1, 0), new([2, 7, 3], null, 0, 1), new([2, 9, 8, 7, 3], null, 2, 2)];
        double[] Gradient(params Example[][] parts)
        {
            foreach (var item in model.Params.Items) item.Stored.SetGrad(null);
            new Learner(model, new TrainConfig(), 3).Gradients(parts, 1);
            return model.Params.Items.Single(item => item.Name == "classifier.dense.weight").Stored.Grad!.ToArray<double>();
        }
        Assert.True(Check.Worst(Gradient(texts), Gradient(texts[..1], texts[1..])) <= 1e-12);
    }
}
