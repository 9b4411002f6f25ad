using System.Text.Json.Nodes;
using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Training;

public sealed class ResumeFolderTests() : EngineTest(threads: 1)
{
    static void NoNote(string line) => Assert.Fail(line);

    [Fact]
    public void Tensors_of_every_type_come_back_bit_for_bit_into_existing_ones()
    {
        using var points = new SomePoints();
        var random = RandomStream.Of(3, "resume");
        var bits = Enumerable.Range(0, 6).Select(i => (long)random.Bits(i)).ToArray();
        var view = new Op("aten::view", "dtype");
        DType[] types = [DType.Float64, DType.Float32, DType.Float16, DType.BFloat16, DType.Int64, DType.Int32, DType.Int16, DType.Int8, DType.UInt8];
        var tensors = types.ToDictionary(type => type.ToString(), type => view.Call(Tensor.From(bits), type));      // NaNs with a payload among them
        tensors["truth"] = Tensor.From([true, false, true]);
        tensors["empty"] = Tensor.Empty([2, 0]);
        tensors["scalar"] = Tensor.From((ReadOnlySpan<float>)[-0f], []);
        new ResumeFolder(points.Path).Save(150, [], tensors);

        using var point = new ResumeFolder(points.Path).Open(NoNote)!;
        Assert.Equal(tensors.Keys.Order(), point.Names.Order());
        foreach (var (name, tensor) in tensors)
        {
            var target = Tensor.Zeros(tensor.Shape, tensor.DType);
            var live = Live.Count;
            point.ReadInto(name, target);
            Assert.Equal((live, name), (Live.Count, name));
            Assert.Equal(Bits(tensor), Bits(target));
        }
        Assert.True(point.Has("truth"));
        Assert.False(point.Has("lie"));
        Assert.Contains("expected float64 (6)", Assert.Throws<DataException>(() => point.ReadInto("Float32", Tensor.Zeros([6], DType.Float64))).Message, StringComparison.Ordinal);

        byte[] Bits(Tensor x) => x.Count == 0 ? [] : view.Call(x.Reshape(-1), DType.UInt8).ToArray<byte>();
    }

    [Fact]
    public void The_state_comes_back_exactly()
    {
        using var points = new SomePoints();
        new ResumeFolder(points.Path).Save(7, new()
        {
            ["text"] = "Zeile\n\"2\" é 日本 \ud83d\ude00",
            ["large"] = long.MaxValue,
            ["third"] = 1.0 / 3,
            ["least"] = double.Epsilon,
            ["minus"] = -0.0,
            ["nan"] = double.NaN,
            ["below"] = double.NegativeInfinity,
            ["deep"] = new JsonObject { ["list"] = new JsonArray(1, null, true) },
        }, SomePoints.Tensors(1));
        using var point = new ResumeFolder(points.Path).Open(NoNote)!;
        var state = point.State;
        Assert.Equal((7, "Zeile\n\"2\" é 日本 \ud83d\ude00", long.MaxValue, 1.0 / 3, double.Epsilon), (point.Update, (string)state["text"]!, (long)state["large"]!, (double)state["third"]!, (double)state["least"]!));
        Assert.True(double.IsNegative((double)state["minus"]!));
        Assert.Equal(("NaN", "-Infinity"), ((string)state["nan"]!, (string)state["below"]!));
        Assert.Equal("[1,null,true]", state["deep"]!["list"]!.ToJsonString());
    }

    [Fact]
    public void A_point_has_the_best_weights_that_were_saved_last_before_it()
    {
        using var points = new SomePoints();
        var folder = new ResumeFolder(points.Path);
        SomePoints.Save(folder, 1);
        using (var first = new ResumeFolder(points.Path).Open(NoNote)!)
        {
            Assert.False(first.HasBest);
            Assert.Throws<InvalidOperationException>(() => first.ReadBestInto("weight", Tensor.Zeros([5])));
        }
        folder.SaveBest(2, SomePoints.Best(2));
        folder.SaveBest(3, SomePoints.Best(3));
        SomePoints.Save(folder, 4);
        folder.SaveBest(5, SomePoints.Best(5));                  // no point refers to it: the process is killed here
        using var point = new ResumeFolder(points.Path).Open(NoNote)!;
        var best = Tensor.Zeros([5]);
        point.ReadBestInto("weight", best);
        Assert.Equal((4, 3f), (point.Update, best.ToArray<float>()[0]));
    }

    [Fact]
    public void Of_several_points_in_one_update_the_one_saved_last_is_the_newest()
    {
        using var points = new SomePoints();
        var folder = new ResumeFolder(points.Path);
        for (var micro = 0; micro < 3; micro++) folder.Save(9, SomePoints.State(micro), SomePoints.Tensors(micro));
        using var point = new ResumeFolder(points.Path).Open(NoNote)!;
        Assert.Equal((9, 2), (point.Update, (int)point.State["value"]!));
    }

