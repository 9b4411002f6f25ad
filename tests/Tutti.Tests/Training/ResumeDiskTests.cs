using System.Collections;
using System.Text.Json.Nodes;
using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Training;

/// <summary>A limit on the folder, and a disk that is full.</summary>
public sealed class ResumeDiskTests() : EngineTest(threads: 1)
{
    /// <summary>The bytes of one point and of best weights, as <see cref="SomePoints.Save"/> makes them with updates of two digits.</summary>
    static (long Point, long PointOfBest, long Best) Sizes()
    {
        using var points = new SomePoints();
        SomePoints.Save(new(points.Path), 10);
        var point = points.Bytes;
        var folder = new ResumeFolder(points.Path);
        folder.SaveBest(10, SomePoints.Best(10));
        var best = points.Bytes;
        SomePoints.Save(folder, 10);
        return (point, points.Bytes - best, best);
    }

    [Theory]
    [InlineData(3.0, 2, 2)]                                  // room for all three: the oldest goes last
    [InlineData(2.0, 1, 2)]                                  // two: the oldest goes first, one is always whole
    [InlineData(1.0, 0, 1)]                                  // one: it goes before the next is written
    public void The_limit_decides_how_many_points_stand_beside_the_one_being_written(double room, int during, int after)
    {
        using var points = new SomePoints();
        var limit = (long)(room * Sizes().Point);
        List<string> notes = [];
        var folder = new ResumeFolder(points.Path, limit, notes.Add);
        SomePoints.Save(folder, 10);
        SomePoints.Save(folder, 11);
        foreach (var update in (long[])[12, 13, 14])
        {
            int least = 99, most = 0;
            folder.Save(update, SomePoints.State(update), new Watched(SomePoints.Tensors(update), () =>
            {
                var whole = points.Names.Count(name => name.EndsWith(".json", StringComparison.Ordinal));
                (least, most) = points.Names.Any(name => name.EndsWith(".tmp", StringComparison.Ordinal)) ? (Math.Min(least, whole), Math.Max(most, whole)) : (least, most);
                Assert.True(points.Bytes <= limit, $"{points.Bytes} bytes of {limit}");
            }));
            Assert.Equal((during, during, after), (least, most, points.Names.Count(name => name.EndsWith(".json", StringComparison.Ordinal))));
            Assert.Equal(update, points.Found(out _));
        }
        if (room > 1) Assert.Empty(notes);
        else Assert.Equal($"{points.Path}: checkpoint.disk ({limit} B) has no room for two points, so each is removed before the next is written; if the process ends at that moment, the cell begins again",
            Assert.Single(notes));
    }

    [Fact]
    public void A_point_that_does_not_fit_is_refused_with_what_it_needs_and_the_others_stay()
    {
        using var points = new SomePoints();
        var limit = Sizes().Point * 2;
        var folder = new ResumeFolder(points.Path, limit);
        SomePoints.Save(folder, 10);
        SomePoints.Save(folder, 11);
        var before = points.Names;
        long needed;
        using (var other = new SomePoints())
        {
            SomePoints.Save(new(other.Path), 12, count: 500);
            needed = other.Bytes;
        }
        var error = Assert.Throws<ConfigException>(() => SomePoints.Save(folder, 12, count: 500));
        Assert.Equal("checkpoint.disk", error.Path);
        Assert.StartsWith($"checkpoint.disk: got {limit} B, but what is saved after update 12 needs {needed} B (", error.Message, StringComparison.Ordinal);
        Assert.Contains($"raise it ({2 * needed} B keep two points)", error.Message, StringComparison.Ordinal);
        Assert.Throws<ConfigException>(() => folder.SaveBest(12, SomePoints.Best(12, 5000)));
        Assert.Equal(before, points.Names);
        Assert.Equal(11, points.Found(out _));
        Assert.Throws<ConfigException>(() => SomePoints.Save(new(points.Path, needed - 1), 12, count: 500));
        SomePoints.Save(new(points.Path, needed), 12, count: 500);
    }

    [Fact]
    public void Best_weights_count_to_what_a_point_needs()
    {
        using var points = new SomePoints();
        var (_, point, best) = Sizes();
        var folder = new ResumeFolder(points.Path, point + best - 1);
        folder.SaveBest(10, SomePoints.Best(10));
        Assert.Contains($"needs {point + best} B", Assert.Throws<ConfigException>(() => SomePoints.Save(folder, 10)).Message, StringComparison.Ordinal);
        folder = new(points.Path, point + best);
        folder.SaveBest(10, SomePoints.Best(10));
        SomePoints.Save(folder, 10);
        Assert.Equal(10, points.Found(out _));
    }

