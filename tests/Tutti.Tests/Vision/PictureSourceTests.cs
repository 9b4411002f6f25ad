using Tutti.Tables;
using Tutti.Vision;

namespace Tutti.Tests.Vision;

public sealed class PictureSourceTests : IDisposable
{
    readonly TempFolder folder = Shared.Temp();

    public void Dispose() => folder.Dispose();

    PictureList Pictures(int count)
    {
        Directory.CreateDirectory(folder.File("pictures"));
        for (var i = 0; i < count; i++) PngFile.Write(folder.File($"pictures/{i:000}.png"), Made.Noise(40 + (i % 7), 30, i));
        return PictureList.OfFolders(folder.File("pictures"));
    }

    [Fact]
    public void Order_and_bytes_are_the_same_on_any_number_of_threads()
    {
        var list = Pictures(60);
        var transforms = new ItemTransform[] { new RandomResizedCrop(16, 16), new RandAugment(), new Flip() };
        List<(int Row, string Bytes)> Of(int threads, int waiting)
        {
            var source = new PictureSource { Size = ResizeRule.ShortEdge(24), Threads = threads, Waiting = waiting };
            return [.. source.All(list.Items.Reverse(), (item, picture) => (item.Row, Convert.ToHexString(ItemTransform.Apply(transforms, picture, new(5, "item", 2, item.Row)).Pixels)), TestContext.Current.CancellationToken)];
        }
        var expected = Of(1, 0);
        Assert.Equal(Enumerable.Range(0, 60).Reverse(), expected.Select(one => one.Row));
        Assert.Equal(expected, Of(2, 3));
        Assert.Equal(expected, Of(7, 30));
    }

