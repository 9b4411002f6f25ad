using System.Text.Json.Nodes;
using Tutti.Labels;
using Tutti.Tests.Evaluation;

namespace Tutti.Tests.Labels;

/// <summary>Confident learning as recorded in 07_cleanlab/problem_*.json: thresholds, joints, noise, filters, ranked lists, scores, health.</summary>
public sealed class LabelParityTests
{
    const double Exact = 1e-12, Stated = 1e-10;
    public static TheoryData<string> Files => Parity.Files("07_cleanlab", "problem_*.json");

    [Theory, MemberData(nameof(Files))]
    public void Joints_and_noise_matrices_equal_the_recorded_reference(string file)
    {
        var (parity, json, audit, k) = (new Parity(file), Parity.Json(file), Audit(file), (int)Parity.Json(file)["k"]!);
        var joint = audit.Joint;
        parity.Near("thresholds", json["confident_thresholds"], joint.Thresholds, Exact);
        parity.Near("joint as counted", json["confident_joint_uncalibrated"], Flat(joint.Counts), 0);
        parity.Near("joint calibrated", json["confident_joint"], Flat(joint.Calibrated), 0);
        foreach (var name in new[] { "joint", "joint_from_uncalibrated" }) parity.Near(name, json[name], Flat(joint.Joint), Exact);
        var off = Enumerable.Range(0, joint.Confident.Length).Where(row => joint.Confident[row] >= 0 && joint.Confident[row] != Labels(file)[row]);
        parity.True("rows off the diagonal", Parity.Integers(json["off_diagonal_indices"]).SequenceEqual(off));
        parity.True("number of issues", (int)json["num_label_issues"]!["off_diagonal"]! == audit.CountIssues());
        parity.True("number of issues, calibrated", (int)json["num_label_issues"]!["off_diagonal_calibrated"]! == audit.CountIssues(calibrated: true));
        foreach (var (name, method, converge) in new[]
        {
            ("latent_cnt", ClassShares.Counted, false), ("latent_eqn", ClassShares.Equations, false), ("latent_marginal", ClassShares.Marginal, false),
            ("latent_marginal_ps", ClassShares.MarginalOfLabels, false), ("converged", ClassShares.Counted, true), ("estimate_py_and_noise_matrices_from_probabilities", ClassShares.Counted, true),
        })
        {
            var latent = LatentNoise.Of(joint.Calibrated, joint.LabelCounts, method, converge);
            parity.Near(name + " py", json[name]!["py"], latent.Shares, Stated);
            parity.Near(name + " noise", json[name]!["noise_matrix"], Flat(latent.Noise), Stated);
            parity.Near(name + " inverse", json[name]!["inverse_noise_matrix"], Flat(latent.Inverse), Stated);
        }
        Assert.Equal(k, joint.Thresholds.Length);
        parity.Finish();
    }

    [Theory, MemberData(nameof(Files))]
    public void Every_filter_flags_and_ranks_the_recorded_rows(string file)
    {
        var (parity, json, audit) = (new Parity(file), Parity.Json(file), Audit(file));
        foreach (var (name, recorded) in json["find_label_issues"]!.AsObject())
        {
            // Where equal scores leave the reference's order to chance, the recorded answers of a stable sort hold.
            var expected = json["stable_sort_alternative"]!["find_label_issues"]?[name] ?? recorded!;
            var flagged = audit.Find(SearchOf(name));
            parity.True(name + " indices", Parity.Integers(expected["indices"]).SequenceEqual(Rows(flagged)));
            if (expected["ranked"] is not JsonObject ranked) continue;
            foreach (var (score, list) in ranked) parity.True($"{name} ranked by {score}", Parity.Integers(list).SequenceEqual(audit.Ranked(flagged, LabelNames.Scores[score])));
            parity.True($"{name} ranked by adjusted self-confidence", Parity.Integers(expected["ranked_adjusted_self_confidence"]).SequenceEqual(audit.Ranked(flagged, LabelQuality.SelfConfidence, adjusted: true)));
        }
        parity.Finish();
    }

    [Theory, MemberData(nameof(Files))]
    public void Quality_scores_equal_the_recorded_reference(string file)
    {
        var (parity, _, audit) = (new Parity(file), Parity.Json(file), Audit(file));
        var tensors = new FixtureTensors(Path.ChangeExtension(file, ".safetensors"));
        foreach (var (name, method) in LabelNames.Scores)
        {
            parity.Near(name, tensors["quality." + name], audit.Quality(method), Exact, relative: true);
            if (method != LabelQuality.ConfidenceWeightedEntropy) parity.Near(name + " adjusted", tensors[$"quality.{name}.adjusted"], audit.Quality(method, adjusted: true), Exact, relative: true);
        }
        parity.Finish();
    }

