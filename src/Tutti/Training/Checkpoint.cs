using Tutti.Models;
using Tutti.Text;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>The best and the last weights of a fit: in a folder that Hugging Face reads, or in memory where no folder is given.</summary>
/// <param name="model">The model whose weights are kept.</param>
/// <param name="tokenizer">Saved beside the weights, so that the folder is complete.</param>
/// <param name="folder">Gets the best weights; its subfolder <c>last</c> the last ones. Null for memory.</param>
public sealed class Checkpoint(TextModel model, Tokenizer? tokenizer, string? folder) : IDisposable
{
    readonly Dictionary<string, Tensor> kept = [];
    bool tokenizerSaved;

    /// <summary>Keeps the current weights as the best.</summary>
    public void KeepBest()
    {
        if (folder is not null)
        {
            ModelFolder.Save(model, folder);
            if (!tokenizerSaved) tokenizer?.Save(folder);     // once: it does not change while the model trains
            tokenizerSaved = true;
            return;
        }
        using var mode = Modes.NoGrad();
        foreach (var item in model.Params.Items)
            if (kept.TryGetValue(item.Name, out var copy)) copy.CopyFrom(item.Value);
            else kept[item.Name] = item.Value.Clone().Owned();
    }

    /// <summary>Writes the current weights as the last; nothing in memory, where they are the model's own.</summary>
    public void KeepLast()
    {
        if (folder is not null) ModelFolder.Save(model, Path.Combine(folder, "last"));
    }

    /// <summary>Puts the best weights back into the model.</summary>
    public void RestoreBest()
    {
        using var mode = Modes.NoGrad();
        using var scope = new Scope();
        using var file = folder is null ? null : new SafeTensors(Path.Combine(folder, "model.safetensors"));
        foreach (var item in model.Params.Items) item.Value.CopyFrom(file?.Read(item.Name) ?? kept[item.Name]);
    }

    public void Dispose()
    {
        foreach (var tensor in kept.Values) tensor.Dispose();
    }
}
