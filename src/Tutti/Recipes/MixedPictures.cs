using Tutti.Torch;
using Tutti.Training;
using Tutti.Vision;

namespace Tutti.Recipes;

/// <summary>
/// One of K classes per picture, the pictures of an update mixed with each other (mixup, cutmix) and learnt with the shares of both classes: cross-entropy, which is then the same mixture of both
/// losses. Who is mixed with whom, seed, epoch and update decide before the update is cut into micro-batches, so the cut changes nothing.
/// </summary>
/// <param name="mix">How.</param>
/// <param name="classes">Their number.</param>
/// <param name="seed">Mixtures are drawn from it, the epoch and the update.</param>
/// <param name="classWeights">The weight of each class, or null for 1 each.</param>
/// <param name="smoothing">The share of the target that is spread over all classes.</param>
sealed class MixedPictures(MixConfig mix, int classes, long seed, double[]? classWeights = null, double smoothing = 0) : Objective
{
    const double UsualMixup = 0.4, UsualCutmix = 1;

    readonly SingleLabel labels = new();

    public override IReadOnlyList<Example> Prepared(IReadOnlyList<Example> examples, int epoch)
    {
        var seen = base.Prepared(examples, epoch);
        if (epoch == 0 || seen.Count < 2) return seen;
        // Every row is in one update of an epoch, so its first one names it.
        var update = seen[0].Row;
        var draws = new Draws(seed, "mix update", epoch, update);
        var (mixes, cuts) = (draws.Chance(mix.Probability), draws.Chance(0.5));
        if (!mixes) return seen;
        var kind = mix.Kind switch { PictureMix.Mixup => MixKind.Mixup, PictureMix.Cutmix => MixKind.Cutmix, _ => cuts ? MixKind.Cutmix : MixKind.Mixup };
        var (width, height) = (seen[0].Picture!.Width, seen[0].Picture!.Height);
        var plan = MixPlan.Of(kind, mix.Alpha ?? (kind == MixKind.Mixup ? UsualMixup : UsualCutmix), seed, epoch, update, seen.Count, width, height);
        // Two examples need every picture; it is read once.
        Lazy<float[]>[] pixels = [.. seen.Select(example => new Lazy<float[]>(() => example.Picture!.Read(epoch)))];
        return [.. seen.Select((example, i) => plan.Share[i] == 1 ? example with { Picture = example.Picture! with { Read = _ => pixels[i].Value } } : Mixed(example, seen[plan.Partner[i]], i))];

        Example Mixed(Example own, Example other, int i) => own with
        {
            Targets = Shares(own.Label, other.Label, (float)plan.Share[i]),
            Picture = own.Picture! with
            {
                Read = _ =>
                {
                    var mixed = (float[])pixels[i].Value.Clone();
                    plan.Mix(i, mixed, pixels[plan.Partner[i]].Value, width, height);
                    return mixed;
                },
            },
        };
    }

    public override double Weight(IReadOnlyList<Example> update) =>
        update.Sum(example => example.Targets is { } shares ? shares.Select((share, c) => share * WeightOf(c)).Sum() : WeightOf(example.Label));

    public override Tensor Loss(Tensor logits, IReadOnlyList<Example> part)
    {
        const int sum = 2;
        var samples = Samples(logits, part.Count);
        double[] targets = [.. part.SelectMany(example => (example.Targets ?? Shares(example.Label, example.Label, 1)).Select((share, c) => WeightOf(c) * (((1 - smoothing) * share) + (smoothing / classes))))];
        var loss = logits.CrossEntropy(Tensor.From<double>([.. Enumerable.Repeat(targets, samples).SelectMany(x => x)], logits.Shape, logits.Device).To(logits.DType), null, sum, 0);
        return samples == 1 ? loss : loss / samples;
    }

    public override Tensor Predict(Tensor logits) => labels.Predict(logits);

    public override HeldOutScores Judge(double[] predictions, IReadOnlyList<Example> examples) => labels.Judge(predictions, examples);

    float[] Shares(int own, int other, float share)
    {
        var shares = new float[classes];
        shares[own] += share;
        shares[other] += 1 - share;
        return shares;
    }

    double WeightOf(int c) => classWeights?[c] ?? 1;
}
