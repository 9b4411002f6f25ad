using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Tutti.Evaluation;
using Tutti.Predictions;

namespace Tutti.Tests.Evaluation;

/// <summary>Every key of 06_losses_metrics/metrics_*.json against our value; a key nobody understands fails.</summary>
public sealed partial class MetricsParityTests
{
    const double Exact = 1e-12;
    const double Area = 1e-10;

    public static TheoryData<string> Files => Parity.Files("06_losses_metrics", "metrics_*.json");

    [Theory]
    [MemberData(nameof(Files))]
    public void Metrics_equal_the_recorded_reference(string file)
    {
        var parity = new Parity(file);
        var json = Parity.Json(file);
        var tensors = new FixtureTensors(Path.ChangeExtension(file, ".safetensors"));
        var @case = new Case(json, tensors["probs"], Parity.Integers(json["y"]), Parity.Integers(json["pred"]), json["k"]!.GetValue<int>());
        foreach (var (key, expected) in json)
        {
            var understood = key switch
            {
                "seed" or "versions" or "n" or "k" or "y" or "ties" or "sample_weight" => true,
                "multilabel" => CheckMultiLabel(parity, expected!.AsObject(), tensors["multilabel_scores"], @case.K),
                "regression" => CheckRegression(parity, expected!.AsObject()),
                "weighted" => CheckWeighted(parity, expected!.AsObject(), @case),
                _ => CheckLabels(parity, key, expected, @case) || CheckProbabilities(parity, key, expected, @case)
                    || CheckRanking(parity, key, expected, @case),
            };
            if (!understood) parity.NotUnderstood(key);
        }
        parity.Finish();
    }

    sealed record Case(JsonObject Json, double[] Probabilities, int[] Truth, int[] Predicted, int K)
    {
        public ConfusionMatrix Matrix { get; } = new(Truth, Predicted, K);

        // Two classes: the score of class 1 and which rows are of it.
        public double[] Scores => [.. Truth.Select((_, i) => Probabilities[i * K + 1])];
        public bool[] Positive => [.. Truth.Select(t => t == 1)];
    }

    static bool CheckLabels(Parity parity, string key, JsonNode? expected, Case c)
    {
        if (PrfKey().Match(key) is { Success: true } prf)
        {
            CheckFScores(parity, key, expected!.AsObject(), new FScores(c.Matrix, Number(prf.Groups[1]), Number(prf.Groups[2])));
            return true;
        }
        switch (key)
        {
            case "pred":
                var set = new PredictionSet([.. c.Truth.Select((_, i) => $"{i}")], [.. Enumerable.Range(0, c.K).Select(k => $"{k}")], c.Probabilities);
                parity.True(key, set.Predicted().SequenceEqual(c.Predicted));
                return true;
            case "never_true": parity.True(key, Absent(c.Matrix.TrueTotals).SequenceEqual(Parity.Integers(expected))); return true;
            case "never_predicted": parity.True(key, Absent(c.Matrix.PredictedTotals).SequenceEqual(Parity.Integers(expected))); return true;
            case "confusion_matrix": parity.Near(key, expected, Flat(c.Matrix), 0); return true;
            case "accuracy":
                parity.Near(key, expected, Metrics.Accuracy(c.Truth, c.Predicted), Exact);
                parity.Near(key, expected, Metrics.Accuracy(c.Matrix), Exact);
                return true;
            case "balanced_accuracy": parity.Near(key, expected, Metrics.BalancedAccuracy(c.Matrix), Exact); return true;
            case "balanced_accuracy_adjusted": parity.Near(key, expected, Metrics.BalancedAccuracy(c.Matrix, adjusted: true), Exact); return true;
            case "matthews_corrcoef": parity.Near(key, expected, Metrics.MatthewsCorrelation(c.Matrix), Exact); return true;
            case "f1_macro_default_labels": parity.Near(key, expected, Metrics.F1MacroOfPresent(c.Matrix), Exact); return true;
            case "cohen_kappa":
                foreach (var (name, value) in expected!.AsObject())
                {
                    if (Enum.TryParse<KappaWeights>(name, ignoreCase: true, out var weights)) parity.Near($"{key} {name}", value,
                        Metrics.CohenKappa(c.Matrix, weights), Exact);
                    else parity.NotUnderstood($"{key} {name}");
                }
                return true;
            default: return false;
        }
    }

