using System.Diagnostics;
using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>Where the resume points of one fit go, and how often.</summary>
/// <param name="folder">The points; of this fit alone.</param>
/// <param name="every">Time between points; zero: after every micro-batch. One is written after every epoch too.</param>
/// <param name="identity">What the fit is (settings, data): a point of another identity is refused.</param>
public sealed class FitStore(ResumeFolder folder, TimeSpan every, JsonObject identity)
{
    long written = Stopwatch.GetTimestamp();

    /// <summary>The file of the best weights that were kept last.</summary>
    internal string Best => folder.BestFile ?? throw new InvalidOperationException("no best weights have been kept");

    /// <summary>Where the optimizer's state may lie in a file.</summary>
    internal string Pages => folder.Root;

    internal bool IsDue => Stopwatch.GetElapsedTime(written) >= every;

    /// <summary>The newest sound point of this fit, or null.</summary>
    /// <exception cref="ConfigException">It belongs to another fit.</exception>
    internal ResumePoint? Open(IProgress<string>? notes)
    {
        var point = folder.Open(line => notes?.Report(line));
        if (point is null) return null;
        if (!JsonNode.DeepEquals(point.State["identity"], identity))
        {
            point.Dispose();
            throw new ConfigException(folder.Root, "this resume point belongs to another fit; delete the folder to begin again, or choose another one");
        }
        var (was, now) = (point.State["engine"]!.ToJsonString(), Engine().ToJsonString());
        if (was != now) notes?.Report($"the resume point was written by {was}, this is {now}: results may differ in the last bits");
        return point;
    }

    internal void KeepBest(long update, Network model) => folder.SaveBest(update, model.Params.Items.ToDictionary(item => item.Name, item => item.Value));

    /// <summary>Writes a point: what the caller says of the fit, and tensors.</summary>
    internal void Save(long update, JsonObject state, IReadOnlyDictionary<string, Tensor> tensors)
    {
        state["identity"] = identity.DeepClone();
        state["engine"] = Engine();
        folder.Save(update, state, tensors);
        written = Stopwatch.GetTimestamp();
    }

    static JsonObject Engine() => new() { ["libtorch"] = Torch.Engine.Version, ["threads"] = Torch.Engine.Threads };
}