    [Fact]
    public void A_broken_file_ends_it_or_is_left_out_by_choice()
    {
        var list = Pictures(5);
        File.WriteAllBytes(list.Items[2].Path, File.ReadAllBytes(list.Items[2].Path)[..200]);
        File.WriteAllBytes(list.Items[4].Path, []);
        var fails = new PictureSource();
        Assert.Contains("002.png", Assert.Throws<DataException>(() => fails.All(list.Items, (item, _) => item.Row, TestContext.Current.CancellationToken).Count()).Message, StringComparison.Ordinal);
        Assert.Contains("002.png", Assert.Throws<DataException>(() => fails.Checked(list, cancellation: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        var skips = new PictureSource { Errors = PictureErrors.Skip };
        Assert.Equal([0, 1, 3], skips.All(list.Items, (item, _) => item.Row, TestContext.Current.CancellationToken));
        var seen = new List<int>();
        var left = skips.Checked(list, new Listed(seen), TestContext.Current.CancellationToken);
        Assert.Equal([0, 1, 3], left.Items.Select(item => item.Row));
        Assert.Equal([1, 2, 3, 4, 5], seen);
        Assert.Equal(["002.png", "004.png"], skips.Skipped.Select(one => one.Name));
        Assert.Contains("0 bytes", skips.Skipped[1].What, StringComparison.Ordinal);
    }

    sealed class Listed(List<int> seen) : IProgress<int>
    {
        public void Report(int value) => seen.Add(value);
    }

    [Fact]
    public void None_left_is_an_error_even_where_files_may_be_left_out()
    {
        var list = Pictures(2);
        foreach (var item in list.Items) File.WriteAllBytes(item.Path, []);
        Assert.Contains("none of the 2 pictures can be read", Assert.Throws<DataException>(() => new PictureSource { Errors = PictureErrors.Skip }.Checked(list, cancellation: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Batches_hold_numbers_rows_and_classes()
    {
        foreach (var (name, value) in new[] { ("ants/a", 10), ("ants/b", 20), ("bees/c", 30) })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder.File("p/" + name))!);
            PngFile.Write(folder.File($"p/{name}.png"), Picture.Of(4, 2, new((byte)value, 0, 0)));
        }
        var list = PictureList.OfFolders(folder.File("p"));
        var classes = LabelMap.From(list.Labels);
        var batches = new PictureSource().Batches(list.Items.Reverse(), 2, (4, 2), (_, picture) => Normalization.None.Apply(picture), classes, TestContext.Current.CancellationToken).ToList();
        Assert.Equal([(2, 4, 2, 2), (1, 4, 2, 2)], batches.Select(batch => (batch.Count, batch.Width, batch.Height, batch.Classes)));
        Assert.Equal([2, 1], batches[0].Rows);
        Assert.Equal([0, 1, 1, 0], batches[0].Targets);
        Assert.Equal([1, 0], batches[1].Targets);
        Assert.Equal((30 / 255f, 0f, 20 / 255f), (batches[0].Picture(0)[7], batches[0].Picture(0)[8], batches[0].Picture(1)[0]));
        Assert.Empty(new PictureSource().Batches(list.Items, 3, (4, 2), (_, picture) => Normalization.None.Apply(picture), null, TestContext.Current.CancellationToken).Single().Targets);
        var others = LabelMap.From(["bees", "wasps"]);
        Assert.Contains("the class 'ants' is none of those of training", Assert.Throws<DataException>(() => new PictureSource().Batches(list.Items, 3, (4, 2), (_, picture) => Normalization.None.Apply(picture), others, TestContext.Current.CancellationToken).Count()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_so_many_pictures_wait()
    {
        var list = Pictures(40);
        var begun = 0;
        var source = new PictureSource { Threads = 2, Waiting = 3 };
        using var pictures = source.All(list.Items, (item, _) => Interlocked.Increment(ref begun), TestContext.Current.CancellationToken).GetEnumerator();
        Assert.True(pictures.MoveNext());
        SpinWait.SpinUntil(() => Volatile.Read(ref begun) >= 5, TimeSpan.FromSeconds(5));
        Thread.Sleep(50);
        Assert.Equal(5, Volatile.Read(ref begun));
    }

    [Fact]
    public void A_picture_is_decoded_once_and_then_taken_from_the_cache()
    {
        var list = Pictures(3);
        var cache = new PictureCache(folder.File("cache"));
        var source = new PictureSource { Size = ResizeRule.Exact(20, 16), Cache = cache };
        var first = list.Items.Select(source.Read).ToList();
        Assert.Equal(0, cache.Hits);
        var second = list.Items.Select(source.Read).ToList();
        Assert.Equal(3, cache.Hits);
        foreach (var (a, b) in first.Zip(second)) Made.Same(a, b);
        // Another size, another filter, other settings: other pictures.
        new PictureSource { Size = ResizeRule.Exact(16, 20), Cache = cache }.Read(list.Items[0]);
        new PictureSource { Size = ResizeRule.Exact(20, 16), Filter = ResizeFilter.Box, Cache = cache }.Read(list.Items[0]);
        new PictureSource { Size = ResizeRule.Exact(20, 16), Reading = PictureReading.AsPillow, Cache = cache }.Read(list.Items[0]);
        new PictureSource { Size = ResizeRule.Exact(20, 16), ShrinkOnLoad = false, Cache = cache }.Read(list.Items[0]);
        Assert.Equal(3, cache.Hits);
    }

    [Fact]
    public void Another_content_under_the_same_name_is_another_picture_and_a_copy_the_same()
    {
        var list = Pictures(1);
        var cache = new PictureCache(folder.File("cache"));
        var source = new PictureSource { Size = ResizeRule.Exact(20, 16), Cache = cache };
        var before = source.Read(list.Items[0]);
        File.Copy(list.Items[0].Path, folder.File("copy.png"));
        source.Read(new(folder.File("copy.png"), "copy.png", null, 0));
        Assert.Equal(1, cache.Hits);
        PngFile.Write(list.Items[0].Path, Made.Noise(40, 30, 99));
        Assert.True(Made.Worst(before, source.Read(list.Items[0])) > 10);
    }

    [Fact]
    public void A_damaged_file_of_the_cache_is_decoded_again_and_said()
    {
        var list = Pictures(1);
        List<string> notes = [];
        var source = new PictureSource { Size = ResizeRule.Exact(20, 16), Cache = new(folder.File("cache"), note: notes.Add) };
        var expected = source.Read(list.Items[0]);
        var file = Directory.EnumerateFiles(folder.File("cache"), "*.pixels", SearchOption.AllDirectories).Single();
        var bytes = File.ReadAllBytes(file);
        bytes[40] ^= 1;
        File.WriteAllBytes(file, bytes);
        Made.Same(expected, source.Read(list.Items[0]));
        Assert.Contains("is damaged or not a kept picture", Assert.Single(notes), StringComparison.Ordinal);
        Made.Same(expected, source.Read(list.Items[0]));
        Assert.Equal(1, source.Cache!.Hits);
    }

    [Fact]
    public void The_oldest_go_when_the_cache_is_full()
    {
        var list = Pictures(1);
        Directory.CreateDirectory(folder.File("cache/ab"));
        var old = folder.File("cache/ab/old.pixels");
        File.WriteAllBytes(old, new byte[5000]);
        File.SetLastWriteTimeUtc(old, new(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        new PictureSource { Size = ResizeRule.Exact(20, 16), Cache = new(folder.File("cache"), bytes: 4000) }.Read(list.Items[0]);
        Assert.False(File.Exists(old));
        Assert.Single(Directory.EnumerateFiles(folder.File("cache"), "*.pixels", SearchOption.AllDirectories));
    }

    [Fact]
    public void Two_that_fill_one_cache_at_once_do_not_disturb_each_other()
    {
        var list = Pictures(20);
        var expected = list.Items.Select(item => Resize.To(PictureFile.Read(item.Path), 20, 16, ResizeFilter.Bilinear)).ToList();
        Parallel.For(0, 4, new ParallelOptions { MaxDegreeOfParallelism = 4 }, _ =>
        {
            var source = new PictureSource { Size = ResizeRule.Exact(20, 16), Cache = new(folder.File("cache")) };
            foreach (var item in list.Items) Made.Same(expected[item.Row], source.Read(item));
        });
        Assert.Equal(20, Directory.EnumerateFiles(folder.File("cache"), "*", SearchOption.AllDirectories).Count());
    }
}
