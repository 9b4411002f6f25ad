using System.Text.Json.Nodes;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Training;

/// <summary>A resume folder with small points in it, and what a reader of its files sees.</summary>
sealed class SomePoints : IDisposable
{
    readonly TempFolder temp = Shared.Temp();

    public SomePoints() => Path = temp.File("resume");

    public string Path { get; }

    public void Dispose() => temp.Dispose();

    public string At(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>The plain names of all files, sorted.</summary>
    public string[] Names => Directory.Exists(Path) ? [.. Directory.EnumerateFiles(Path).Select(file => System.IO.Path.GetFileName(file)).Order(StringComparer.Ordinal)] : [];

    public long Bytes => Names.Sum(name => new FileInfo(At(name)).Length);

    public static JsonObject State(long value) => new() { ["value"] = value };

    /// <summary>Tensors whose every element is the value.</summary>
    public static Dictionary<string, Tensor> Tensors(float value, int count = 5) => new()
    {
        ["weight"] = Tensor.From(Enumerable.Repeat(value, count).ToArray()),
        ["moment"] = Tensor.From(Enumerable.Repeat((double)value, count).ToArray()),
    };

    public static Dictionary<string, Tensor> Best(float value, int count = 5) => new() { ["weight"] = Tensor.From(Enumerable.Repeat(value, count).ToArray()) };

    /// <summary>Saves a point whose state and tensors are its update, before it best weights of the same when asked for.</summary>
    public static void Save(ResumeFolder folder, long update, bool best = false, int count = 5)
    {
        if (best) folder.SaveBest(update, Best(update, count));
        folder.Save(update, State(update), Tensors(update, count));
    }

    /// <summary>Opens the folder as a new process would: the update, having proved that state, tensors and best weights belong together; null when there is no sound point.</summary>
    public long? Found(out string[] notes)
    {
        List<string> said = [];
        using var point = new ResumeFolder(Path).Open(said.Add);
        notes = [.. said];
        if (point is null) return null;
        Assert.Equal(point.Update, (long)point.State["value"]!);
        Assert.Equal(point.Update, Value(point.ReadInto));
        if (point.HasBest) Assert.InRange(Value(point.ReadBestInto), 1, point.Update);
        return point.Update;
    }

    static float Value(Action<string, Tensor> read)
    {
        var weight = Tensor.Zeros([5]);
        read("weight", weight);
        return Assert.Single(weight.ToArray<float>().Distinct());
    }
}
