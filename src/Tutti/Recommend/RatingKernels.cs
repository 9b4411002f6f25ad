using Tutti.Torch;

namespace Tutti.Recommend;

/// <summary>The kinds of models that are trained by kernels on arrays, as recipes see them: which settings each reads, and what they are called there.</summary>
static class RatingKernels
{
    public static IReadOnlyList<RatingModelKind> All { get; } =
    [
        Kind(BiasedFactors.KindName, "factors and biases by stochastic gradients (Koren, Bell, Volinsky 2009); with a range through a sigmoid", settings => settings.Range is var (low, high) ? FactorConfig.Within(low, high) : new(),
            (rows, config, s) => BiasedFactors.Train(rows, config, s.Seed, Engine.Threads, News(s), s.Cancel),
            Factors<FactorConfig>((c, n) => c with { Factors = n }), Epochs<FactorConfig>((c, n) => c with { Epochs = n }), LearningRate<FactorConfig>((c, rate) => c with { LearningRate = rate }), Regularization<FactorConfig>((c, penalty) => c with { Penalty = penalty }),
            new(nameof(RatingSettings.Range), (c, _) => c)),
        Kind(SvdPlusPlus.KindName, "SVD++ (Koren 2008): which items were rated says something too", _ => new SvdPlusPlusConfig(),
            (rows, config, s) => SvdPlusPlus.Train(rows, config, s.Seed, News(s), s.Cancel),
            Factors<SvdPlusPlusConfig>((c, n) => c with { Factors = n }), Epochs<SvdPlusPlusConfig>((c, n) => c with { Epochs = n }), LearningRate<SvdPlusPlusConfig>((c, rate) => c with { LearningRate = rate }), Regularization<SvdPlusPlusConfig>((c, penalty) => c with { Penalty = penalty })),
        Kind(BayesianFactors.KindName, "factors by Gibbs sampling (Salakhutdinov and Mnih 2008; Rendle 2013); epochs are kept samples", _ => new BayesianConfig(),
            (rows, config, s) => BayesianFactors.Train(rows, config, s.Seed, Engine.Threads, News(s), s.Cancel),
            Factors<BayesianConfig>((c, n) => c with { Factors = n }), Epochs<BayesianConfig>((c, n) => c with { Samples = n })),
        Kind(AlsFactors.KindName, "factors and biases by alternating least squares (Zhou et al. 2008); epochs are sweeps", _ => new AlsConfig(),
            (rows, config, s) => AlsFactors.Train(rows, config, s.Seed, Engine.Threads, News(s), s.Cancel),
            Factors<AlsConfig>((c, n) => c with { Factors = n }), Epochs<AlsConfig>((c, n) => c with { Sweeps = n }), Regularization<AlsConfig>((c, penalty) => c with { Penalty = penalty })),
        Kind(ItemNeighbours.KindName, "what the user gave to similar items (Koren 2010)", _ => new NeighbourConfig(),
            (rows, config, s) => ItemNeighbours.Train(rows, config, Engine.Threads, News(s), s.Cancel),
            new Taken<NeighbourConfig>(nameof(RatingSettings.Neighbours), (c, s) => c with { Neighbours = s.Neighbours ?? c.Neighbours })),
        Kind(Ease.KindName, "EASE (Steck 2019): every item from all others, in closed form", _ => new EaseConfig(), (rows, config, s) => Ease.Train(rows, config, s.Cancel), Regularization<EaseConfig>((c, penalty) => c with { Penalty = penalty })) with { Ranks = true },
        Kind(ImplicitAls.KindName, "which items were chosen at all (Hu, Koren, Volinsky 2008); epochs are sweeps", _ => new ImplicitAlsConfig(),
            (rows, config, s) => ImplicitAls.Train(rows, config, s.Seed, Engine.Threads, News(s), s.Cancel),
            Factors<ImplicitAlsConfig>((c, n) => c with { Factors = n }), Epochs<ImplicitAlsConfig>((c, n) => c with { Sweeps = n }), Regularization<ImplicitAlsConfig>((c, penalty) => c with { Penalty = penalty }),
            new(nameof(RatingSettings.Confidence), (c, s) => c with { Alpha = s.Confidence ?? c.Alpha })) with { Ranks = true },
        Kind(Bpr.KindName, "Bayesian personalised ranking (Rendle et al. 2009)", _ => new BprConfig(),
            (rows, config, s) => Bpr.Train(rows, config, s.Seed, Engine.Threads, News(s), s.Cancel),
            Factors<BprConfig>((c, n) => c with { Factors = n }), Epochs<BprConfig>((c, n) => c with { Epochs = n }), LearningRate<BprConfig>((c, rate) => c with { LearningRate = rate }), Regularization<BprConfig>((c, penalty) => c with { Penalty = penalty })) with { Ranks = true },
    ];

    /// <summary>A setting that a kind reads, and what it does to the kind's own configuration.</summary>
    /// <param name="Name">In <see cref="RatingSettings"/>.</param>
    sealed record Taken<T>(string Name, Func<T, RatingSettings, T> Into);

    /// <param name="usual">The configuration before any setting.</param>
    static RatingModelKind Kind<T>(string name, string meaning, Func<RatingSettings, T> usual, Func<RatingRows, T, RatingSettings, ArrayModel> train, params Taken<T>[] takes) =>
        new(name, meaning, [.. takes.Select(taken => taken.Name)], false, (rows, settings) => train(rows, takes.Aggregate(usual(settings), (config, taken) => taken.Into(config, settings)), settings));

    static Taken<T> Factors<T>(Func<T, int, T> into) => new(nameof(RatingSettings.Factors), (config, settings) => settings.Factors is { } given ? into(config, given) : config);
    static Taken<T> Epochs<T>(Func<T, int, T> into) => new(nameof(RatingSettings.Epochs), (config, settings) => settings.Epochs is { } given ? into(config, given) : config);
    static Taken<T> LearningRate<T>(Func<T, double, T> into) => new(nameof(RatingSettings.LearningRate), (config, settings) => settings.LearningRate is { } given ? into(config, given) : config);
    static Taken<T> Regularization<T>(Func<T, double, T> into) => new(nameof(RatingSettings.Regularization), (config, settings) => settings.Regularization is { } given ? into(config, given) : config);

    static Told? News(RatingSettings settings) => settings.Progress is { } progress ? new(progress) : null;

    /// <summary>A kernel's news as a recipe's: the loss is the mean squared error.</summary>
    sealed class Told(IProgress<RatingEpoch> to) : IProgress<RatingProgress>
    {
        public void Report(RatingProgress value) => to.Report(new(value.Epoch, value.Epochs, value.TrainRmse * value.TrainRmse));
    }
}