    [Fact]
    public void The_newest_point_and_the_one_before_are_kept_with_their_best_weights()
    {
        using var points = new SomePoints();
        var folder = new ResumeFolder(points.Path);
        for (var update = 1; update <= 4; update++) SomePoints.Save(folder, update, best: update is 1 or 2);
        Assert.Equal(["best-00000003.safetensors", "point-00000005.json", "point-00000005.safetensors", "point-00000006.json", "point-00000006.safetensors"], points.Names);
        folder.SaveBest(5, SomePoints.Best(5));
        folder.SaveBest(6, SomePoints.Best(6));                  // the one before is referred to by no point
        Assert.Equal(["best-00000003.safetensors", "best-00000008.safetensors"], points.Names.Where(name => name.StartsWith("best", StringComparison.Ordinal)));
        Assert.Equal(4, points.Found(out _));
    }

    [Fact]
    public void A_new_process_goes_on_with_the_numbers_and_keeps_the_point_it_started_from()
    {
        using var points = new SomePoints();
        SomePoints.Save(new(points.Path), 10, best: true);
        var again = new ResumeFolder(points.Path);
        again.Open(NoNote)!.Dispose();
        SomePoints.Save(again, 20);
        Assert.Equal(["best-00000001.safetensors", "point-00000002.json", "point-00000002.safetensors", "point-00000003.json", "point-00000003.safetensors"], points.Names);
        File.Delete(points.At("point-00000003.json"));
        Assert.Equal(10, points.Found(out _));
        again = new(points.Path);
        again.Open(_ => { })!.Dispose();
        SomePoints.Save(again, 21);
        Assert.Equal(["best-00000001.safetensors", "point-00000002.json", "point-00000002.safetensors", "point-00000004.json", "point-00000004.safetensors"], points.Names);
    }

    [Fact]
    public void A_folder_that_is_not_opened_is_begun_anew()
    {
        using var points = new SomePoints();
        SomePoints.Save(new(points.Path), 10, best: true);
        SomePoints.Save(new(points.Path), 1);
        Assert.Equal(["point-00000003.json", "point-00000003.safetensors"], points.Names);
        Assert.Equal(1, points.Found(out _));
    }

    [Fact]
    public void What_a_killed_process_left_half_written_is_removed_and_files_of_others_stay()
    {
        using var points = new SomePoints();
        SomePoints.Save(new(points.Path), 1);
        foreach (var name in (string[])["point-00000002.safetensors", "point-00000002.json", "best-00000003.safetensors"])
        {
            var temporary = "";                                  // as AtomicFile calls it while it writes
            AtomicFile.Write(points.At(name), _ => temporary = points.Names.Single(file => file.EndsWith(".tmp", StringComparison.Ordinal)));
            File.Move(points.At(name), points.At(temporary + ".kept"));
        }
        foreach (var file in points.Names.Where(name => name.EndsWith(".kept", StringComparison.Ordinal))) File.Move(points.At(file), points.At(file[..^".kept".Length]));
        File.WriteAllText(points.At("point-of-view.json"), "mine");
        File.WriteAllText(points.At("notes.tmp"), "mine");
        Assert.Equal(3, points.Names.Count(name => name.StartsWith('.')));

        var folder = new ResumeFolder(points.Path);
        folder.Open(NoNote)!.Dispose();
        SomePoints.Save(folder, 2);
        Assert.Equal(["notes.tmp", "point-00000001.json", "point-00000001.safetensors", "point-00000002.json", "point-00000002.safetensors", "point-of-view.json"], points.Names);
    }

    [Fact]
    public void A_finished_cells_folder_is_gone()
    {
        using var points = new SomePoints();
        var folder = new ResumeFolder(points.Path);
        Assert.False(folder.Exists);
        folder.Delete();
        Assert.Null(folder.Open(NoNote));
        folder.SaveBest(1, SomePoints.Best(1));
        Assert.False(folder.Exists);                             // best weights alone are no point
        SomePoints.Save(folder, 1);
        Assert.True(folder.Exists);
        folder.Delete();
        Assert.False(Directory.Exists(points.Path));
        SomePoints.Save(folder, 2);
        Assert.Equal(2, points.Found(out _));
    }

    [Fact]
    public void Best_weights_that_are_gone_are_not_referred_to()
    {
        using var points = new SomePoints();
        var folder = new ResumeFolder(points.Path);
        SomePoints.Save(folder, 1);
        folder.SaveBest(2, SomePoints.Best(2));
        File.Delete(points.At("best-00000002.safetensors"));
        Assert.Contains("best-00000002.safetensors", Assert.Throws<ConfigException>(() => SomePoints.Save(folder, 2)).Message, StringComparison.Ordinal);
        Assert.Equal(1, points.Found(out _));
    }

    [Fact]
    public void A_place_that_is_a_file_is_a_config_error()
    {
        using var points = new SomePoints();
        File.WriteAllText(points.Path, "mine");
        var folder = new ResumeFolder(points.Path);
        Assert.Null(folder.Open(NoNote));
        Assert.Throws<ConfigException>(() => SomePoints.Save(folder, 1));
        Assert.Throws<ConfigException>(() => folder.SaveBest(1, SomePoints.Best(1)));
        Assert.Equal("mine", File.ReadAllText(points.Path));
    }
}
