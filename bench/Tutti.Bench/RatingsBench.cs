using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Tutti.Recommend;
using Tutti.Torch;

namespace Tutti.Bench;

/// <summary>Recommenders: time beside a plain PyTorch loop, errors on MovieLens 100K, growth and recovered truth on made ratings.</summary>
sealed record RatingsBench() : Measurement("ratings", "recommenders on MovieLens 100K and on made ratings; peer of ml100k-torch and ml100k-fast: fastai's training as a plain PyTorch loop", [Same, Fast, Regularised, Folds, .. RatingsMade.Cases, Spread])
{
    const string Same = "ml100k-torch", Fast = "ml100k-fast", Regularised = "ml100k-regularised", Folds = "u1-u5", Spread = "spread";
    const int Factors = 50, HogwildRuns = 10;

    public override void Run(IReadOnlyList<string> cases, int? rounds, Format format)
    {
        string[] timed = [.. new[] { Same, Fast }.Where(cases.Contains)];
        if (timed.Length > 0) new Benchmark(Name, "trainings of 50 factors", "s", false, timed, Train).Run(timed, rounds, format);
        if (cases.Contains(Regularised)) Gaps(format);
        if (cases.Contains(Folds)) new RatingsFolds(format).Run();
        RatingsMade.Run(cases, format);
        if (cases.Contains(Spread)) Spreads(format);
    }

    /// <summary>The error that fastai's figures are of: from fastai's steps (five epochs, one cycle to 5e-3, batch 64, decay 0.1), or from the fast kernel with settings for that range; the peer is asked in the same run.</summary>
    static Outcome Train(string name, int rounds)
    {
        var trainings = name == Fast ? 5 : 1;                 // in a round of ours, whose figure is their mean: one alone would be too short to time
        var (train, valid) = MovieLens.FastaiSplit();
        string? skipped = null;
        using var peer = Start(ref skipped);
        List<double> ours = [], oursTrain = [], theirs = [], theirsTrain = [];
        var (our, their, failed, surroundings) = Rounds.Alternate(rounds, Ours, peer, Theirs, name);
        var facts = new Dictionary<string, string>
        {
            ["valid MSE of each seed: ours"] = Texts(ours),
            ["peer"] = Texts(theirs),
            ["train MSE: ours"] = Texts(oursTrain),
            ["of the peer"] = Texts(theirsTrain),
        };
        return new(name, our, their, $"plain PyTorch {peer?.Torch}", peer?.Conditions ?? "", skipped ?? failed, surroundings, Facts: facts);

        Round Ours()
        {
            var config = FactorConfig.Within(0, 5.5) with { Factors = Factors };
            var (clock, model) = (Stopwatch.GetTimestamp(), default(RatingModel));
            for (var training = 0; training < trainings; training++)
                model = name == Fast ? BiasedFactors.Train(train, config, ours.Count, Engine.Threads) : DotBiasTraining.Train(train, new() { Factors = Factors, Range = (0, 5.5), Seed = ours.Count });
            var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds / trainings;
            ours.Add(MovieLens.Mse(model!, valid));
            oursTrain.Add(MovieLens.Mse(model!, train));
            return new(seconds);
        }

        Round Theirs(Peer peer)
        {
            var answer = peer.Ask(new() { ["seed"] = theirs.Count });
            theirs.Add((double)answer["mse"]!);
            theirsTrain.Add((double)answer["train_mse"]!);
            return new((double)answer["seconds"]!);
        }
    }

