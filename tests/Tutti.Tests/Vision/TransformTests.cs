using FsCheck;
using FsCheck.Fluent;
using Tutti.Vision;

namespace Tutti.Tests.Vision;

/// <summary>What holds for every picture and every draw.</summary>
public sealed class TransformTests
{
    static Draws Any(int row = 0, long seed = 7) => new(seed, "test", 0, row);

    [Fact]
    public void The_eight_orientations_are_a_group()
    {
        var picture = Made.Noise(7, 4);
        for (var first = 0; first < Orientations.Count; first++)
        {
            Made.Same(picture, Orientations.Turn(Orientations.Turn(picture, first), Orientations.Inverse(first)), what: $"{first} and its inverse");
            for (var then = 0; then < Orientations.Count; then++)
                Made.Same(Orientations.Turn(Orientations.Turn(picture, first), then), Orientations.Turn(picture, Orientations.After(first, then)), what: $"{first} then {then}");
        }
        Assert.Equal(8, Enumerable.Range(0, 8).Select(way => Convert.ToHexString(Orientations.Turn(picture, way).Pixels) + Orientations.Turn(picture, way).Width).Distinct().Count());
    }

    [Fact]
    public void Mirrored_twice_is_as_before()
    {
        var picture = Made.Noise(9, 6);
        foreach (var flip in (ItemTransform[])[new Flip(1), new FlipUpsideDown(1)])
        {
            var once = flip.Apply(picture, Any());
            Assert.True(Made.Worst(picture, once) > 0);
            Made.Same(picture, flip.Apply(once, Any()));
        }
        Made.Same(picture, new Flip(0).Apply(picture, Any()));
    }

    [Fact]
    public void A_map_of_an_orientation_takes_every_pixel_as_it_is()
    {
        var picture = Made.Noise(12, 9);
        for (var way = 0; way < Orientations.Count; way++)
        {
            var expected = Orientations.Turn(picture, way);
            foreach (var edges in Enum.GetValues<Edges>())
                Made.Same(expected, Sampler.Take(picture, Homography.Dihedral(way), expected.Width, expected.Height, edges), what: $"{way} {edges}");
        }
    }