    [Fact]
    public void Best_weights_that_no_point_refers_to_go_before_a_point_does()
    {
        using var points = new SomePoints();
        var (_, point, best) = Sizes();
        List<string> notes = [];
        var folder = new ResumeFolder(points.Path, point + (2 * best), notes.Add);
        SomePoints.Save(folder, 10, best: true);
        foreach (var update in (long[])[11, 12, 13])
        {
            folder.SaveBest(update, SomePoints.Best(update));
            Assert.Equal(10, points.Found(out _));
            Assert.InRange(points.Bytes, 1, point + (2 * best));
        }
        Assert.Empty(notes);
        SomePoints.Save(folder, 14);                             // now the older point has to go
        Assert.Single(notes);
        Assert.Equal(14, points.Found(out _));
    }

    [Fact]
    public void A_point_goes_when_new_best_weights_fit_no_other_way()
    {
        using var points = new SomePoints();
        var (_, point, best) = Sizes();
        List<string> notes = [];
        var folder = new ResumeFolder(points.Path, point + best, notes.Add);
        SomePoints.Save(folder, 10, best: true);
        folder.SaveBest(11, SomePoints.Best(11));
        Assert.Single(notes);
        Assert.Equal(["best-00000003.safetensors"], points.Names);
        SomePoints.Save(folder, 11);
        Assert.Equal(11, points.Found(out _));
    }

    [Fact]
    public void Files_of_others_count_but_are_not_removed_and_no_point_goes_in_vain()
    {
        using var points = new SomePoints();
        var folder = new ResumeFolder(points.Path, Sizes().Point + 100);
        SomePoints.Save(folder, 10);
        File.WriteAllBytes(points.At("mine"), new byte[101]);
        Assert.Contains("checkpoint.disk", Assert.Throws<ConfigException>(() => SomePoints.Save(folder, 11)).Message, StringComparison.Ordinal);
        Assert.Equal(10, points.Found(out _));
        File.Delete(points.At("mine"));
        SomePoints.Save(folder, 11);
        Assert.Equal(11, points.Found(out _));
    }

    [Theory]
    [InlineData("the tensors of a point")]
    [InlineData("the manifest of a point")]
    [InlineData("best weights")]
    public void A_full_disk_leaves_every_earlier_point_sound_and_nothing_half_written(string what)
    {
        using var points = new SomePoints();
        using var disk = new MountedDisk(points.Path, "size=256k");
        var folder = new ResumeFolder(points.Path);
        SomePoints.Save(folder, 10, best: true);
        SomePoints.Save(folder, 11);
        var before = points.Names;
        var error = Assert.Throws<ConfigException>(() =>
        {
            if (what == "best weights") folder.SaveBest(12, SomePoints.Best(12, 100_000));
            else if (what == "the tensors of a point") folder.Save(12, [], SomePoints.Tensors(12, 100_000));
            else folder.Save(12, new JsonObject { ["text"] = new string('x', 400_000) }, SomePoints.Tensors(12));
        });
        Assert.Contains("the disk is full; free some space", error.Message, StringComparison.Ordinal);
        Assert.StartsWith(points.Path, error.Path, StringComparison.Ordinal);
        Assert.Equal(before, points.Names);
        Assert.Equal(11, points.Found(out var notes));
        Assert.Empty(notes);
        SomePoints.Save(folder, 13);                             // the same folder goes on when there is room
        Assert.Equal(13, points.Found(out _));
    }

    /// <summary>Tensors that tell when they are asked for, which is while the file is written.</summary>
    sealed class Watched(Dictionary<string, Tensor> tensors, Action asked) : IReadOnlyDictionary<string, Tensor>
    {
        public Tensor this[string key]
        {
            get
            {
                asked();
                return tensors[key];
            }
        }

        public IEnumerable<string> Keys => tensors.Keys;
        public IEnumerable<Tensor> Values => tensors.Values;
        public int Count => tensors.Count;
        public bool ContainsKey(string key) => tensors.ContainsKey(key);
        public bool TryGetValue(string key, out Tensor value) => tensors.TryGetValue(key, out value!);
        public IEnumerator<KeyValuePair<string, Tensor>> GetEnumerator() => tensors.GetEnumerator();
        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
