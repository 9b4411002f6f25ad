using Tutti.Ensembling;
using Tutti.Evaluation;
using Tutti.Predictions;
using Tutti.Tests.Evaluation;

namespace Tutti.Tests.Ensembling;

/// <summary>The plain averages of 09_ensembles/set_*.json.</summary>
public sealed class BlendParityTests
{
    const double Exact = 1e-12;
    public static TheoryData<string> Files => Parity.Files("09_ensembles", "set_*.json");

    [Theory]
    [MemberData(nameof(Files))]
    public void Averages_equal_the_recorded_reference(string file)
    {
        var parity = new Parity(file);
        var json = Parity.Json(file);
        var tensors = new FixtureTensors(Path.ChangeExtension(file, ".safetensors"));
        var (all, truth) = (tensors["probs"], Array.ConvertAll(tensors["labels"], label => (int)label));
        var recorded = Parity.Doubles(json["greedy"]!["log_loss"]!["weights_start_plus_20_rounds"]);
        var size = all.Length / recorded.Length;
        var classes = size / truth.Length;
        double[][] members = [.. Enumerable.Range(0, recorded.Length).Select(m => all[(m * size)..((m + 1) * size)])];
        double[] equal = [.. recorded.Select(_ => 1.0 / recorded.Length)];
        foreach (var (name, expected) in json["averages"]!.AsObject())
        {
            (BlendKind Kind, double[] Weights)? known = name switch
            {
                "mean" => (BlendKind.Mean, equal),
                "weighted_mean" => (BlendKind.Mean, recorded),
                "geometric_mean" => (BlendKind.Geometric, equal),
                "weighted_geometric_mean" => (BlendKind.Geometric, recorded),
                "rank_mean" => (BlendKind.Rank, equal),
                "median_renormalized" => (BlendKind.Median, equal),
                "vote_share" => (BlendKind.Vote, equal),
                _ => null,
            };
            if (known is not { } average)
            {
                parity.NotUnderstood(name);
                continue;
            }
            var ours = Blend.Average(average.Kind, members, average.Weights, classes);
            parity.Near(name, tensors[$"average.{name}"], ours, Exact);
            foreach (var (score, value) in expected!.AsObject())
                switch (score)
                {
                    case "accuracy": parity.Near($"{name} accuracy", value, Metrics.Accuracy(truth, ArgMax(ours, classes)), Exact); break;
                    case "log_loss" when value is null: break;
                    case "log_loss":
                        var clip = json["log_loss_clip"]!.GetValue<double>();
                        parity.Near($"{name} log-loss", value, Metrics.LogLoss(ours, truth, clip, renormalise: false), Exact);
                        break;
                    default: parity.NotUnderstood($"{name} {score}"); break;
                }
        }
        parity.Finish();
    }

    static int[] ArgMax(double[] values, int classes) =>
        [.. Enumerable.Range(0, values.Length / classes).Select(i => PredictionSet.ArgMax(values.AsSpan(i * classes, classes)))];
}
