using System.Runtime.Intrinsics.X86;
using Tutti.Vision;

namespace Tutti.Tests.Vision;

/// <summary>Sizes to the byte are in PreprocessParityTests; here is what holds for any picture.</summary>
public sealed class ResizeTests
{
    static readonly ResizeFilter[] filters = Enum.GetValues<ResizeFilter>();

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 7)]
    [InlineData(33, 5)]
    [InlineData(200, 131)]
    public void Vector_code_and_plain_code_give_the_same_bytes(int width, int height)
    {
        Assert.SkipUnless(Avx2.IsSupported, "this processor has plain code only");
        var picture = Made.Noise(width, height);
        foreach (var filter in filters.Where(filter => filter != ResizeFilter.Nearest))
            foreach (var to in (int[])[1, 3, 32, 77, 411])
            {
                var weights = new ResizeWeights(filter, width, to);
                byte[] plain = new byte[3 * to * height], vectors = new byte[3 * to * height];
                Resize.Rows(picture.Pixels, width, height, plain, weights, vectors: false);
                Resize.Rows(picture.Pixels, width, height, vectors, weights, vectors: true);
                Assert.Equal(plain, vectors);
                weights = new ResizeWeights(filter, height, to);
                (plain, vectors) = (new byte[3 * width * to], new byte[3 * width * to]);
                Resize.Columns(picture.Pixels, 3 * width, plain, weights, vectors: false);
                Resize.Columns(picture.Pixels, 3 * width, vectors, weights, vectors: true);
                Assert.Equal(plain, vectors);
            }
    }

    [Theory]
    [InlineData(2, 7)]
    [InlineData(33, 5)]
    [InlineData(200, 131)]
    public void The_quick_way_is_within_two_of_the_exact_one_by_vectors_and_by_plain_code(int width, int height)
    {
        var picture = Made.Noise(width, height);
        foreach (var filter in filters.Where(filter => filter != ResizeFilter.Nearest))
            foreach (var (toWidth, toHeight) in (ReadOnlySpan<(int, int)>)[(1, 1), (3, 90), (77, 32), (411, 3), (width, 9), (9, height)])
            {
                var quick = Resize.Quickly(picture, toWidth, toHeight, filter, vectors: false);
                Made.Same(Resize.To(picture, toWidth, toHeight, filter), quick, tolerance: 2, what: $"{filter} {toWidth} x {toHeight}");
                if (Avx2.IsSupported) Made.Same(quick, Resize.Quickly(picture, toWidth, toHeight, filter, vectors: true), what: $"{filter} {toWidth} x {toHeight}");
            }
    }

    [Fact]
    public void The_quick_way_is_as_bright_as_the_exact_one()
    {
        // Sums of weights that were not 1 would show in the mean, where the roundings of single pixels do not.
        var picture = Made.Noise(200, 131);
        var (exact, quick) = (Resize.To(picture, 77, 50, ResizeFilter.Bilinear), Resize.Quickly(picture, 77, 50, ResizeFilter.Bilinear));
        Assert.Equal(Mean(exact), Mean(quick), 0.05);

        static double Mean(Picture picture) => picture.Pixels.ToArray().Average(value => (double)value);
    }

    [Fact]
    public void A_picture_of_one_colour_keeps_it()
    {
        var colour = new Colour(3, 200, 77);
        foreach (var filter in filters)
            foreach (var (width, height) in (ReadOnlySpan<(int, int)>)[(1, 1), (5, 90), (64, 64), (300, 2)])
            {
                Made.Same(Picture.Of(width, height, colour), Resize.To(Picture.Of(40, 30, colour), width, height, filter), what: $"{filter}");
                Made.Same(Picture.Of(width, height, colour), Resize.Quickly(Picture.Of(40, 30, colour), width, height, filter), what: $"{filter}");
            }
    }

    [Fact]
    public void The_same_size_is_the_same_picture()
    {
        var picture = Made.Noise(31, 17);
        foreach (var filter in filters) Made.Same(picture, Resize.To(picture, 31, 17, filter));
    }

    [Fact]
    public void A_turned_picture_is_resized_alike()
    {
        var picture = Made.Noise(40, 28);
        // Only the rounding between the passes tells rows from columns; filters with weights below zero also cut off there what is darker than black.
        foreach (var filter in (ResizeFilter[])[ResizeFilter.Nearest, ResizeFilter.Box, ResizeFilter.Bilinear, ResizeFilter.Hamming])
            Made.Same(Orientations.Turn(Resize.To(picture, 23, 50, filter), 4), Resize.To(Orientations.Turn(picture, 4), 50, 23, filter), tolerance: 2, what: $"{filter}");
    }

    [Theory]
    [InlineData(500, 375, 341, 256)]
    [InlineData(375, 500, 256, 341)]
    [InlineData(256, 256, 256, 256)]
    [InlineData(3000, 10, 76800, 256)]
    public void The_short_edge_decides(int width, int height, int expectedWidth, int expectedHeight) =>
        Assert.Equal((expectedWidth, expectedHeight), ResizeRule.ShortEdge(256).Of(width, height));

    [Fact]
    public void Rules_of_other_sizes_have_other_names() =>
        Assert.Equal(5, new[] { ResizeRule.None, ResizeRule.ShortEdge(8), ResizeRule.ShortEdge(9), ResizeRule.Exact(8, 8), ResizeRule.Inside(8, 8) }.Select(rule => rule.ToString()).Distinct().Count());
}
