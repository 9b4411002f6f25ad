using System.Globalization;
using Tutti.Evaluation;
using Tutti.Predictions;

namespace Tutti.Ensembling;

/// <summary>A blend fitted to all out-of-fold rows, and what it is worth on rows that it was not fitted to.</summary>
/// <param name="Name">The method, as a table calls it.</param>
/// <param name="Record">What is applied to other rows.</param>
/// <param name="Fitted">The same before temperature and scales.</param>
/// <param name="OutOfFold">Every row by weights, temperature and scales that were learnt from other parts' rows.</param>
/// <param name="Notes">What should be known of it, one line each.</param>
/// <param name="Warnings">What should not be overlooked.</param>
public sealed record ChosenBlend(string Name, BlendRecord Record, FittedBlend Fitted, PredictionSet OutOfFold, IReadOnlyList<string> Notes, IReadOnlyList<string> Warnings)
{
    /// <summary>Chooses, judges and fits.</summary>
    /// <param name="rows">What to learn from.</param>
    /// <param name="plan">What is asked.</param>
    /// <exception cref="DataException">Rows of one part only, where something is to be learnt.</exception>
    public static ChosenBlend Of(OutOfFoldRows rows, BlendPlan plan)
    {
        var report = new Report([], []);
        if (rows.Parts.Distinct().Count() < 2 && (rows.Members.Length > 1 && plan.Choice is not (BlendChoice.Mean or BlendChoice.Geometric or BlendChoice.Rank) || plan.AtMost is not null || plan.Temperature || plan.Scaled))
            throw new DataException("blend", $"there are {rows.Labels.Length} held-out rows in one part: nothing can be learnt from some and judged on others; use blend: mean, or more rows or folds");
        var method = rows.Members.Length == 1 ? BlendMethod.Plain(BlendKind.Mean) : Decide(rows, plan, report);
        if (rows.Members.Length > 1 && plan.AtMost is { } most) method = Smaller(rows, plan, method, most, report);
        var fitted = method.Fit(rows.Members, rows.Labels, rows.Rows.K);
        var record = BlendRecord.Of(fitted, rows.Names) with { Method = method.Name, Classes = rows.Rows.Classes, Gains = report.Gains.Count > 0 ? report.Gains : null };
        var nested = Nested(rows, method);
        if (plan.Temperature || plan.Scaled) (record, nested) = Calibrate(rows, plan, method, record, nested, report);
        var shares = string.Join(", ", fitted.Used.OrderByDescending(m => Math.Abs(fitted.Weights[m])).Select(m => string.Create(CultureInfo.InvariantCulture, $"{rows.Names[m]} {fitted.Weights[m]:0.00}")));
        if (rows.Members.Length > 1) report.Notes.Insert(0, $"blend ({method.Name}): {shares}{(fitted.ClassWeights is null ? "" : " (means over the classes)")}");
        return new(plan.Choice == BlendChoice.Auto && rows.Members.Length > 1 ? $"auto: {method.Name}" : method.Name, record, fitted, rows.With(nested), report.Notes, report.Warnings);
    }

    /// <summary>The members' predictions of other rows, blended in the same way.</summary>
    /// <param name="members">In the order of fitting.</param>
    public PredictionSet Apply(IReadOnlyList<BlendMember> members)
    {
        var aligned = Alignment.Of(members);
        return new(aligned.First.Ids, aligned.First.Classes, Record.Calibrate(Fitted.Apply(aligned.Probabilities), aligned.First.K), aligned.Labels, aligned.Folds);
    }

    static double[] Nested(OutOfFoldRows rows, BlendMethod method) => method.Learns || rows.Parts.Distinct().Count() > 1
        ? NestedBlend.OutOfFold(method, rows.Members, rows.Labels, rows.Rows.K, rows.Parts)
        : method.Fit(rows.Members, rows.Labels, rows.Rows.K).Apply(rows.Members);

    static BlendMethod Decide(OutOfFoldRows rows, BlendPlan plan, Report report)
    {
        var mean = plan.Method(BlendChoice.Mean);
        if (plan.Choice == BlendChoice.Mean) return mean;
        if (rows.Parts.Distinct().Count() < 2) return plan.Method(plan.Choice);
        var candidates = plan.Candidates;
        var gains = NestedBlend.Judge(candidates, rows.Members, rows.Labels, rows.Rows.K, rows.Parts, plan.Metric);
        report.Gains.AddRange(gains.Select(gain => new RecordedGain(gain.Method.Name, plan.Metric, gain.Score, RecordedDifference.Of(gain.OverMean), RecordedDifference.Of(gain.OverBest))));
        foreach (var gain in gains)
            report.Notes.Add($"{gain.Method.Name}, {plan.Metric.Text()} {Number(gain.Score)}, on rows its weights were not learnt from: better than the plain mean by {Interval(gain.OverMean)}, than the best member by {Interval(gain.OverBest)}");
        if (plan.Choice != BlendChoice.Auto)
        {
            if (gains[0].Method.Learns && !gains[0].BeatsMean)
                report.Warnings.Add($"the blend {gains[0].Method.Name} is not surely better than the plain mean ({plan.Metric.Text()} {Interval(gains[0].OverMean)}); it is used as asked, blend: auto would keep the mean");
            return candidates[0];
        }
        // The best of several is better than it is: the test is as much stricter as there were tries (Bonferroni).
        var best = gains.Aggregate((a, b) => plan.Metric.Better(b.Score, a.Score) ? b : a);
        if (best.BeatsMean && best.OverMean.P <= 0.05 / candidates.Length) return best.Method;
        report.Notes.Add($"auto keeps the plain mean: {best.Method.Name}, the best of {candidates.Length} other blends, is not surely better");
        return mean;
    }

