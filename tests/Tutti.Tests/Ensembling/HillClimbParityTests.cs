using Tutti.Ensembling;
using Tutti.Tests.Evaluation;

namespace Tutti.Tests.Ensembling;

/// <summary>Greedy selection as recorded in 09_ensembles/set_*.json: every selection, its score, and the weights.</summary>
public sealed class HillClimbParityTests
{
    const double Exact = 1e-12;
    public static TheoryData<string> Files => Parity.Files("09_ensembles", "set_*.json");

    [Theory, MemberData(nameof(Files))]
    public void Selections_scores_and_weights_equal_the_recorded_reference(string file)
    {
        var parity = new Parity(file);
        var json = Parity.Json(file);
        var tensors = new FixtureTensors(Path.ChangeExtension(file, ".safetensors"));
        var (all, truth) = (tensors["probs"], Array.ConvertAll(tensors["labels"], label => (int)label));
        foreach (var (name, node) in json["greedy"]!.AsObject())
        {
            BlendMetric? known = name switch { "log_loss" => BlendMetric.LogLoss, "accuracy" => BlendMetric.Accuracy, _ => null };
            if (known is not { } metric)
            {
                parity.NotUnderstood(name);
                continue;
            }
            var recorded = node!;
            var singles = Parity.Doubles(recorded["single_scores"]);
            var size = all.Length / singles.Length;
            var classes = size / truth.Length;
            double[][] members = [.. Enumerable.Range(0, singles.Length).Select(m => all[(m * size)..((m + 1) * size)])];
            for (var m = 0; m < members.Length; m++) parity.Near($"{name} of a single member", singles[m], HillClimb.Of([members[m]], truth, classes, metric, 0).Trace[0].Score, Exact);
            var trace = recorded["trace"]!.AsArray();
            var climb = HillClimb.Of(members, truth, classes, metric, trace.Count - 1);
            for (var i = 0; i < trace.Count; i++)
            {
                parity.True($"{name} selection {i}", climb.Trace[i].Member == (int)trace[i]!["member"]!);
                parity.Near($"{name} of a selection", trace[i]!["score"], climb.Trace[i].Score, Exact);
            }
            parity.Near($"{name} weights", recorded["weights_start_plus_20_rounds"], climb.Weights(members.Length), 0);
            parity.Near($"{name} weights of 20", recorded["weights_after_20_selections_in_all"], climb.Weights(members.Length, 20), 0);
            parity.True($"{name} best prefix", climb.BestPrefix(metric) == (int)recorded["best_prefix_length"]!);
            parity.Near($"{name} weights of the best prefix", recorded["weights_best_prefix"], climb.Weights(members.Length, climb.BestPrefix(metric)), 0);
        }
        parity.Finish();
    }
}
