using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Models.Vision;
using Tutti.Torch;

namespace Tutti.Tests.Models.Vision;

/// <summary>One folder of 08_vision: a model's folder, pictures, and what the reference made of them.</summary>
sealed class VisionFixture : IDisposable
{
    public static string Root { get; } = Path.Combine(Shared.Fixtures, "08_vision");

    public static TheoryData<string> Folders() => [.. Directory.GetDirectories(Root).Where(folder => File.Exists(Path.Combine(folder, "model.safetensors"))).Select(folder => Path.GetFileName(folder)!).Order()];

    readonly string folder;
    readonly SafeTensors values;

    public VisionFixture(string folder)
    {
        this.folder = Path.Combine(Root, folder);
        Json = (JsonObject)JsonNode.Parse(File.ReadAllText(Path.Combine(this.folder, "case.json")))!;
        values = new(Path.Combine(this.folder, "case.safetensors"));
        var pixels = Case("pixel_values");
        Batch = new(pixels.ToArray<float>(), (int)pixels.Size(1), (int)pixels.Size(2), (int)pixels.Size(3), [.. Enumerable.Range(0, (int)pixels.Size(0)).Select(i => (long)i)]);
    }

    public JsonObject Json { get; }
    public PictureBatch Batch { get; }
    public LoadReport? Report { get; private set; }
    public bool Has(string name) => values.Entries.ContainsKey(name);
    public Tensor Case(string name) => values.Read(name);
    public SafeTensors Gradients(string name) => new(Path.Combine(folder, name + ".safetensors"));
    public string Folder => folder;

    public VisionModel Model(DType dtype = DType.Float32)
    {
        var model = ModelFolder.LoadPictures(folder, null, 0, out var report, dtype: dtype);
        Report = report;
        return model;
    }

    /// <summary>A state of maps as the reference has it: (n,C,H,W) of a ConvNeXt, which has them (n,H,W,C) here, and (n,L,C) of transformers' Swin.</summary>
    public static Tensor Like(VisionModel model, Tensor state, Tensor expected) => model is ConvNext ? state.Permute([0, 3, 1, 2]) : expected.Dims == 3 ? state.Reshape(expected.Shape) : state;

    public void Dispose() => values.Dispose();
}