    static bool CheckProbabilities(Parity parity, string key, JsonNode? expected, Case c)
    {
        if (NumberedKey().Match(key) is { Success: true } numbered)
        {
            var number = Number(numbered.Groups[2]);
            switch (numbered.Groups[1].Value)
            {
                case "log_loss_eps": parity.Near(key, expected, Metrics.LogLoss(c.Probabilities, c.Truth, number), Exact); return true;
                case "adaptive_ece": parity.Near(key, expected, Calibration.AdaptiveError(c.Probabilities, c.Truth, (int)number), Exact); return true;
                case "ece" when expected is JsonObject detail:
                    CheckBins(parity, key, detail, Calibration.Bins(c.Probabilities, c.Truth, (int)number), c);
                    return true;
                case "ece": parity.Near(key, expected, Calibration.Error(c.Probabilities, c.Truth, (int)number), Exact); return true;
                case "top":
                    // Recorded as null where the question is empty: all classes are among the top.
                    parity.Near(key, expected?.GetValue<double>() ?? 1, Metrics.TopAccuracy(c.Probabilities, c.Truth, (int)number), Exact);
                    return true;
            }
        }
        switch (key)
        {
            case "log_loss": parity.Near(key, expected, Metrics.LogLoss(c.Probabilities, c.Truth), Exact); return true;
            case "brier_multiclass_mean_sum_sq": parity.Near(key, expected, Metrics.Brier(c.Probabilities, c.Truth), Exact); return true;
            case "brier": parity.Near(key, expected, Metrics.BrierBinary(c.Scores, c.Truth), Exact); return true;
            default: return false;
        }
    }

    static bool CheckRanking(Parity parity, string key, JsonNode? expected, Case c)
    {
        double[] Aucs() => Ranking.RocAucPerClass(c.Probabilities, c.Truth);
        double[] Averages() => Ranking.AveragePrecisionPerClass(c.Probabilities, c.Truth);
        if (PartialKey().Match(key) is { Success: true } partial)
        {
            parity.Near(key, expected, Ranking.PartialRocAuc(c.Scores, c.Positive, Number(partial.Groups[1])), Area);
            return true;
        }
        switch (key)
        {
            case "roc_auc": parity.Near(key, expected, Ranking.RocAuc(c.Scores, c.Positive), Area); return true;
            case "average_precision": parity.Near(key, expected, Ranking.AveragePrecision(c.Scores, c.Positive), Area); return true;
            case "roc_curve":
                var roc = Ranking.Roc(c.Scores, c.Positive);
                Each(parity, key, expected, name => name switch
                {
                    "fpr" => roc.FalsePositiveRate,
                    "tpr" => roc.TruePositiveRate,
                    "thresholds" => roc.Thresholds,
                    _ => null
                });
                return true;
            case "pr_curve":
                var curve = Ranking.PrecisionRecall(c.Scores, c.Positive);
                Each(parity, key, expected, name => name switch
                {
                    "precision" => curve.Precision,
                    "recall" => curve.Recall,
                    "thresholds" => curve.Thresholds,
                    _ => null
                });
                return true;
            case "roc_auc_per_class": parity.Near(key, expected, Aucs(), Area); return true;
            case "roc_auc_ovr_macro": parity.Near(key, expected, Ranking.MeanOverClasses(Aucs(), c.Truth, weighted: false), Area); return true;
            case "roc_auc_ovr_weighted": parity.Near(key, expected, Ranking.MeanOverClasses(Aucs(), c.Truth, weighted: true), Area); return true;
            case "roc_auc_ovo_macro": parity.Near(key, expected, Ranking.RocAucOneVersusOne(c.Probabilities, c.Truth), Area); return true;
            case "roc_auc_ovo_weighted": parity.Near(key, expected, Ranking.RocAucOneVersusOne(c.Probabilities, c.Truth, weighted: true), Area); return true;
            case "average_precision_per_class": parity.Near(key, expected, Averages(), Area); return true;
            case "average_precision_ovr":
                Each(parity, key, expected, name => name switch
                {
                    "macro" => [Ranking.MeanOverClasses(Averages(), c.Truth, weighted: false)],
                    "weighted" => [Ranking.MeanOverClasses(Averages(), c.Truth, weighted: true)],
                    "micro" => [Ranking.AveragePrecisionMicro(c.Probabilities, c.Truth)],
                    _ => null,
                });
                return true;
            default: return false;
        }
    }

