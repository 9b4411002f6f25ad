using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Tutti.Evaluation;
using Tutti.Recommend;
using Tutti.Torch;

namespace Tutti.Bench;

/// <summary>The official five folds u1 to u5 of MovieLens 100K: each model, and the blend, trained on every base part and judged on its test part.</summary>
sealed class RatingsFolds(Format format)
{
    const int Folds = 5;

    readonly RatingRows[] bases = [.. Enumerable.Range(1, Folds).Select(fold => MovieLens.Read(FormattableString.Invariant($"u{fold}.base")))];
    readonly RatingRows[] tests = [.. Enumerable.Range(1, Folds).Select(fold => MovieLens.Read(FormattableString.Invariant($"u{fold}.test")))];
    readonly List<string[]> rows = [["model", "u1 (95 %)", "u2", "u3", "u4", "u5", "mean of five", "all test rows (95 %)", "seconds, all five folds"]];

    /// <summary>The slowest first, as <see cref="RatingBlend"/> wants its members.</summary>
    static BlendMember[] Members()
    {
        var (people, films) = (MovieLens.People(), MovieLens.Films());
        return
        [
            new("Bayesian factors, sets and features", (rows, cancel) => BayesianFactors.Train(rows, new() { UserFeatures = people, ItemFeatures = films }, 1, 1, null, cancel)),
            new("SVD++", (rows, cancel) => SvdPlusPlus.Train(rows, new(), 1, null, cancel)),
            new("item neighbours", (rows, cancel) => ItemNeighbours.Train(rows, new(), 1, null, cancel)),
            new("biased factors in 0 to 5.5", (rows, cancel) => BiasedFactors.Train(rows, FactorConfig.Within(0, 5.5), 1, 1, null, cancel)),
        ];
    }

    public void Run()
    {
        var members = Members();
        BlendMember[] alone =
        [
            new("baseline", (rows, cancel) => RatingBaseline.Train(rows, new(), null, cancel)), members[3],
            new("biased factors", (rows, cancel) => BiasedFactors.Train(rows, new(), 1, 1, null, cancel)), new("ALS", (rows, cancel) => AlsFactors.Train(rows, new(), 1, 1, null, cancel)), members[2], members[1],
            new("Bayesian factors alone", (rows, cancel) => BayesianFactors.Train(rows, new() { UserItems = false, ItemUsers = false }, 1, 1, null, cancel)),
            new("Bayesian factors and sets", (rows, cancel) => BayesianFactors.Train(rows, new(), 1, 1, null, cancel)), members[0],
        ];
        foreach (var member in alone)
            Add(member.Name, () =>
            {
                var errors = new double[Folds][];
                Parallel.For(0, Folds, new ParallelOptions { MaxDegreeOfParallelism = Engine.Threads }, fold => errors[fold] = MovieLens.Errors(member.Train(bases[fold], default), tests[fold]));
                return errors;
            });
        Add("blend of four", () => [.. Enumerable.Range(0, Folds).Select(fold => MovieLens.Errors(RatingBlend.Train(bases[fold], members, new(), 1, Engine.Threads), tests[fold]))]);
        if (format == Format.Json) return;
        Grid.Print([.. rows], format);
        Grid.Notes([.. Machine.Notes(), "RMSE of predictions held within 1 to 5; intervals resample test rows; the time holds reading nothing, training and predicting; members of the blend: Bayesian factors with sets and features, SVD++, item neighbours, biased factors in 0 to 5.5"], format);
    }

    void Add(string name, Func<double[][]> run)
    {
        Console.Error.WriteLine($"u1-u5: {name}");
        var clock = Stopwatch.GetTimestamp();
        var errors = run();
        var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
        double[] all = [.. errors.SelectMany(fold => fold)];
        var (first, whole, each) = (Interval(errors[0]), Interval(all), errors.Select(Rmse).ToArray());
        rows.Add([name, Text(first), .. each.Skip(1).Select(Text), Text(each.Average()), Text(whole), Figures.Number(seconds)]);
        if (format == Format.Json)
            Console.WriteLine(new JsonObject { ["bench"] = "ratings", ["case"] = "u1-u5", ["model"] = name, ["rmse"] = new JsonArray([.. each.Select(value => (JsonNode)Math.Round(value, 5))]), ["mean"] = Math.Round(each.Average(), 5), ["all"] = Math.Round(whole.Value, 5), ["all_low"] = Math.Round(whole.Low, 5), ["all_high"] = Math.Round(whole.High, 5), ["seconds"] = Figures.Rounded(seconds) }.ToJsonString());
    }

    static double Rmse(double[] errors) => Math.Sqrt(errors.Average(error => error * error));

    static Score Interval(double[] errors) => Bootstrap.Interval(errors.Length, rows =>
    {
        var sum = 0.0;
        foreach (var row in rows) sum += errors[row] * errors[row];
        return Math.Sqrt(sum / rows.Length);
    });

    static string Text(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);

    static string Text(Score score) => $"{Text(score.Value)} ({Text(score.Low)} to {Text(score.High)})";
}
