using Tutti.Torch;

namespace Tutti.Training;

/// <summary>
/// A model whose weights are the mean of other models' weights (Wortsman et al. 2022, "Model soups"). It makes sense for models that were fine-tuned from the
/// same weights; those of models that started apart do not lie in one valley, and their mean predicts nothing.
/// </summary>
public static class WeightSoup
{
    const string Weights = "model.safetensors";

    /// <summary>Writes a checkpoint folder with the mean of some checkpoints' weights; config and tokenizer are the first one's.</summary>
    /// <param name="checkpoints">Folders of models of one architecture.</param>
    /// <param name="to">The folder to write; what it held is replaced.</param>
    /// <exception cref="DataException">A checkpoint has other weights than the first.</exception>
    /// <exception cref="ConfigException">The folder cannot be written.</exception>
    public static void Write(IReadOnlyList<string> checkpoints, string to)
    {
        using var none = Modes.NoGrad();
        using var scope = new Scope();
        Dictionary<string, Tensor> sums = [];
        foreach (var checkpoint in checkpoints)
        {
            var path = Path.Combine(checkpoint, Weights);
            using var file = new SafeTensors(path);
            if (sums.Count > 0 && !file.Names.ToHashSet().SetEquals(sums.Keys)) throw new DataException(path, $"has other weights than {checkpoints[0]}; only models of one architecture can be averaged");
            foreach (var name in file.Names) Add(sums, name, file, path);
        }
        foreach (var sum in sums.Values.Where(sum => sum.DType.IsFloating())) sum.MulInPlace(1.0 / checkpoints.Count);
        AtomicFile.Write(Path.Combine(to, Weights), stream => SafeTensors.Write(stream, sums));
        foreach (var file in Directory.EnumerateFiles(checkpoints[0]).Where(file => Path.GetFileName(file) != Weights))
            AtomicFile.Write(Path.Combine(to, Path.GetFileName(file)), stream =>
            {
                using var source = File.OpenRead(file);
                source.CopyTo(stream);
            });
    }

    static void Add(Dictionary<string, Tensor> sums, string name, SafeTensors file, string path)
    {
        if (!sums.TryGetValue(name, out var sum))
        {
            sums[name] = file.Read(name);
            return;
        }
        using var inner = new Scope();
        if (!file.Shape(name).AsSpan().SequenceEqual(sum.Shape)) throw new DataException(path, $"'{name}' has another shape than in the other checkpoints; only models of one architecture can be averaged");
        if (sum.DType.IsFloating()) sum.AddInPlace(file.Read(name));   // tables of positions and the like are the first one's
    }
}