    static bool CheckWeighted(Parity parity, JsonObject expected, Case c)
    {
        var weights = Parity.Doubles(c.Json["sample_weight"]);
        var matrix = new ConfusionMatrix(c.Truth, c.Predicted, c.K, weights);
        foreach (var (key, value) in expected)
            switch (key)
            {
                case "accuracy": parity.Near($"weighted {key}", value, Metrics.Accuracy(c.Truth, c.Predicted, weights), Exact); break;
                case "f1_macro": parity.Near($"weighted {key}", value, Metrics.F1MacroOfPresent(matrix), Exact); break;
                case "log_loss": parity.Near($"weighted {key}", value, Metrics.LogLoss(c.Probabilities, c.Truth, weights: weights), Exact); break;
                case "matthews": parity.Near($"weighted {key}", value, Metrics.MatthewsCorrelation(matrix), Exact); break;
                case "confusion": parity.Near($"weighted {key}", value, Flat(matrix), Exact); break;
                default: parity.NotUnderstood($"weighted {key}"); break;
            }
        return true;
    }

    static bool CheckMultiLabel(Parity parity, JsonObject expected, double[] scores, int labels)
    {
        var truth = Array.ConvertAll(Parity.Integers(expected["y"]), flag => flag == 1);
        var predicted = MultiLabel.Threshold(scores);
        var f = MultiLabel.PerLabel(truth, predicted, labels);
        Each(parity, "multilabel", expected, key => key switch
        {
            "y" => Parity.Doubles(expected["y"]),
            "exact_match" => [MultiLabel.ExactMatch(truth, predicted, labels)],
            "hamming_loss" => [MultiLabel.HammingLoss(truth, predicted)],
            "f1" => [.. expected["f1"]!.AsObject().Select(pair => pair.Key switch
            {
                "micro" => f.Micro.F,
                "macro" => f.Macro.F,
                "weighted" => f.Weighted.F,
                "samples" => MultiLabel.F1OfSamples(truth, predicted, labels),
                _ => double.NegativeInfinity,
            })],
            "f1_per_class" => [.. f.PerClass.Select(each => each.F)],
            "jaccard_samples" => [MultiLabel.JaccardOfSamples(truth, predicted, labels)],
            "ap_macro" => [MultiLabel.PerColumn(scores, truth, labels, Ranking.AveragePrecision).Average()],
            "ap_micro" => [Ranking.AveragePrecision(scores, truth)],
            "roc_auc_macro" => [MultiLabel.PerColumn(scores, truth, labels, Ranking.RocAuc).Average()],
            "lrap" => [MultiLabel.RankingAveragePrecision(scores, truth, labels)],
            "log_loss_mean" => [MultiLabel.LogLoss(scores, truth)],
            _ => null,
        });
        return true;
    }

    static bool CheckRegression(Parity parity, JsonObject expected)
    {
        var (truth, predicted) = (Parity.Doubles(expected["y"]), Parity.Doubles(expected["pred"]));
        double[] Rounded(double[] values) => Array.ConvertAll(values, v => Math.Round(v * 10) / 10); // the note in the file: ties on purpose
        Each(parity, "regression", expected, key => key switch
        {
            "y" or "pred" => Parity.Doubles(expected[key]),
            "note" => [],
            "mse" => [Regression.MeanSquaredError(truth, predicted)],
            "rmse" => [Regression.RootMeanSquaredError(truth, predicted)],
            "mae" => [Regression.MeanAbsoluteError(truth, predicted)],
            "r2" => [Regression.R2(truth, predicted)],
            "explained_variance" => [Regression.ExplainedVariance(truth, predicted)],
            "pearson" => [Regression.Pearson(truth, predicted)],
            "spearman" => [Regression.Spearman(Rounded(truth), Rounded(predicted))],
            "kendall_tau_b" => [Regression.KendallTauB(Rounded(truth), Rounded(predicted))],
            _ => null,
        });
        return true;
    }

