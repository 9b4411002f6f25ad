namespace Tutti.Recommend;

/// <summary>A kind of model that recipes call by its name.</summary>
/// <param name="Name">In recipes.</param>
/// <param name="Meaning">A line for documentation.</param>
/// <param name="Model">Its class.</param>
/// <param name="Reads">Which settings it reads, by their names in <see cref="RatingSettings"/>.</param>
/// <param name="Ranks">Its answers are no ratings but an order.</param>
/// <param name="Train">Learns from ratings.</param>
/// <param name="Save">Writes it into a folder.</param>
/// <param name="Load">Reads it from there.</param>
public sealed record RatingModelKind(string Name, string Meaning, Type Model, IReadOnlyList<string> Reads, bool Ranks,
    Func<RatingRows, RatingSettings, RatingModel> Train, Action<RatingModel, string> Save, Func<string, RatingModel> Load);

/// <summary>The kinds of models of ratings. A new one is a line here.</summary>
public static class RatingModels
{
    static readonly string[] gradients = [nameof(RatingSettings.Factors), nameof(RatingSettings.Epochs), nameof(RatingSettings.Batch), nameof(RatingSettings.LearningRate), nameof(RatingSettings.WeightDecay), nameof(RatingSettings.Schedule), nameof(RatingSettings.Range)];

    public static IReadOnlyList<RatingModelKind> All { get; } =
    [
        Kind<Averages>("averages", "the mean with the deviations of users and items", [], (rows, _) => Averages.Train(rows), Averages.Keep, Averages.From),
        Kind<DotBiasModel>("dot-bias", "fastai's EmbeddingDotBias: factors and biases through a sigmoid", gradients, DotBiasTraining.Train, DotBiasModel.Keep, DotBiasModel.From),
        Kind<EmbeddingNNModel>("embedding-nn", "fastai's EmbeddingNN: a network over the factors of user and item", [.. gradients, nameof(RatingSettings.Layers)], EmbeddingNNTraining.Train, model => new(model.Weights, RatingWeights.Ranged(model.Range)), kept => new(kept.Arrays, kept.Range)),
        .. RatingKernels.All,
    ];

    /// <summary>The kind of that name.</summary>
    /// <param name="where">What names it, for the error.</param>
    /// <exception cref="DataException">There is none.</exception>
    public static RatingModelKind Named(string name, string where) => All.FirstOrDefault(kind => kind.Name == name)
        ?? throw new DataException(where, $"names a model '{name}', which is not known; expected {string.Join(", ", All.Select(kind => kind.Name))}");

    /// <summary>The kind that a model is of.</summary>
    public static RatingModelKind Of(RatingModel model) => All.FirstOrDefault(kind => kind.Model == model.GetType()) ?? throw new ArgumentException($"{model.GetType().Name} is not among RatingModels.All", nameof(model));

    /// <summary>Writes a model into a folder, and what kind it is.</summary>
    public static void Save(string folder, RatingModel model) => Of(model).Save(model, folder);

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <param name="folder">The model's.</param>
    /// <param name="kind">What it is.</param>
    /// <exception cref="DataException">A file is missing or broken, or of another model.</exception>
    public static RatingModel Load(string folder, string kind) => Named(kind, folder).Load(folder);

    /// <summary>A kind whose models are kept as named arrays of numbers and facts.</summary>
    static RatingModelKind Kind<T>(string name, string meaning, IReadOnlyList<string> reads, Func<RatingRows, RatingSettings, T> train, Func<T, RatingWeights> weights, Func<RatingWeights, T> load, bool ranks = false) where T : RatingModel =>
        new(name, meaning, typeof(T), reads, ranks, train, (model, folder) => weights((T)model).Save(folder, name), folder => load(RatingWeights.Load(folder, name)));
}
