using System.Text.Json.Nodes;
using Tutti.Labels;
using Tutti.Tests.Evaluation;

namespace Tutti.Tests.Labels;

/// <summary>Ensembles, several labels a row and outliers as recorded in 07_cleanlab.</summary>
public sealed class MembersAndOutliersParityTests
{
    const double Exact = 1e-12, Stated = 1e-10, NearDuplicate = 1e-6;

    public static TheoryData<string> Ensembles => Parity.Files("07_cleanlab", "ensemble_*.json");
    public static TheoryData<string> MultiLabels => Parity.Files("07_cleanlab", "multilabel_*.json");
    public static TheoryData<string> Outliers => Parity.Files("07_cleanlab", "ood_*.json");

    [Theory, MemberData(nameof(Ensembles))]
    public void Scores_of_several_members_equal_the_recorded_reference(string file)
    {
        var (parity, json, tensors) = (new Parity(file), Parity.Json(file), new FixtureTensors(Path.ChangeExtension(file, ".safetensors")));
        var k = (int)json["k"]!;
        var labels = Array.ConvertAll(tensors["labels"], label => (int)label);
        double[][] members = [.. Enumerable.Range(0, (int)json["members"]!).Select(m => tensors[$"pred_probs.{m}"])];
        parity.Near("accuracy weights", json["accuracy_weights"], MemberEnsemble.Weights(members, labels, k, MemberWeights.Accuracy), Exact);
        foreach (var key in json["keys"]!.AsArray().Select(key => (string)key!))
        {
            var words = key.Split('.');
            var weights = words[1] switch
            {
                "uniform" => MemberEnsemble.Weights(members, labels, k, MemberWeights.Uniform),
                "accuracy" => MemberEnsemble.Weights(members, labels, k, MemberWeights.Accuracy),
                "log_loss_search" => MemberEnsemble.Weights(members, labels, k, MemberWeights.LogLossSearch),
                "custom" => Parity.Doubles(json["custom_weights"]),
                var other => throw new NotSupportedException(other),
            };
            parity.Near(key, tensors[key], MemberEnsemble.Quality(members, labels, k, weights, LabelNames.Scores[words[2]], adjusted: words.Length > 3), Stated);
        }
        for (var row = 0; row < labels.Length; row++) parity.True("votes", MemberEnsemble.Votes(members, row, k).Sum() == members.Length);
        parity.Finish();
    }

    /// <summary>The reference's order for the two filters of lowest scores goes by the scores of other rows than it lists (each by its place among the flagged): rows alone are compared there.</summary>
    [Theory, MemberData(nameof(MultiLabels))]
    public void Rows_of_several_labels_are_flagged_and_scored_as_recorded(string file)
    {
        var (parity, json, tensors) = (new Parity(file), Parity.Json(file), new FixtureTensors(Path.ChangeExtension(file, ".safetensors")));
        var k = (int)json["k"]!;
        var audit = new MultiLabelAudit(Array.ConvertAll(tensors["labels_onehot"], label => (int)label), tensors["pred_probs"], k);
        foreach (var (name, recorded) in json["find_label_issues"]!.AsObject())
        {
            var flagged = audit.Find(new() { Filter = LabelNames.Filters[name] });
            parity.True(name, Parity.Integers(recorded!["indices"]).SequenceEqual(Enumerable.Range(0, flagged.Length).Where(row => flagged[row])));
            if (!name.StartsWith("low_", StringComparison.Ordinal)) parity.True(name + " ranked", Parity.Integers(recorded["ranked_self_confidence"]).SequenceEqual(audit.Ranked(flagged)));
        }
        var byClass = audit.FindByClass();
        for (var one = 0; one < k; one++)
        {
            parity.True("issues of a class", Parity.Integers(json["issues_per_class_prune_by_noise_rate"]![one]).SequenceEqual(Enumerable.Range(0, byClass[one].Length).Where(row => byClass[one][row])));
            parity.Near("joint of a class", json["confident_joint_one_vs_rest"]![one], [.. audit[one].Joint.Calibrated.Cast<int>().Select(count => (double)count)], 0);
        }
        foreach (var (name, method) in LabelNames.Scores)
        {
            parity.Near(name, tensors["quality." + name], audit.Quality(method), Stated);
            var each = audit.QualityByClass(method);
            parity.Near(name + " by class", tensors["quality_per_class." + name], [.. Enumerable.Range(0, each[0].Length).SelectMany(row => each.Select(one => one[row]))], Stated);
        }
        parity.Near("another alpha", tensors["quality.self_confidence.methodexponential_moving_average_alpha0.5"], audit.Quality(alpha: 0.5), Stated);
        parity.Near("soft minimum", tensors["quality.self_confidence.methodsoftmin_temperature0.1"], audit.SoftMinimum(), Stated);
        parity.Near("health", json["overall_multilabel_health_score"], audit.Health(), Exact);
        parity.True("common issues", json["common_multilabel_issues"]!.AsArray().Select(one => new MultiLabelIssue((int)one!["Class Index"]!, (bool)one["In Given Label"]!, (int)one["Num Examples"]!))
            .SequenceEqual(audit.CommonIssues()));
        parity.Finish();
    }