    // Compares each member of an object with our values of that name; null: not understood.
    static void Each(Parity parity, string what, JsonNode? expected, Func<string, double[]?> ours)
    {
        foreach (var (key, value) in expected!.AsObject())
        {
            if (ours(key) is not { } actual) parity.NotUnderstood($"{what} {key}");
            else if (value is JsonObject inner) parity.Near($"{what} {key}", [.. inner.Select(pair => pair.Value!.GetValue<double>())], actual, Exact);
            else if (actual.Length > 0) parity.Near($"{what} {key}", value, actual, IsArea(key) ? Area : Exact);
        }
    }

    static bool IsArea(string key) => key.StartsWith("ap_", StringComparison.Ordinal) || key.StartsWith("roc_", StringComparison.Ordinal)
        || key is "macro" or "micro" or "weighted";

    static void CheckFScores(Parity parity, string key, JsonObject expected, FScores scores)
    {
        double[] Three(PrecisionRecall each) => [each.Precision, each.Recall, each.F];
        Each(parity, key, expected["per_class"], name => name switch
        {
            "precision" => [.. scores.PerClass.Select(each => each.Precision)],
            "recall" => [.. scores.PerClass.Select(each => each.Recall)],
            "f" => [.. scores.PerClass.Select(each => each.F)],
            "support" => [.. scores.Support],
            _ => null,
        });
        foreach (var (name, value) in expected)
            switch (name)
            {
                case "per_class": break;
                case "micro": parity.Near($"{key} {name}", value, Three(scores.Micro), Exact); break;
                case "macro": parity.Near($"{key} {name}", value, Three(scores.Macro), Exact); break;
                case "weighted": parity.Near($"{key} {name}", value, Three(scores.Weighted), Exact); break;
                default: parity.NotUnderstood($"{key} {name}"); break;
            }
    }

    static void CheckBins(Parity parity, string key, JsonObject expected, CalibrationBin[] bins, Case c)
    {
        foreach (var (name, value) in expected)
            switch (name)
            {
                case "ece": parity.Near($"{key} {name}", value, Calibration.Error(c.Probabilities, c.Truth, bins.Length), Exact); break;
                case "mce": parity.Near($"{key} {name}", value, Calibration.MaximumError(c.Probabilities, c.Truth, bins.Length), Exact); break;
                case "bins":
                    for (var b = 0; b < bins.Length; b++)
                        foreach (var (field, cell) in value![b]!.AsObject())
                            switch (field)
                            {
                                case "lo": parity.Near($"{key} lo", cell, bins[b].Low, Exact); break;
                                case "hi": parity.Near($"{key} hi", cell, bins[b].High, Exact); break;
                                case "count": parity.Near($"{key} count", cell, bins[b].Count, 0); break;
                                case "accuracy": parity.Near($"{key} accuracy", cell, bins[b].Accuracy, Exact); break;
                                case "confidence": parity.Near($"{key} confidence", cell, bins[b].Confidence, Exact); break;
                                default: parity.NotUnderstood($"{key} bins {field}"); break;
                            }
                    break;
                default: parity.NotUnderstood($"{key} {name}"); break;
            }
    }

    static IEnumerable<int> Absent(double[] totals) => Enumerable.Range(0, totals.Length).Where(k => totals[k] == 0);

    static double[] Flat(ConfusionMatrix matrix) =>
        [.. from t in Enumerable.Range(0, matrix.Classes) from p in Enumerable.Range(0, matrix.Classes) select matrix[t, p]];

    static double Number(Group group) => double.Parse(group.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^prf_beta([\d.]+)_zero_division([\d.]+)$")]
    private static partial Regex PrfKey();

    [GeneratedRegex(@"^(log_loss_eps|adaptive_ece|ece|top)(\d[\d.e-]*)(_accuracy)?$")]
    private static partial Regex NumberedKey();

    [GeneratedRegex(@"^roc_auc_partial_max_fpr([\d.]+)$")]
    private static partial Regex PartialKey();
}
