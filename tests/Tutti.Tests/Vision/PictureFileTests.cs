using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Tutti.Vision;

namespace Tutti.Tests.Vision;

public sealed class PictureFileTests
{
    static readonly JsonObject recorded = Made.Json("files.json")["files"]!.AsObject();

    public static TheoryData<string> Files() => [.. recorded.Select(file => file.Key)];

    [Theory, MemberData(nameof(Files))]
    public void A_file_has_the_pixels_that_Pillow_finds(string name)
    {
        var expected = recorded[name]!;
        var reading = PictureReading.AsPillow with
        {
            Orientation = (bool?)expected["orientation"] ?? false,
            Profiles = (bool?)expected["profiles"] ?? false,
            Transparency = (bool?)expected["onWhite"] == true ? Transparency.OnWhite : Transparency.Dropped,
        };
        Made.Same(new((int)expected["width"]!, (int)expected["height"]!, Convert.FromBase64String((string)expected["rgb"]!)), PictureFile.Read(Made.PathOf(name), reading), (int)expected["tolerance"]!, name);
    }

    [Fact]
    public void Orientation_and_profile_are_applied_unless_said_otherwise()
    {
        Assert.Equal((32, 48), Sides(PictureFile.Read(Made.PathOf("orientation-6.jpg"))));
        Assert.Equal((48, 32), Sides(PictureFile.Read(Made.PathOf("orientation-6.jpg"), PictureReading.AsPillow)));
        var (with, without) = (PictureFile.Read(Made.PathOf("profile.png")), PictureFile.Read(Made.PathOf("profile.png"), PictureReading.AsPillow));
        Assert.True(Made.Worst(with, without) > 20, "a wide gamut's numbers are not those of sRGB");
    }

    [Fact]
    public void A_header_says_what_the_file_is_without_decoding_it()
    {
        Assert.Equal(new(PictureFormat.Jpeg, 48, 32, 6, 3, 8), PictureFile.Info(Made.PathOf("orientation-6.jpg")));
        Assert.Equal(new(PictureFormat.Png, 21, 14, 1, 1, 16), PictureFile.Info(Made.PathOf("grey16.png")));
        Assert.Equal(new(PictureFormat.Bmp, 21, 14, 1, 3, 8), PictureFile.Info(Made.PathOf("bits-24.bmp")));
    }

    [Theory]
    [InlineData(24, 16, 2)]
    [InlineData(25, 16, 1)]
    [InlineData(12, 8, 4)]
    [InlineData(6, 4, 8)]
    [InlineData(1, 1, 8)]
    public void A_photo_is_decoded_no_larger_than_needed(int width, int height, int by)
    {
        foreach (var name in (string[])["progressive.jpg", "lossy.webp"])
        {
            var whole = PictureFile.Read(Made.PathOf(name));
            var small = PictureFile.Read(Made.PathOf(name), new() { Enough = (width, height) });
            Assert.Equal((48 / by, 32 / by), Sides(small));
            Made.Same(Resize.To(whole, 48 / by, 32 / by, ResizeFilter.Box), small, 8, name);
        }
    }

    [Fact]
    public void What_is_enough_is_asked_of_the_turned_picture()
    {
        Assert.Equal((16, 24), Sides(PictureFile.Read(Made.PathOf("orientation-6.jpg"), new() { Enough = (16, 24) })));
        Assert.Equal((32, 48), Sides(PictureFile.Read(Made.PathOf("orientation-6.jpg"), new() { Enough = (24, 16) })));
    }

    [Fact]
    public void A_wrong_name_does_not_matter()
    {
        using var folder = Shared.Temp();
        File.Copy(Made.PathOf("rgb.png"), folder.File("photo.jpg"));
        Made.Same(PictureFile.Read(Made.PathOf("rgb.png")), PictureFile.Read(folder.File("photo.jpg")));
    }