    [Theory, MemberData(nameof(Outliers))]
    public void Outlier_scores_and_neighbours_equal_the_recorded_reference(string file)
    {
        var (parity, json, tensors) = (new Parity(file), Parity.Json(file), new FixtureTensors(Path.ChangeExtension(file, ".safetensors")));
        var dimension = (int)json["dim"]!;
        foreach (var (name, node) in json.Where(pair => pair.Value is JsonObject known && known.ContainsKey("scaling_factor")))
        {
            var k = (int)node!["n_neighbors"]!;
            var scores = new OutlierScores(tensors["features"], dimension, k, t: (double)node["t"]!);
            parity.True(name + " metric", (string)node["metric"]! == (NearestRows.Usual(dimension) == RowDistance.Cosine ? "cosine" : "euclidean"));
            parity.Near(name + " scale", node["scaling_factor"], scores.Scale, NearDuplicate);
            parity.Near(name + " fitted", tensors["fit_score." + name], scores.Fitted, NearDuplicate);
            parity.Near(name + " others", tensors["test_score." + name], scores.Score(tensors["test_features"]), NearDuplicate);
            parity.Near(name + " distances", tensors["train_distances_without_self." + name], [.. scores.Nearest.Distances.SelectMany(row => row)], NearDuplicate);
            // Rows 6 and 7 are the same: which of the two comes first is the reference's accident.
            parity.Near(name + " neighbours", Array.ConvertAll(tensors["train_neighbours_without_self." + name], OneOfTwo), [.. scores.Nearest.Rows.SelectMany(row => row.Select(other => OneOfTwo(other)))], 0);
            parity.Near(name + " distances of others", tensors["test_distances." + name], [.. NearestRows.Of(tensors["features"], dimension, k, asked: tensors["test_features"]).Distances.SelectMany(row => row)], NearDuplicate);
            parity.True("the two equal rows", NearDuplicates.Find(scores.Nearest)[0] is (6, 7, 0));
        }
        var labels = Array.ConvertAll(tensors["labels"], label => (int)label);
        var classes = tensors["pred_probs"].Length / labels.Length;
        var thresholds = LabelAudit.Of(ProbabilityRows.Of(tensors["pred_probs"], classes), labels).Joint.Thresholds;
        foreach (var (name, method) in new[] { ("entropy", ProbabilityOutlier.Entropy), ("least_confidence", ProbabilityOutlier.LeastConfidence), ("gen", ProbabilityOutlier.GeneralizedEntropy) })
        {
            parity.Near(name, tensors[$"pred_probs_score.{name}.raw"], OutlierScores.OfProbabilities(tensors["pred_probs"], classes, method), Stated);
            parity.Near(name + " adjusted", tensors[$"pred_probs_score.{name}.adjusted"], OutlierScores.OfProbabilities(tensors["pred_probs"], classes, method, thresholds), Stated);
        }
        parity.Finish();
    }

    static double OneOfTwo(double row) => row == 7 ? 6 : row;
}
