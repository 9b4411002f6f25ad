namespace Tutti.Vision;

/// <summary>How pictures of an update are mixed.</summary>
public enum MixKind
{
    /// <summary>Zhang et al. 2017: weighed sums of two pictures.</summary>
    Mixup,

    /// <summary>Yun et al. 2019: a rectangle of another picture.</summary>
    Cutmix,
}

/// <summary>With which other picture each is mixed, and how much of each remains.</summary>
/// <param name="Partner">For each picture of the update the place of the other; its own where it is not mixed.</param>
/// <param name="Share">Of each picture's own; 1 where it is not mixed.</param>
/// <param name="Kind">How.</param>
/// <param name="Boxes">For cutmix the rectangle that comes from the other.</param>
public sealed record MixPlan(MixKind Kind, int[] Partner, double[] Share, (int Left, int Top, int Right, int Bottom)[] Boxes)
{
    /// <summary>
    /// The plan of one update: partners by a permutation, a share for each picture from a beta distribution, as fastai does it: of the two the larger, so that a picture's own class stays the first.
    /// Depends on (seed, epoch, update) and the update's size only.
    /// </summary>
    /// <param name="alpha">Of the beta distribution: 0.2 to 0.4 for mixup, 1 for cutmix.</param>
    public static MixPlan Of(MixKind kind, double alpha, long seed, int epoch, long update, int count, int width, int height)
    {
        var draws = new Draws(seed, "mix", epoch, update);
        var partner = Enumerable.Range(0, count).ToArray();
        draws.Shuffle<int>(partner);
        var share = new double[count];
        var boxes = new (int, int, int, int)[count];
        for (var i = 0; i < count; i++)
        {
            var own = draws.Beta(alpha);
            var (x, y) = (draws.Below(width), draws.Below(height));
            share[i] = kind == MixKind.Mixup ? Math.Max(own, 1 - own) : own;
            if (kind == MixKind.Cutmix) (boxes[i], share[i]) = Box(x, y, share[i], width, height);
            if (partner[i] == i) (share[i], boxes[i]) = (1, default);
        }
        return new(kind, partner, share, boxes);
    }

    // A rectangle of the other's share and the picture's proportions about a place; what reaches beyond the edges is cut off, and the share is what is left.
    static ((int, int, int, int), double) Box(int x, int y, double own, int width, int height)
    {
        var side = Math.Sqrt(1 - own);
        var (halfWidth, halfHeight) = ((int)(width * side / 2), (int)(height * side / 2));
        var (left, top, right, bottom) = (Math.Max(0, x - halfWidth), Math.Max(0, y - halfHeight), Math.Min(width, x + halfWidth), Math.Min(height, y + halfHeight));
        return ((left, top, right, bottom), 1 - ((double)(right - left) * (bottom - top) / ((double)width * height)));
    }

    /// <summary>The batch, mixed; targets become the shares of both classes.</summary>
    public PictureBatch Apply(PictureBatch batch)
    {
        if (batch.Count != Partner.Length) throw new ArgumentException(FormattableString.Invariant($"the plan is for {Partner.Length} pictures, got {batch.Count}"), nameof(batch));
        var (pixels, targets) = ((float[])batch.Pixels.Clone(), (float[])batch.Targets.Clone());
        var mixed = batch with { Pixels = pixels, Targets = targets };
        for (var i = 0; i < batch.Count; i++)
        {
            if (Share[i] == 1) continue;
            Mix(i, mixed.Picture(i), batch.Picture(Partner[i]), batch.Width, batch.Height);
            if (targets.Length == 0) continue;
            var own = (float)Share[i];
            var target = mixed.Target(i);
            var otherTarget = batch.Target(Partner[i]);
            for (var k = 0; k < target.Length; k++) target[k] = (own * target[k]) + ((1 - own) * otherTarget[k]);
        }
        return mixed;
    }

    /// <summary>One picture of the update.</summary>
    /// <param name="i">Its place.</param>
    /// <param name="to">Its numbers, which are changed.</param>
    /// <param name="other">Its partner's.</param>
    /// <param name="width">Of both.</param>
    /// <param name="height">Of both.</param>
    public void Mix(int i, Span<float> to, ReadOnlySpan<float> other, int width, int height)
    {
        if (Share[i] == 1) return;
        var own = (float)Share[i];
        if (Kind == MixKind.Mixup)
            for (var j = 0; j < to.Length; j++) to[j] = (own * to[j]) + ((1 - own) * other[j]);
        else Paste(other, to, Boxes[i], width, height);
    }

    static void Paste(ReadOnlySpan<float> other, Span<float> to, (int Left, int Top, int Right, int Bottom) box, int width, int height)
    {
        for (var channel = 0; channel < 3; channel++)
            for (var y = box.Top; y < box.Bottom; y++)
            {
                var at = (((channel * height) + y) * width) + box.Left;
                other.Slice(at, box.Right - box.Left).CopyTo(to[at..]);
            }
    }
}
