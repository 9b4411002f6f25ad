namespace Tutti.Vision;

/// <summary>What a model is given of several pictures, and what it shall answer.</summary>
/// <param name="Pixels">n x 3 x height x width numbers.</param>
/// <param name="Count">n.</param>
/// <param name="Width">Of each.</param>
/// <param name="Height">Of each.</param>
/// <param name="Rows">Their places in the list.</param>
/// <param name="Targets">n x classes weights that sum to 1 in each row: one class, or the mixture that the pixels are of. Empty where nothing is known.</param>
/// <param name="Classes">Their number.</param>
public sealed record PictureBatch(float[] Pixels, int Count, int Width, int Height, int[] Rows, float[] Targets, int Classes)
{
    /// <summary>Puts pictures of one size together.</summary>
    /// <param name="pictures">3 x height x width numbers each.</param>
    /// <param name="labels">The class of each, -1 where it is not known; null where none is.</param>
    public static PictureBatch Of(IReadOnlyList<float[]> pictures, int width, int height, IReadOnlyList<int> rows, IReadOnlyList<int>? labels, int classes)
    {
        var each = 3 * width * height;
        var pixels = GC.AllocateUninitializedArray<float>(each * pictures.Count);
        for (var i = 0; i < pictures.Count; i++) pictures[i].AsSpan(0, each).CopyTo(pixels.AsSpan(i * each));
        var targets = new float[labels is null ? 0 : pictures.Count * classes];
        for (var i = 0; labels is not null && i < labels.Count; i++)
            if (labels[i] >= 0) targets[(i * classes) + labels[i]] = 1;
        return new(pixels, pictures.Count, width, height, [.. rows], targets, classes);
    }

    /// <summary>The numbers of one picture.</summary>
    public Span<float> Picture(int i) => Pixels.AsSpan(i * 3 * Width * Height, 3 * Width * Height);

    /// <summary>The weights of one picture's classes.</summary>
    public Span<float> Target(int i) => Targets.AsSpan(i * Classes, Classes);
}