    [Theory, MemberData(nameof(Files))]
    public void Health_equals_the_recorded_reference(string file)
    {
        var (parity, json, health) = (new Parity(file), Parity.Json(file)["health_summary"]!, Audit(file).Health());
        parity.Near("score", json["overall_label_health_score"], health.Score, Exact);
        var recorded = json["classes_by_label_quality"]!.AsArray();
        parity.Near("qualities in their order", [.. recorded.Select(one => (double)one!["Label Quality Score"]!)], [.. health.Classes.Select(one => one.Quality)], Exact);
        foreach (var one in recorded.Select(one => one!))
        {
            var ours = health.Classes.Single(mine => mine.Class == (int)one["Class Index"]!);
            parity.True("issues", ours.Issues == (int)one["Label Issues"]! && ours.InverseIssues == (int)one["Inverse Label Issues"]!);
            parity.Near("noise", one["Label Noise"], ours.Noise, Exact);
            parity.Near("inverse noise", one["Inverse Label Noise"], ours.InverseNoise, Exact);
        }
        var pairs = json["overlapping_classes"]!.AsArray();
        parity.Near("overlaps in their order", [.. pairs.Select(pair => (double)pair!["Joint Probability"]!)], [.. health.Overlaps.Select(pair => pair.Share)], Exact);
        foreach (var pair in pairs.Select(pair => pair!))
            parity.True("rows of an overlap", health.Overlaps.Single(mine => mine.A == (int)pair["Class Index A"]! && mine.B == (int)pair["Class Index B"]!).Rows == (int)pair["Num Overlapping Examples"]!);
        parity.Finish();
    }

    /// <summary>Float32 rows, whole or in pieces that no thread's share divides, flag what the same numbers in double flag.</summary>
    [Theory, MemberData(nameof(Files))]
    public void Rows_in_batches_and_in_float32_give_the_same_answer(string file)
    {
        var (k, labels) = ((int)Parity.Json(file)["k"]!, Labels(file));
        float[] single = [.. new FixtureTensors(Path.ChangeExtension(file, ".safetensors"))["pred_probs"].Select(p => (float)p)];
        double[] widened = [.. single.Select(p => (double)p)];
        var whole = LabelAudit.Of(ProbabilityRows.Of(widened, k), labels);
        foreach (var filter in LabelNames.Filters.Values)
        {
            var expected = whole.Find(new() { Filter = filter });
            foreach (var batch in new[] { 1, 7, labels.Length }) Assert.Equal(expected, LabelAudit.Of(ProbabilityRows.InBatches(single, k, batch), labels).Find(new() { Filter = filter }));
            Assert.Equal(expected, LabelAudit.Of(ProbabilityRows.InBatches(widened, k, 11), labels).Find(new() { Filter = filter }));
        }
        foreach (var method in LabelNames.Scores.Values) Assert.Equal(whole.Quality(method), LabelAudit.Of(ProbabilityRows.InBatches(single, k, 13), labels).Quality(method));
    }

    static LabelAudit<double> Audit(string file) => LabelAudit.Of(
        ProbabilityRows.Of(new FixtureTensors(Path.ChangeExtension(file, ".safetensors"))["pred_probs"], (int)Parity.Json(file)["k"]!), Labels(file));

    static int[] Labels(string file) => Array.ConvertAll(new FixtureTensors(Path.ChangeExtension(file, ".safetensors"))["labels"], label => (int)label);

    static LabelSearch SearchOf(string name) => name switch
    {
        _ when name.EndsWith("_frac_noise0.5", StringComparison.Ordinal) => new() { Filter = LabelNames.Filters[name[..^14]], FracNoise = 0.5 },
        _ when name.EndsWith("_min_examples5", StringComparison.Ordinal) => new() { Filter = LabelNames.Filters[name[..^14]], MinExamplesPerClass = 5 },
        _ => new() { Filter = LabelNames.Filters[name] },
    };

    static int[] Rows(bool[] flagged) => [.. Enumerable.Range(0, flagged.Length).Where(row => flagged[row])];
    static double[] Flat<T>(T[,] matrix) where T : struct, IConvertible => [.. matrix.Cast<T>().Select(value => Convert.ToDouble(value, System.Globalization.CultureInfo.InvariantCulture))];
}