    [Theory]
    [InlineData("", "empty (0 bytes)")]
    [InlineData("%PDF-1.7 ", "looks like a PDF")]
    [InlineData("<svg xmlns='http://www.w3.org/2000/svg'/>", "a page or an SVG")]
    [InlineData("Not a picture\n", "looks like a text")]
    [InlineData("\0\0\0\0\0\0\0\0\0\0\0\0", "nothing but zero bytes")]
    [InlineData("\u0001\u0002\u0003", "this is no picture; expected JPEG")]
    public void What_is_no_picture_is_refused_by_name(string text, string what)
    {
        using var folder = Shared.Temp();
        var path = folder.Write("leaf.jpg", Encoding.Latin1.GetBytes(text));
        var error = Assert.Throws<DataException>(() => PictureFile.Read(path));
        Assert.Equal(path, error.File);
        Assert.Contains(what, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_and_a_folder_are_refused_by_name()
    {
        Assert.Contains("none.png: the file does not exist", Assert.Throws<DataException>(() => PictureFile.Read("none.png")).Message, StringComparison.Ordinal);
        Assert.Contains("this is a folder", Assert.Throws<DataException>(() => PictureFile.Read(Made.Folder)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rgb.png")]
    [InlineData("chroma-420.jpg")]
    [InlineData("progressive.jpg")]
    [InlineData("lossy.webp")]
    [InlineData("animated.gif")]
    [InlineData("lzw.tiff")]
    [InlineData("bits-24.bmp")]
    public void A_file_that_is_cut_short_is_refused_by_name_wherever_it_is_cut(string name)
    {
        var bytes = File.ReadAllBytes(Made.PathOf(name));
        foreach (var share in (double[])[0.1, 0.3, 0.5, 0.7])
        {
            // A GIF's later frames, and a TIFF's directory before its end, may be cut away without harm to the first picture.
            if (name == "animated.gif" && share > 0.4) continue;
            var error = Assert.Throws<DataException>(() => PictureFile.Decode(bytes[..(int)(bytes.Length * share)], name));
            Assert.StartsWith($"{name}: ", error.Message, StringComparison.Ordinal);
            Assert.Contains("cannot be decoded", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void More_pixels_than_allowed_are_refused_before_they_are_decoded()
    {
        var bomb = Bomb(60_000, 50_000);
        Assert.True(bomb.Length < 1000, "a small file");
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<DataException>(() => PictureFile.Decode(bomb, "bomb.png"));
        Assert.Equal("bomb.png: the picture is 60000 x 50000, 3000000000 pixels, at most 100000000 are read; make it smaller, or raise the limit (max-pixels)", error.Message);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20, "nothing was made for its pixels");
        Assert.Throws<DataException>(() => PictureFile.Decode(bomb, "bomb.png", new() { MaxPixels = long.MaxValue }));
        Assert.Throws<DataException>(() => PictureFile.Read(Made.PathOf("rgb.png"), new() { MaxPixels = 293 }));
        Assert.Equal((21, 14), Sides(PictureFile.Read(Made.PathOf("rgb.png"), new() { MaxPixels = 294 })));
        Assert.Contains("at most 293 are read", Assert.Throws<DataException>(() => PictureFile.Read(Made.PathOf("bits-24.bmp"), new() { MaxPixels = 293 })).Message, StringComparison.Ordinal);
        Assert.Contains("max-bytes", Assert.Throws<DataException>(() => PictureFile.Read(Made.PathOf("rgb.png"), new() { MaxBytes = 100 })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Pictures_decode_alike_on_many_threads()
    {
        var bytes = File.ReadAllBytes(Made.PathOf("chroma-420.jpg"));
        var expected = PictureFile.Decode(bytes, "one");
        Parallel.For(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = TestContext.Current.CancellationToken }, i => Made.Same(expected, PictureFile.Decode(bytes, "many")));
    }

    [Fact]
    public void All_photos_of_hymenoptera_and_the_GIF_among_them_decode()
    {
        var root = Shared.Data("hymenoptera");
        var parts = Assert.NotNull(PictureList.OfParts(root));
        var items = parts.Train.Items.Concat(parts.Held.Items).ToList();
        Assert.Equal(397 + 1, items.Count);
        Assert.Equal(1, items.Count(item => item.Path.EndsWith(".gif", StringComparison.Ordinal)));
        var source = new PictureSource { Size = ResizeRule.ShortEdge(64) };
        var sides = source.All(items, (item, picture) => Math.Min(picture.Width, picture.Height), TestContext.Current.CancellationToken).ToList();
        Assert.Equal(Enumerable.Repeat(64, 398), sides);
    }

    // A PNG whose rows are zeros that were never written: the header is what lies.
    static byte[] Bomb(int width, int height)
    {
        using var stream = new MemoryStream();
        stream.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, 2);
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true)) zlib.Write(new byte[100_000]);
        foreach (var (name, data) in new[] { ("IHDR", header), ("IDAT", packed.ToArray()), ("IEND", []) }) PngFile.WriteChunk(stream, name, data);
        return stream.ToArray();
    }

    static (int Width, int Height) Sides(Picture picture) => (picture.Width, picture.Height);
}
