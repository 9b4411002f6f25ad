namespace Tutti.Recommend;

/// <summary>A kind of model that recipes call by its name.</summary>
/// <param name="Name">In recipes.</param>
/// <param name="Meaning">A line for documentation.</param>
/// <param name="Model">Its class.</param>
/// <param name="Reads">Which settings it reads, by their names in <see cref="RatingSettings"/>.</param>
/// <param name="Ranks">Its answers are no ratings but an order.</param>
/// <param name="Train">Learns from ratings.</param>
/// <param name="Weights">What is kept of it.</param>
/// <param name="Load">Makes it again.</param>
public sealed record RatingModelKind(string Name, string Meaning, Type Model, IReadOnlyList<string> Reads, bool Ranks,
    Func<RatingRows, RatingSettings, RatingModel> Train, Func<RatingModel, RatingWeights> Weights, Func<RatingWeights, RatingModel> Load);

/// <summary>The kinds of models of ratings. A new one is a line here.</summary>
public static class RatingModels
{
    static readonly string[] gradients = [nameof(RatingSettings.Factors), nameof(RatingSettings.Epochs), nameof(RatingSettings.Batch), nameof(RatingSettings.LearningRate), nameof(RatingSettings.WeightDecay), nameof(RatingSettings.Schedule), nameof(RatingSettings.Range)];

    public static IReadOnlyList<RatingModelKind> All { get; } =
    [
        Kind<Averages>("averages", "the mean with the deviations of users and items", [], (rows, _) => Averages.Train(rows),
            model => new(Arrays(("mean", [model.Mean], 1), ("users", model.Deviations.Users, 1), ("items", model.Deviations.Items, 1)), []), weights => new(weights["mean"][0], weights["users"], weights["items"])),
        Kind<DotBiasModel>("dot-bias", "fastai's EmbeddingDotBias: factors and biases through a sigmoid", gradients, DotBiasTraining.Train,
            model => model.Tables is var (users, items, userBiases, itemBiases, width, range) ? new(Arrays(("u_weight.weight", users, width), ("i_weight.weight", items, width), ("u_bias.weight", userBiases, 1), ("i_bias.weight", itemBiases, 1)), RatingWeights.Ranged(range)) : null!,
            weights => new(weights["u_weight.weight"], weights["i_weight.weight"], weights["u_bias.weight"], weights["i_bias.weight"], weights.Range)),
        Kind<EmbeddingNNModel>("embedding-nn", "fastai's EmbeddingNN: a network over the factors of user and item", [.. gradients, nameof(RatingSettings.Layers)], EmbeddingNNTraining.Train,
            model => new(model.Weights, RatingWeights.Ranged(model.Range)), weights => new(weights.Arrays, weights.Range)),
    ];

    /// <summary>The kind of that name.</summary>
    /// <param name="where">What names it, for the error.</param>
    /// <exception cref="DataException">There is none.</exception>
    public static RatingModelKind Named(string name, string where) => All.FirstOrDefault(kind => kind.Name == name)
        ?? throw new DataException(where, $"names a model '{name}', which is not known; expected {string.Join(", ", All.Select(kind => kind.Name))}");

    /// <summary>The kind that a model is of.</summary>
    public static RatingModelKind Of(RatingModel model) => All.FirstOrDefault(kind => kind.Model == model.GetType()) ?? throw new ArgumentException($"{model.GetType().Name} is not among RatingModels.All", nameof(model));

    /// <summary>A kind, of a class of models.</summary>
    static RatingModelKind Kind<T>(string name, string meaning, IReadOnlyList<string> reads, Func<RatingRows, RatingSettings, T> train, Func<T, RatingWeights> weights, Func<RatingWeights, T> load, bool ranks = false) where T : RatingModel =>
        new(name, meaning, typeof(T), reads, ranks, train, model => weights((T)model), load);

    /// <summary>Arrays of rows of so many columns; 1 column and a name without a dot: no rows, only numbers.</summary>
    static Dictionary<string, (float[], long[])> Arrays(params (string Name, float[] Values, int Columns)[] arrays) => arrays.ToDictionary(array => array.Name,
        array => (array.Values, array.Columns == 1 && !array.Name.Contains('.', StringComparison.Ordinal) ? new long[] { array.Values.Length } : [array.Values.Length / array.Columns, array.Columns]));
}