    [Fact]
    public void Maps_one_after_the_other_are_the_map_of_their_product() =>
        Prop.ForAll(Maps.ToArbitrary(), Maps.ToArbitrary(), Places.ToArbitrary(), (left, right, place) =>
        {
            var (x, y) = right.Map(place.X, place.Y);
            var (expected, actual) = (left.Map(x, y), (left * right).Map(place.X, place.Y));
            return Math.Abs(expected.X - actual.X) < 1e-9 * (1 + Math.Abs(expected.X)) && Math.Abs(expected.Y - actual.Y) < 1e-9 * (1 + Math.Abs(expected.Y));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Two_steps_of_whole_pixels_are_one_step_of_their_product()
    {
        var picture = Made.Noise(16, 16);
        Homography Step(int x, int y) => new(1, 0, x / 8.0, 0, 1, y / 8.0, 0, 0, 1);
        var (first, second) = (Step(3, -2), Homography.Dihedral(5) * Step(-1, 4));
        var twice = Sampler.Take(Sampler.Take(picture, first, 16, 16, Edges.Zeros), second, 16, 16, Edges.Zeros);
        var once = Sampler.Take(picture, first * second, 16, 16, Edges.Zeros);
        // What the first step lost beyond the edges is not there for the second: compared where it is.
        var compared = 0;
        for (var y = 0; y < 16; y++)
            for (var x = 0; x < 16; x++)
                if (twice[x, y] != default)
                {
                    Assert.Equal(twice[x, y], once[x, y]);
                    compared++;
                }
        Assert.True(compared > 60, $"{compared} pixels compared");
    }

    [Fact]
    public void Corners_go_where_they_are_sent() =>
        Prop.ForAll(Places.ToArbitrary(), Places.ToArbitrary(), (first, second) =>
        {
            var corners = new[] { (-1 + (first.X / 4), -1 + (first.Y / 4)), (1 + (second.X / 4), -1 - (first.Y / 4)), (-1 - (second.Y / 4), 1 + (first.X / 4)), (1 - (first.X / 4), 1 + (second.Y / 4)) };
            var map = Homography.OfCorners(corners[0], corners[1], corners[2], corners[3]);
            return new[] { map.Map(-1, -1), map.Map(1, -1), map.Map(-1, 1), map.Map(1, 1) }.Zip(corners, (got, wanted) => Math.Abs(got.X - wanted.Item1) + Math.Abs(got.Y - wanted.Item2)).Max() < 1e-9;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_turn_forth_and_back_is_no_turn_and_leaves_circles_round()
    {
        var map = Homography.Rotation(30, 1.5) * Homography.Rotation(-30, 1.5);
        Assert.Equal(0.3, map.Map(0.3, -0.7).X, 12);
        // A step right of one height's half is, after a quarter turn, a step up or down of the same length in pixels.
        var (x, y) = Homography.Rotation(90, 1.5).Map(1 / 1.5, 0);
        Assert.Equal((0, 1), (Math.Round(x, 12), Math.Round(y, 12)));
    }

    [Fact]
    public void A_random_part_lies_within_the_picture_and_has_the_area_that_was_asked_for()
    {
        var crop = new RandomResizedCrop(32, 24, 0.3, 0.6);
        var drawn = 0;
        for (var row = 0; row < 400; row++)
        {
            var (left, top, width, height) = crop.Part(120, 90, Any(row));
            Assert.True(left >= 0 && top >= 0 && width > 0 && height > 0 && left + width <= 120 && top + height <= 90);
            if (width * height is >= (int)(0.29 * 120 * 90) and <= (int)(0.61 * 120 * 90)) drawn++;
        }
        Assert.Equal(400, drawn);
        // No part has five times the area: the middle, as slim as parts may be.
        Assert.Equal((0, 493, 10, 13), new RandomResizedCrop(8, 8, 5, 6).Part(10, 1000, Any()));
        Assert.Equal((32, 24), Sides(crop.Apply(Made.Noise(120, 90), Any())));
    }

    [Fact]
    public void Padding_keeps_the_whole_picture_in_the_middle()
    {
        var picture = Made.Noise(20, 10);
        var padded = new PadToFit(20, 16, Edges.Zeros, Colour.White).Apply(picture, Any());
        Made.Same(picture, padded.Crop(0, 3, 20, 10));
        Assert.Equal(Colour.White, padded[5, 0]);
        var mirrored = new PadToFit(20, 16, Edges.Reflection).Apply(picture, Any());
        Made.Same(picture, mirrored.Crop(0, 3, 20, 10));
        Assert.Equal(picture[5, 0], mirrored[5, 2]);
        Assert.Equal(picture[5, 2], mirrored[5, 0]);
        Assert.Equal(picture[5, 9], new PadToFit(20, 16, Edges.Border).Apply(picture, Any())[5, 15]);
    }

    [Fact]
    public void A_crop_that_covers_has_no_padding_and_a_squish_all_of_the_picture()
    {
        var picture = Picture.Of(50, 30, Colour.White);
        foreach (var random in (bool[])[false, true]) Made.Same(Picture.Of(20, 24, Colour.White), new CropToCover(20, 24, random).Apply(picture, Any()));
        Made.Same(Resize.To(Made.Noise(50, 30), 20, 24, ResizeFilter.Bicubic), new Squish(20, 24, ResizeFilter.Bicubic).Apply(Made.Noise(50, 30), Any()));
    }

    [Fact]
    public void Last_changes_without_any_change_only_bring_to_the_size()
    {
        var picture = Made.Noise(40, 30);
        Made.Same(Resize.To(picture, 16, 12, ResizeFilter.Bilinear), BatchTransform.None(16, 12).Apply(picture, Any()));
        var none = BatchTransform.None(16, 12);
        for (var row = 0; row < 50; row++) Assert.Equal(Homography.Identity, none.Map(1.3, Any(row)));
    }

    [Fact]
    public void Moved_pixels_leave_a_smooth_picture_smooth_and_within_its_colours()
    {
        var picture = Made.Gradient(96, 80);
        var all = new BatchTransform { Width = 48, Height = 40, Dihedral = true };
        for (var row = 0; row < 20; row++)
        {
            var changed = (all with { Lighting = 0 }).Apply(picture, Any(row));
            Assert.Equal((48, 40), Sides(changed));
            for (var i = 2; i < changed.Pixels.Length; i += 3) Assert.InRange(changed.Pixels[i], 89, 91);
        }
    }

    [Fact]
    public void One_setting_does_not_change_what_others_draw()
    {
        var zoom = BatchTransform.None(8, 8) with { Zoom = 1.5 };
        for (var row = 0; row < 40; row++)
        {
            // Turns leave areas as they are: the zoom is the same one.
            Assert.Equal(zoom.Map(1.2, Any(row)).AreaShare, (zoom with { Rotate = 45 }).Map(1.2, Any(row)).AreaShare, 12);
        }
        Assert.True(Enumerable.Range(0, 40).Select(row => zoom.Map(1.2, Any(row)).AreaShare).Distinct().Count() > 20);
    }

    [Fact]
    public void Draws_depend_on_seed_epoch_and_row_alone()
    {
        var transforms = new ItemTransform[] { new RandomResizedCrop(24, 24), new RandAugment(), new ColourJitter(0.4, 0.4, 0.4, 0.1), new RandomOrientation(), new Flip() };
        Picture Of(long seed, int epoch, int row) => ItemTransform.Apply(transforms, Made.Noise(40, 32), new(seed, "item", epoch, row));
        Made.Same(Of(1, 2, 3), Of(1, 2, 3));
        var others = new[] { Of(1, 2, 3), Of(2, 2, 3), Of(1, 3, 3), Of(1, 2, 4), Of(1, 3, 2) };
        Assert.Equal(others.Length, others.Select(picture => Convert.ToHexString(picture.Pixels)).Distinct().Count());
    }

    [Theory]
    [InlineData(0.2, 0.25 / 1.4)]
    [InlineData(1, 0.25 / 3)]
    [InlineData(4, 0.25 / 9)]
    public void Shares_of_a_beta_distribution_have_its_mean_and_variance(double alpha, double variance)
    {
        var draws = Any();
        var drawn = Enumerable.Range(0, 40_000).Select(_ => draws.Beta(alpha)).ToArray();
        Assert.All(drawn, share => Assert.InRange(share, 0, 1));
        // Five standard errors of 40,000 draws.
        Assert.InRange(drawn.Average(), 0.5 - 0.013, 0.5 + 0.013);
        Assert.InRange(drawn.Select(share => (share - 0.5) * (share - 0.5)).Average(), variance * 0.96, variance * 1.04);
    }

    static (int, int) Sides(Picture picture) => (picture.Width, picture.Height);

    static Gen<(double X, double Y)> Places => from x in Gen.Choose(-1000, 1000) from y in Gen.Choose(-1000, 1000) select (x / 1000.0, y / 1000.0);

    static Gen<Homography> Maps => Gen.OneOf(
        from way in Gen.Choose(0, 7) select Homography.Dihedral(way),
        from degrees in Gen.Choose(-180, 180) select Homography.Rotation(degrees, 1.3),
        from place in Places from factor in Gen.Choose(100, 300) select Homography.Zoom(factor / 100.0, (place.X + 1) / 2, (place.Y + 1) / 2),
        from place in Places select Homography.Warp(place.X / 5, place.Y / 5),
        from place in Places select Homography.Window(place.X, place.Y, 0.4, 0.7));
}
