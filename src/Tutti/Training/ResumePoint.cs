using System.Text.Json.Nodes;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>
/// A point from which an interrupted fit goes on, every byte of it checked: see <see cref="ResumeFolder.Open"/>. Its files are open until it is disposed, which
/// must come before the next point is saved.
/// </summary>
public sealed class ResumePoint : IDisposable
{
    readonly SafeTensors tensors;
    readonly SafeTensors? best;

    /// <exception cref="DataException">The manifest or a file of the point is missing or not as it was written.</exception>
    internal ResumePoint(string folder, long number)
    {
        Manifest = ResumeManifest.Read(folder, number);
        Manifest.Tensors.Verify(folder);
        Manifest.Best?.Verify(folder);
        tensors = new(Path.Combine(folder, Manifest.Tensors.Name));
        try
        {
            best = Manifest.Best is null ? null : new(Path.Combine(folder, Manifest.Best.Name));
        }
        catch
        {
            tensors.Dispose();
            throw;
        }
    }

    internal ResumeManifest Manifest { get; }

    /// <summary>Updates done when it was saved.</summary>
    public long Update => Manifest.Update;

    /// <summary>What was given to <see cref="ResumeFolder.Save"/>. Numbers that JSON lacks have become "NaN", "Infinity" and "-Infinity".</summary>
    public JsonObject State => Manifest.State;

    /// <summary>The names of its tensors.</summary>
    public IEnumerable<string> Names => tensors.Entries.Keys;

    public bool Has(string name) => tensors.Entries.ContainsKey(name);

    /// <summary>A tensor of the point, in memory of its own on the CPU.</summary>
    /// <exception cref="DataException">There is no such tensor.</exception>
    public Tensor Read(string name) => tensors.Read(name);

    /// <summary>Copies a tensor of the point into an existing one: contiguous, of the same element type and shape.</summary>
    /// <exception cref="DataException">There is no such tensor, or its type or shape differs.</exception>
    public void ReadInto(string name, Tensor target) => tensors.ReadInto(name, target);

    /// <summary>Whether best weights belong to the point.</summary>
    public bool HasBest => best is not null;

    /// <summary>The same for a tensor of the best weights.</summary>
    /// <exception cref="InvalidOperationException">No best weights belong to the point.</exception>
    /// <exception cref="DataException">There is no such tensor, or its type or shape differs.</exception>
    public void ReadBestInto(string name, Tensor target)
        => (best ?? throw new InvalidOperationException($"no best weights were saved before this point (update {Update}); ask HasBest first")).ReadInto(name, target);

    public void Dispose()
    {
        tensors.Dispose();
        best?.Dispose();
    }
}
