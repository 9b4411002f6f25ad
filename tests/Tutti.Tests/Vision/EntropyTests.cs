using Tutti.Vision;

namespace Tutti.Tests.Vision;

/// <summary>Huffman codes of JPEGs are decoded by code of Tutti's own (native/pictures/entropy.cpp): nothing may come out otherwise than by libjpeg alone.</summary>
public sealed class EntropyTests
{
    public static TheoryData<int, int, int, int, int> Layouts()
    {
        var layouts = new TheoryData<int, int, int, int, int>();
        foreach (var (width, height) in (ReadOnlySpan<(int, int)>)[(8, 8), (77, 51), (640, 200)])
            foreach (var interval in (ReadOnlySpan<int>)[0, 1, 3])
                // None, 4:4:4, 4:2:2, 4:2:0, 4:4:0, 4:1:1.
                foreach (var (across, down) in (ReadOnlySpan<(int, int)>)[(0, 0), (1, 1), (2, 1), (2, 2), (1, 2), (4, 1)])
                    layouts.Add(width, height, across, down, interval);
        return layouts;
    }

    [Theory, MemberData(nameof(Layouts))]
    public void Every_layout_of_blocks_decodes_to_the_greys_that_were_written(int width, int height, int across, int down, int interval)
    {
        var bytes = BlockJpeg.Of(width, height, Grey, across == 0 ? null : (across, down), interval);
        var picture = PictureFile.Decode(bytes, "blocks");
        Assert.Equal((width, height), (picture.Width, picture.Height));
        for (var y = 0; y < height; y++)
            for (var x = 0; x < width; x++)
            {
                var grey = (byte)Grey(x / 8, y / 8);
                Assert.Equal(new Colour(grey, grey, grey), picture[x, y]);
            }
        var small = PictureFile.Decode(bytes, "blocks", new() { Enough = (1, 1) });
        for (var y = 0; y < small.Height; y++)
            for (var x = 0; x < small.Width; x++) Assert.Equal(Grey(x, y), small[x, y].Green);
    }

    [Fact]
    public void A_restart_marker_that_is_missing_or_another_is_met_as_by_libjpeg()
    {
        foreach (var wrong in (int[])[0, 1, 5, 9])
        {
            Alike(BlockJpeg.Of(640, 200, Grey, (2, 2), 3, marker: n => n == wrong ? (n + 1) & 7 : n & 7), $"marker {wrong}");
            Alike(BlockJpeg.Of(640, 200, Grey, (2, 2), 3, marker: n => n == wrong ? 0x30 : n & 7), $"no marker {wrong}");   // FF 00: data
        }
    }

    [Fact]
    public void Damaged_files_give_what_libjpeg_alone_gives_or_its_error()
    {
        var seeds = Directory.GetFiles(Made.Folder, "*.jpg").Order(StringComparer.Ordinal).Select(File.ReadAllBytes).Append(BlockJpeg.Of(77, 51, Grey, (2, 1), 2)).ToList();
        var draws = new Draws(7, "damage");
        var (read, refused) = (0, 0);
        for (var round = 0; round < 1500; round++)
        {
            var bytes = seeds[round % seeds.Count].ToList();
            for (var change = draws.Below(3); change >= 0; change--)
            {
                var at = draws.Below(bytes.Count);
                switch (draws.Below(5))
                {
                    case 0: bytes[at] = (byte)draws.Below(256); break;
                    case 1: bytes[at] ^= (byte)(1 << draws.Below(8)); break;
                    case 2: bytes[at] = 0xFF; break;
                    case 3: bytes.RemoveRange(at, Math.Min(1 + draws.Below(6), bytes.Count - at)); break;
                    default: bytes.Insert(at, (byte)draws.Below(256)); break;
                }
                if (bytes.Count == 0) bytes.Add(0xFF);
            }
            if (Alike([.. bytes], $"round {round}")) read++;
            else refused++;
        }
        Assert.True(read > 100 && refused > 100, $"{read} were read, {refused} refused");
    }

    [Fact]
    public void Photos_have_the_same_bytes_by_libjpeg_alone()
    {
        var photos = Directory.GetFiles(Shared.Data("hymenoptera"), "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Where((_, i) => i % 8 == 0).ToList();
        Assert.NotEmpty(photos);
        foreach (var photo in photos) Assert.True(Alike(File.ReadAllBytes(photo), photo), photo);
    }

    // Whether it was read.
    static bool Alike(byte[] bytes, string name)
    {
        foreach (var enough in (ReadOnlySpan<(int, int)>)[(0, 0), (6, 4)])
        {
            var reading = new PictureReading { Enough = enough, MaxPixels = 1 << 24 };
            var (ours, theirs) = (Outcome(bytes, name, reading), Outcome(bytes, name, reading with { LibjpegAlone = true }));
            // libvips, which reads four inks, has one text for all threads.
            if (theirs.Error?.Contains("Vips", StringComparison.Ordinal) != true) Assert.Equal(theirs.Error, ours.Error);
            if (theirs.Picture is not { } expected || ours.Picture is not { } actual)
            {
                Assert.Equal(theirs.Picture is null, ours.Picture is null);
                return false;
            }
            Made.Same(expected, actual, what: name);
        }
        return true;
    }

    static (Picture? Picture, string? Error) Outcome(byte[] bytes, string name, PictureReading reading)
    {
        try
        {
            return (PictureFile.Decode(bytes, name, reading), null);
        }
        catch (DataException e)
        {
            return (null, e.Message);
        }
    }

    static int Grey(int column, int row) => 1 + (((column * 37) + (row * 101) + (column * row)) % 254);
}
