using Tutti.Torch;

namespace Tutti.Recommend;

/// <summary>The kinds of models that are trained by kernels on arrays, as recipes see them: which settings each reads, and what they are called there.</summary>
static class RatingKernels
{
    const string File = "model.safetensors";

    public static IReadOnlyList<RatingModelKind> All { get; } =
    [
        Kind(BiasedFactors.KindName, "factors and biases by stochastic gradients (Koren, Bell, Volinsky 2009); with a range through a sigmoid",
            [nameof(RatingSettings.Factors), nameof(RatingSettings.Epochs), nameof(RatingSettings.LearningRate), nameof(RatingSettings.Regularization), nameof(RatingSettings.Range)], TrainFactors),
        Kind(SvdPlusPlus.KindName, "SVD++ (Koren 2008): which items were rated says something too",
            [nameof(RatingSettings.Factors), nameof(RatingSettings.Epochs), nameof(RatingSettings.LearningRate), nameof(RatingSettings.Regularization)], TrainSvdPlusPlus),
        Kind(BayesianFactors.KindName, "factors by Gibbs sampling (Salakhutdinov and Mnih 2008; Rendle 2013); epochs are kept samples",
            [nameof(RatingSettings.Factors), nameof(RatingSettings.Epochs)], TrainBayesian),
        Kind(AlsFactors.KindName, "factors and biases by alternating least squares (Zhou et al. 2008); epochs are sweeps",
            [nameof(RatingSettings.Factors), nameof(RatingSettings.Epochs), nameof(RatingSettings.Regularization)], TrainAls),
        Kind(ItemNeighbours.KindName, "what the user gave to similar items (Koren 2010)", [nameof(RatingSettings.Neighbours)], TrainNeighbours),
        Kind(Ease.KindName, "EASE (Steck 2019): every item from all others, in closed form", [nameof(RatingSettings.Regularization)],
            (rows, settings) => Ease.Train(rows, settings.Regularization is { } penalty ? new() { Penalty = penalty } : new(), settings.Cancel), ranks: true),
        Kind(ImplicitAls.KindName, "which items were chosen at all (Hu, Koren, Volinsky 2008); epochs are sweeps",
            [nameof(RatingSettings.Factors), nameof(RatingSettings.Epochs), nameof(RatingSettings.Regularization), nameof(RatingSettings.Confidence)], TrainImplicit, ranks: true),
        Kind(Bpr.KindName, "Bayesian personalised ranking (Rendle et al. 2009)",
            [nameof(RatingSettings.Factors), nameof(RatingSettings.Epochs), nameof(RatingSettings.LearningRate), nameof(RatingSettings.Regularization)], TrainBpr, ranks: true),
    ];

    static RatingModelKind Kind<T>(string name, string meaning, IReadOnlyList<string> reads, Func<RatingRows, RatingSettings, T> train, bool ranks = false) where T : KernelModel =>
        new(name, meaning, typeof(T), reads, ranks, train, (model, folder) => ((T)model).Save(Path.Combine(folder, File)), folder => Load<T>(Path.Combine(folder, File), name));

    static T Load<T>(string path, string name) where T : KernelModel =>
        KernelModel.Load(path) is T model ? model : throw new DataException(path, $"holds another model than the '{name}' that the run says it is");

    static BiasedFactors TrainFactors(RatingRows rows, RatingSettings settings)
    {
        var usual = settings.Range is var (low, high) ? FactorConfig.Within(low, high) : new();
        return BiasedFactors.Train(rows, usual with
        {
            Factors = settings.Factors ?? usual.Factors,
            Epochs = settings.Epochs ?? usual.Epochs,
            LearningRate = settings.LearningRate ?? usual.LearningRate,
            Penalty = settings.Regularization ?? usual.Penalty,
        }, settings.Seed, Engine.Threads, News(settings), settings.Cancel);
    }

    static SvdPlusPlus TrainSvdPlusPlus(RatingRows rows, RatingSettings settings)
    {
        var usual = new SvdPlusPlusConfig();
        return SvdPlusPlus.Train(rows, usual with
        {
            Factors = settings.Factors ?? usual.Factors,
            Epochs = settings.Epochs ?? usual.Epochs,
            LearningRate = settings.LearningRate ?? usual.LearningRate,
            Penalty = settings.Regularization ?? usual.Penalty,
        }, settings.Seed, News(settings), settings.Cancel);
    }

    static BayesianFactors TrainBayesian(RatingRows rows, RatingSettings settings)
    {
        var usual = new BayesianConfig();
        return BayesianFactors.Train(rows, usual with { Factors = settings.Factors ?? usual.Factors, Samples = settings.Epochs ?? usual.Samples }, settings.Seed, Engine.Threads, News(settings), settings.Cancel);
    }

    static AlsFactors TrainAls(RatingRows rows, RatingSettings settings)
    {
        var usual = new AlsConfig();
        return AlsFactors.Train(rows, usual with { Factors = settings.Factors ?? usual.Factors, Sweeps = settings.Epochs ?? usual.Sweeps, Penalty = settings.Regularization ?? usual.Penalty }, settings.Seed, Engine.Threads, News(settings), settings.Cancel);
    }

    static ItemNeighbours TrainNeighbours(RatingRows rows, RatingSettings settings) =>
        ItemNeighbours.Train(rows, settings.Neighbours is { } neighbours ? new() { Neighbours = neighbours } : new(), Engine.Threads, News(settings), settings.Cancel);

    static ImplicitAls TrainImplicit(RatingRows rows, RatingSettings settings)
    {
        var usual = new ImplicitAlsConfig();
        return ImplicitAls.Train(rows, usual with
        {
            Factors = settings.Factors ?? usual.Factors,
            Sweeps = settings.Epochs ?? usual.Sweeps,
            Penalty = settings.Regularization ?? usual.Penalty,
            Alpha = settings.Confidence ?? usual.Alpha,
        }, settings.Seed, Engine.Threads, News(settings), settings.Cancel);
    }

    static Bpr TrainBpr(RatingRows rows, RatingSettings settings)
    {
        var usual = new BprConfig();
        return Bpr.Train(rows, usual with
        {
            Factors = settings.Factors ?? usual.Factors,
            Epochs = settings.Epochs ?? usual.Epochs,
            LearningRate = settings.LearningRate ?? usual.LearningRate,
            Penalty = settings.Regularization ?? usual.Penalty,
        }, settings.Seed, Engine.Threads, News(settings), settings.Cancel);
    }

    static Told? News(RatingSettings settings) => settings.Progress is { } progress ? new(progress) : null;

    /// <summary>A kernel's news as a recipe's: the loss is the mean squared error.</summary>
    sealed class Told(IProgress<RatingEpoch> to) : IProgress<RatingProgress>
    {
        public void Report(RatingProgress value) => to.Report(new(value.Epoch, value.Epochs, value.TrainRmse * value.TrainRmse));
    }
}