    /// <summary>The smallest number of members that is as good as all.</summary>
    static BlendMethod Smaller(OutOfFoldRows rows, BlendPlan plan, BlendMethod method, int most, Report report)
    {
        var all = Nested(rows, method);
        BlendMethod smaller = method;
        for (var size = 1; size <= Math.Min(most, rows.Members.Length); size++)
        {
            smaller = BlendMethod.Subset(method, size, plan.Metric);
            var gain = plan.Metric.Gain(NestedBlend.OutOfFold(smaller, rows.Members, rows.Labels, rows.Rows.K, rows.Parts), all, rows.Labels, rows.Rows.K);
            var enough = plan.Within is { } within ? gain.Difference.Value >= -within : gain.Difference.High >= 0;
            if (!enough && size < Math.Min(most, rows.Members.Length)) continue;
            var text = $"{size} of {rows.Members.Length} members differ from all by {Interval(gain)} in {plan.Metric.Text()}";
            if (enough) report.Notes.Add($"{text}: no more than {(plan.Within is { } allowed ? Number(allowed) : "noise")}");
            else report.Warnings.Add($"{text}, which is a loss; more than {most} were not allowed");
            break;
        }
        return smaller with { Name = $"{method.Name}, at most {most}" };
    }

    static (BlendRecord Record, double[] Nested) Calibrate(OutOfFoldRows rows, BlendPlan plan, BlendMethod method, BlendRecord record, double[] blended, Report report)
    {
        var (labels, classes, parts) = (rows.Labels, rows.Rows.K, rows.Parts.Distinct().Order().ToArray());
        var metric = plan.Scaled ? plan.Metric : BlendMetric.LogLoss;
        BlendRecord Fit(double[] p, int[] truth)
        {
            double? temperature = plan.Temperature ? Evaluation.Temperature.Fit(p, truth, classes) : null;
            return record with { Temperature = temperature, Scales = plan.Scaled ? Thresholds.Fit(temperature is { } t ? Evaluation.Temperature.Apply(p, classes, t) : p, truth, classes, metric) : null };
        }
        var after = new double[blended.Length];
        foreach (var part in parts)
        {
            int[] held = [.. Enumerable.Range(0, labels.Length).Where(row => rows.Parts[row] == part)], others = [.. Enumerable.Range(0, labels.Length).Where(row => rows.Parts[row] != part)];
            var fitted = Fit(WithoutPart(rows, method, others), [.. others.Select(row => labels[row])]);
            var changed = fitted.Calibrate(NestedBlend.Rows(blended, held, classes), classes);
            for (var i = 0; i < held.Length; i++) changed.AsSpan(i * classes, classes).CopyTo(after.AsSpan(held[i] * classes));
        }
        var result = new RecordedCalibration(Calibration.Error(blended, labels), Calibration.Error(after, labels), metric.Of(blended, labels, classes), metric.Of(after, labels, classes), metric);
        record = Fit(blended, labels) with { Calibration = result };
        if (record.Temperature is { } degrees) report.Notes.Add(string.Create(CultureInfo.InvariantCulture, $"temperature {degrees:0.000}: calibration error {result.ErrorBefore:0.0000} before, {result.ErrorAfter:0.0000} after{(plan.Scaled ? " temperature and thresholds" : "")}, on rows it was not fitted to"));
        if (record.Scales is { } scales)
        {
            report.Notes.Add($"{(classes == 2 ? $"threshold {Number(Thresholds.Of(scales))} on the probability of '{rows.Rows.Classes[1]}'" : "thresholds as a factor for each class")}: {metric.Text()} better by {Interval(metric.Gain(after, blended, labels, classes))} on rows they were not fitted to");
            report.Notes.Add("probabilities are moved so that the most probable class is the decision; log-loss and calibration are worse for it");
        }
        else if (result.ErrorAfter > result.ErrorBefore) report.Warnings.Add("the temperature does not better the calibration on rows it was not fitted to");
        return (record, after);
    }


    // Blended rows to fit a temperature to: by weights that have learnt neither from the row's own part nor from the part that is held out.
    static double[] WithoutPart(OutOfFoldRows rows, BlendMethod method, int[] others)
    {
        double[][] members = [.. rows.Members.Select(member => NestedBlend.Rows(member, others, rows.Rows.K))];
        int[] labels = [.. others.Select(row => rows.Labels[row])], parts = [.. others.Select(row => rows.Parts[row])];
        return parts.Distinct().Count() > 1 ? NestedBlend.OutOfFold(method, members, labels, rows.Rows.K, parts) : method.Fit(members, labels, rows.Rows.K).Apply(members);
    }

    static string Interval(PairedResult result) => string.Create(CultureInfo.InvariantCulture, $"{result.Difference.Value:0.0000} ({result.Difference.Low:0.0000} to {result.Difference.High:0.0000})");

    static string Number(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);

    sealed record Report(List<string> Notes, List<string> Warnings)
    {
        public List<RecordedGain> Gains { get; } = [];
    }
}
