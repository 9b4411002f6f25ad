using Tutti.Models;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>The best weights of a fit so far: beside the resume points, else in the checkpoint's folder, else in memory.</summary>
/// <param name="shared">Where several processes train: rank 0 keeps them and gives them to all.</param>
sealed class BestWeights(Network model, string? folder, FitStore? store, SharedFit? shared = null) : IDisposable
{
    readonly Dictionary<string, Tensor> kept = [];

    /// <summary>Bytes of memory that the copies will take.</summary>
    public long Bytes => folder is null && store is null && shared is not { IsFirst: false } ? MemoryNeed.WeightBytes(model) : 0;

    /// <summary>Keeps the current weights as the best.</summary>
    public void Keep(long update)
    {
        using var mode = Modes.NoGrad();
        if (shared is { IsFirst: false }) return;
        if (store is not null) store.KeepBest(update, model);
        else if (folder is not null) ModelFolder.Save(model, folder);
        else
            foreach (var item in model.Params.Items)
                if (kept.TryGetValue(item.Name, out var copy)) copy.CopyFrom(item.Value);
                else kept[item.Name] = item.Value.Clone().Owned();
    }

    /// <summary>Puts the best weights back into the model.</summary>
    public void Restore()
    {
        if (shared is not { IsFirst: false }) Read();
        shared?.GiveWeights();
    }

    void Read()
    {
        using var mode = Modes.NoGrad();
        using var file = store is not null ? new SafeTensors(store.Best) : folder is not null ? new SafeTensors(Path.Combine(folder, "model.safetensors")) : null;
        foreach (var item in model.Params.Items)
            if (file is null) item.Value.CopyFrom(kept[item.Name]);
            else file.ReadInto(item.Name, item.Value);
    }

    public void Dispose()
    {
        foreach (var tensor in kept.Values) tensor.Dispose();
    }
}