    /// <summary>How far the errors on held-out rows lie above those on the rows trained on, by how factors are held.</summary>
    static void Gaps(Format format)
    {
        var (train, valid) = MovieLens.FastaiSplit();
        List<string[]> rows = [["factors held by", "valid MSE of three seeds", "train MSE", "gap"]];
        var within = FactorConfig.Within(0, 5.5) with { Factors = Factors };
        Add("next to nothing", seed => BiasedFactors.Train(train, within with { Penalty = 0.01, BasePenalty = 0 }, seed, Engine.Threads));
        Add("a penalty at every rating", seed => BiasedFactors.Train(train, within with { Penalty = 0.12, BasePenalty = 0 }, seed, Engine.Threads));
        Add("penalties at every rating and once an epoch", seed => BiasedFactors.Train(train, within, seed, Engine.Threads));
        Add("sampled priors (Bayesian factors alone)", seed => BayesianFactors.Train(train, new() { UserItems = false, ItemUsers = false }, seed, Engine.Threads));
        Add("sampled priors and sets (Bayesian factors)", seed => BayesianFactors.Train(train, new(), seed, Engine.Threads));
        if (format != Format.Json) Grid.Print([.. rows], format);

        void Add(string what, Func<int, ArrayModel> fit)
        {
            Console.Error.WriteLine($"{Regularised}: {what}");
            var models = Enumerable.Range(1, 3).Select(fit).ToArray();
            List<double> outside = [.. models.Select(model => MovieLens.Mse(model, valid))], inside = [.. models.Select(model => MovieLens.Mse(model, train))];
            rows.Add([what, Texts(outside), Texts(inside), (outside.Average() - inside.Average()).ToString("0.000", CultureInfo.InvariantCulture)]);
            if (format == Format.Json) Console.WriteLine(new JsonObject { ["bench"] = "ratings", ["case"] = Regularised, ["held_by"] = what, ["valid_mse"] = Texts(outside), ["train_mse"] = Texts(inside) }.ToJsonString());
        }
    }

    // The first is of the round that warms up, whose error counts as well as any.
    static string Texts(List<double> errors) => string.Join(" ", errors.Select(error => error.ToString("0.0000", CultureInfo.InvariantCulture)));

    static Peer? Start(ref string? skipped)
    {
        try
        {
            return new("collab.py", "--data", MovieLens.DataFile, "--valid", MovieLens.HeldOutFile, "--threads", Engine.Threads.ToString(CultureInfo.InvariantCulture));
        }
        catch (PeerException e)
        {
            skipped = e.Message;
            return null;
        }
    }

    /// <summary>How far runs without locks lie apart, beside those in blocks: of one seed on one and on several threads, and of other seeds.</summary>
    static void Spreads(Format format)
    {
        var (train, valid) = MovieLens.FastaiSplit();
        var threads = Math.Max(Engine.Threads, 2);
        var config = FactorConfig.Within(0, 5.5) with { Factors = Factors };
        List<string[]> rows = [["runs", "threads", "RMSE: mean", "least..most", "standard deviation", "same bits"]];
        Add("Hogwild, one seed", threads, [.. Enumerable.Repeat(1, HogwildRuns)], config with { Mode = FactorMode.Hogwild });
        Add("blocks, one seed", threads, [1, 1], config);
        Add("blocks, one seed", 1, [1, 1], config);
        Add("blocks, seeds 1 to 10", threads, [.. Enumerable.Range(1, HogwildRuns)], config);
        if (format != Format.Json) Grid.Print([.. rows], format);

        void Add(string what, int threads, int[] seeds, FactorConfig config)
        {
            Console.Error.WriteLine($"spread: {what}, {threads} threads");
            var models = seeds.Select(seed => BiasedFactors.Train(train, config, seed, threads)).ToArray();
            var errors = models.Select(model => Math.Sqrt(MovieLens.Mse(model, valid))).ToArray();
            var mean = errors.Average();
            var deviation = Math.Sqrt(errors.Sum(error => (error - mean) * (error - mean)) / (errors.Length - 1));
            var same = models.Skip(1).All(model => Enumerable.Range(0, model.ItemCount).All(item => model.ItemFactors(item).SequenceEqual(models[0].ItemFactors(item))));
            string Text(double value) => value.ToString("0.00000", CultureInfo.InvariantCulture);
            rows.Add([$"{seeds.Length} x {what}", threads.ToString(CultureInfo.InvariantCulture), Text(mean), $"{Text(errors.Min())}..{Text(errors.Max())}", Text(deviation), same ? "yes" : "no"]);
            if (format == Format.Json) Console.WriteLine(new JsonObject { ["bench"] = "ratings", ["case"] = Spread, ["runs"] = what, ["threads"] = threads, ["rmse"] = new JsonArray([.. errors.Select(error => (JsonNode)Math.Round(error, 6))]), ["deviation"] = deviation, ["same_bits"] = same }.ToJsonString());
        }
    }
}
