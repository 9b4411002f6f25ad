using Tutti.Recipes;
using Tutti.Tests.Models.Vision;
using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training;
using Picture = Tutti.Training.Picture;

namespace Tutti.Tests.Recipes;

/// <summary>Pictures of an update that are mixed with each other, and what is learnt of them.</summary>
public sealed class MixedPicturesTests() : EngineTest(threads: 1)
{
    const int Side = 16, Classes = 6;

    static MixedPictures Mixing(PictureMix kind, long seed = 1) => new(kind, Classes, seed);

    // Every pixel of a picture is the number of its class, so a mixture's mean says of what it is.
    static Example[] Plain(int[]? read = null, int from = 0) => [.. Enumerable.Range(0, Classes).Select(i => Example.Of(new Picture(3, Side, Side, _ =>
    {
        if (read is not null) Interlocked.Increment(ref read[i]);
        return [.. Enumerable.Repeat((float)i, 3 * Side * Side)];
    }), i, from + i))];

    static string Text(IEnumerable<Example> examples) => string.Join('|', examples.Select(example => string.Join(' ', example.Picture!.Read(example.Epoch))));

    [Theory, InlineData(PictureMix.Mixup), InlineData(PictureMix.Cutmix), InlineData(PictureMix.Either)]
    public void Targets_are_the_shares_of_the_pixels_and_every_picture_is_read_once(PictureMix kind)
    {
        var read = new int[Classes];
        var mixed = Mixing(kind).Prepared(Plain(read), 3);
        Assert.Contains(mixed, example => example.Targets is { } shares && shares.Max() < 0.999f);
        foreach (var example in mixed)
        {
            var pixels = example.Picture!.Read(example.Epoch);
            double[] shares = [.. example.Targets?.Select(share => (double)share) ?? Enumerable.Range(0, Classes).Select(c => c == example.Label ? 1.0 : 0)];
            Assert.Equal(1, shares.Sum(), 1e-6);
            Assert.Equal(shares.Select((share, c) => share * c).Sum(), pixels.Average(), 1e-4);
        }
        Assert.All(read, times => Assert.Equal(1, times));
    }

    [Fact]
    public void Mixtures_depend_on_seed_epoch_and_update_alone_and_evaluations_are_not_mixed()
    {
        var once = Text(Mixing(PictureMix.Mixup).Prepared(Plain(), 2));
        Assert.Equal(once, Text(Mixing(PictureMix.Mixup).Prepared(Plain(), 2)));
        Assert.NotEqual(once, Text(Mixing(PictureMix.Mixup, 2).Prepared(Plain(), 2)));
        Assert.NotEqual(once, Text(Mixing(PictureMix.Mixup).Prepared(Plain(), 3)));
        Assert.NotEqual(once, Text(Mixing(PictureMix.Mixup).Prepared(Plain(from: 100), 2)));
        Assert.Equal(Text(Plain()), Text(Mixing(PictureMix.Mixup).Prepared(Plain(), 0)));
    }

    [Fact]
    public void About_the_share_of_updates_that_was_asked_for_is_mixed()
    {
        var mixing = new MixedPictures(new() { Kind = PictureMix.Cutmix, Probability = 0.25 }, Classes, 1);
        // 400 draws of probability 1/4: five standard deviations are 43.
        Assert.InRange(Enumerable.Range(1, 400).Count(epoch => mixing.Prepared(Plain(), epoch).Any(example => example.Targets is not null)), 57, 143);
    }

    [Fact]
    public void The_loss_is_the_mixture_of_the_losses_of_both_classes()
    {
        double[] weights = [1, 2, 0.5];
        var logits = Tensor.From<double>([0.3, -1, 2, 0.1, 0.2, 0.3], [2, 3]);
        Example Row(int label, float[]? targets = null) => new([], null, label, 0) { Targets = targets };
        var hard = new SingleLabel(weights, 0.1);
        double Hard(int row, int label) => hard.Loss(logits.Narrow(0, row, 1), [Row(label)]).Item();
        var soft = new MixedPictures(PictureMix.Mixup, 3, 1, weights, 0.1);
        Example[] part = [Row(0, [0.75f, 0, 0.25f]), Row(1)];
        Assert.Equal((0.75 * Hard(0, 0)) + (0.25 * Hard(0, 2)) + Hard(1, 1), soft.Loss(logits, part).Item(), 1e-9);
        Assert.Equal((0.75 * 1) + (0.25 * 0.5) + 2, soft.Weight(part), 1e-9);
    }

    [Fact]
    public void The_gradient_does_not_depend_on_how_a_mixed_update_is_cut()
    {
        var objective = new MixedPictures(PictureMix.Either, 3, 1);
        double[][] Gradients(params int[] parts)
        {
            using var model = TinyPictures.Model("convnext", dtype: DType.Float64);
            Example[] mixed = [.. objective.Prepared(TinyPictures.Pictures(6), 1)];
            Assert.Contains(mixed, example => example.Targets is not null);
            var at = 0;
            _ = new Learner(model, new TrainConfig { Batch = 6 }, 1, objective: objective).Gradients([.. parts.Select(count => mixed[at..(at += count)])], 0);
            return [.. model.Params.Trained.Select(item => item.Stored.Grad!.ToArray<double>())];
        }
        foreach (var (whole, cut) in Gradients(6).Zip(Gradients(1, 3, 2)))
            Assert.All(whole.Zip(cut), pair => Assert.Equal(pair.First, pair.Second, 1e-9));
    }
}
