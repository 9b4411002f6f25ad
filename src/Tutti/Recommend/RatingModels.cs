namespace Tutti.Recommend;

/// <summary>A kind of model that recipes call by its name.</summary>
/// <param name="Name">In recipes.</param>
/// <param name="Meaning">A line for documentation.</param>
/// <param name="Reads">Which settings it reads, by their names in <see cref="RatingSettings"/>.</param>
/// <param name="Ranks">Its answers are no ratings but an order.</param>
/// <param name="Train">Learns from ratings.</param>
public sealed record RatingModelKind(string Name, string Meaning, IReadOnlyList<string> Reads, bool Ranks, Func<RatingRows, RatingSettings, ArrayModel> Train);

/// <summary>The kinds of models of ratings. A new one is a line here, or in <see cref="RatingKernels"/>.</summary>
public static class RatingModels
{
    /// <summary>What a model's folder holds.</summary>
    const string File = "model.safetensors";

    static readonly string[] gradients = [nameof(RatingSettings.Factors), nameof(RatingSettings.Epochs), nameof(RatingSettings.Batch), nameof(RatingSettings.LearningRate), nameof(RatingSettings.WeightDecay), nameof(RatingSettings.Schedule), nameof(RatingSettings.Range)];

    public static IReadOnlyList<RatingModelKind> All { get; } =
    [
        new(Averages.KindName, "the mean with the deviations of users and items", [], false, (rows, _) => Averages.Train(rows)),
        new(DotBiasModel.KindName, "fastai's EmbeddingDotBias: factors and biases through a sigmoid", gradients, false, DotBiasTraining.Train),
        new(EmbeddingNNModel.KindName, "fastai's EmbeddingNN: a network over the factors of user and item", [.. gradients, nameof(RatingSettings.Layers)], false, EmbeddingNNTraining.Train),
        .. RatingKernels.All,
    ];

    /// <summary>The kind of that name.</summary>
    /// <param name="where">What names it, for the error.</param>
    /// <exception cref="DataException">There is none.</exception>
    public static RatingModelKind Named(string name, string where) => All.FirstOrDefault(kind => kind.Name == name)
        ?? throw new DataException(where, $"names a model '{name}', which is not known; expected {string.Join(", ", All.Select(kind => kind.Name))}");

    /// <summary>Writes a model into a folder; its file says what kind it is of.</summary>
    public static void Save(string folder, ArrayModel model) => model.Save(Path.Combine(folder, File));

    /// <summary>Whether <see cref="Save"/> has written a model there.</summary>
    public static bool IsIn(string folder) => System.IO.File.Exists(Path.Combine(folder, File));

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <param name="folder">The model's.</param>
    /// <param name="kind">What it is.</param>
    /// <exception cref="DataException">The file is missing or broken, or of another model.</exception>
    public static RatingModel Load(string folder, string kind)
    {
        var path = Path.Combine(folder, File);
        if (!System.IO.File.Exists(path)) throw new DataException(folder, $"holds no model of ratings: {File} is missing");
        var model = ArrayModel.Load(path);
        return model.Kind == Named(kind, folder).Name ? model : throw new DataException(path, $"is of a model '{model.Kind}', expected {kind}");
    }
}
