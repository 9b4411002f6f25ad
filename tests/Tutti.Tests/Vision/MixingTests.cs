using Tutti.Vision;

namespace Tutti.Tests.Vision;

public sealed class MixingTests
{
    const int Side = 8, Classes = 3;

    // Every number of picture i is i + 1, so that a mixture shows what it is made of.
    static PictureBatch Batch(int count) => PictureBatch.Of(
        [.. Enumerable.Range(0, count).Select(i => Enumerable.Repeat(i + 1f, 3 * Side * Side).ToArray())], Side, Side,
        [.. Enumerable.Range(0, count)], [.. Enumerable.Range(0, count).Select(i => i % Classes)], Classes);

    [Theory]
    [InlineData(MixKind.Mixup, 0.4)]
    [InlineData(MixKind.Cutmix, 1)]
    public void Targets_are_shares_of_what_the_pixels_are_of(MixKind kind, double alpha)
    {
        var batch = Batch(16);
        var mixedSome = 0;
        for (var update = 0; update < 20; update++)
        {
            var plan = MixPlan.Of(kind, alpha, 3, 1, update, batch.Count, Side, Side);
            Assert.Equal(Enumerable.Range(0, 16), plan.Partner.Order());
            var mixed = plan.Apply(batch);
            for (var i = 0; i < batch.Count; i++)
            {
                Assert.Equal(1f, mixed.Target(i).ToArray().Sum(), 1e-6f);
                var mean = mixed.Picture(i).ToArray().Average();
                Assert.Equal((plan.Share[i] * (i + 1)) + ((1 - plan.Share[i]) * (plan.Partner[i] + 1)), mean, 1e-4);
                var expected = new float[Classes];
                expected[i % Classes] += (float)plan.Share[i];
                expected[plan.Partner[i] % Classes] += 1 - (float)plan.Share[i];
                Assert.Equal(expected, mixed.Target(i).ToArray(), (a, b) => Math.Abs(a - b) < 1e-6);
                if (plan.Share[i] < 0.95) mixedSome++;
                if (kind == MixKind.Mixup) Assert.InRange(plan.Share[i], 0.5, 1);
            }
        }
        Assert.True(mixedSome > 50, $"{mixedSome} of 320 pictures are mixed");
    }

    [Fact]
    public void Cutmix_pastes_whole_pixels_of_the_same_place()
    {
        var batch = Batch(4);
        var plan = new MixPlan(MixKind.Cutmix, [1, 0, 2, 3], [0.75, 1, 1, 1], [(0, 0, 4, 4), default, default, default]);
        var mixed = plan.Apply(batch).Picture(0).ToArray();
        for (var channel = 0; channel < 3; channel++)
            for (var y = 0; y < Side; y++)
                for (var x = 0; x < Side; x++)
                    Assert.Equal(x < 4 && y < 4 ? 2 : 1, mixed[(((channel * Side) + y) * Side) + x]);
        Assert.Equal(batch.Picture(1).ToArray(), plan.Apply(batch).Picture(1).ToArray());
    }

    [Fact]
    public void A_plan_depends_on_seed_epoch_and_update_alone()
    {
        MixPlan Of(long seed, int epoch, long update) => MixPlan.Of(MixKind.Mixup, 0.4, seed, epoch, update, 8, Side, Side);
        Assert.Equal(Of(1, 1, 1).Share, Of(1, 1, 1).Share);
        Assert.Equal(4, new[] { Of(1, 1, 1), Of(2, 1, 1), Of(1, 2, 1), Of(1, 1, 2) }.Select(plan => plan.Share[0]).Distinct().Count());
    }

    [Fact]
    public void Batches_without_labels_are_mixed_too_and_another_number_of_pictures_is_refused()
    {
        var batch = Batch(3) with { Targets = [] };
        Assert.Empty(MixPlan.Of(MixKind.Mixup, 0.4, 1, 1, 1, 3, Side, Side).Apply(batch).Targets);
        Assert.Contains("for 5 pictures, got 3", Assert.Throws<ArgumentException>(() => MixPlan.Of(MixKind.Mixup, 0.4, 1, 1, 1, 5, Side, Side).Apply(batch)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_erased_is_one_rectangle_of_the_area_asked_for(bool noise)
    {
        var erasing = new RandomErasing(1, 0.1, 0.3, noise);
        for (var row = 0; row < 60; row++)
        {
            var numbers = Enumerable.Repeat(5f, 3 * 40 * 30).ToArray();
            erasing.Apply(numbers, 40, 30, new(1, "erase", 0, row));
            var changed = Enumerable.Range(0, 40 * 30).Where(i => numbers[i] != 5).Select(i => (X: i % 40, Y: i / 40)).ToList();
            Assert.InRange(changed.Count / 1200.0, 0.08, 0.33);
            Assert.Equal(changed.Count, (changed.Max(at => at.X) - changed.Min(at => at.X) + 1) * (changed.Max(at => at.Y) - changed.Min(at => at.Y) + 1));
            Assert.All(changed, at => Assert.True(noise || (numbers[(at.Y * 40) + at.X] == 0 && numbers[1200 + (at.Y * 40) + at.X] == 0 && numbers[2400 + (at.Y * 40) + at.X] == 0)));
        }
        var kept = Enumerable.Repeat(5f, 3 * 40 * 30).ToArray();
        new RandomErasing(0).Apply(kept, 40, 30, new(1, "erase"));
        Assert.All(kept, number => Assert.Equal(5, number));
    }

    [Fact]
    public void Normalised_numbers_are_the_picture_again()
    {
        var picture = Made.Noise(13, 9);
        Made.Same(picture, Normalization.ImageNet.Undo(Normalization.ImageNet.Apply(picture), 13, 9));
        Assert.Equal((200 / 255.0 - 0.456) / 0.224, Normalization.ImageNet.Apply(Picture.Of(2, 1, new(0, 200, 0)))[2], 1e-6);
    }
}
