using Tutti.Ensembling;
using Tutti.Evaluation;
using Tutti.Predictions;

namespace Tutti.Tests.Ensembling;

public sealed class ChosenBlendTests
{
    static OutOfFoldRows Rows(SimulatedMembers data, int[]? labels = null) => OutOfFoldRows.Of([.. data.Members.Select((member, m) => new BlendMember($"m{m}",
        new PredictionSet([.. data.Labels.Select((_, row) => $"{row}")], [.. Enumerable.Range(0, data.Classes).Select(k => $"c{k}")], member, labels ?? data.Labels, data.Folds)))]);

    static readonly SimulatedMembers oneGood = SimulatedMembers.Of(3, 2000, 2, 0.2, 4, 4, 4);

    [Fact]
    public void Auto_takes_a_learnt_blend_where_it_surely_gains()
    {
        var chosen = ChosenBlend.Of(Rows(oneGood), new(BlendChoice.Auto));
        Assert.NotEqual("auto: mean", chosen.Name);
        Assert.True(chosen.Fitted.Weights[0] > 0.5);
        Assert.Equal(6, chosen.Record.Gains!.Count);
        Assert.All(chosen.Record.Gains, gain => Assert.InRange(gain.OverMean.Value, gain.OverMean.Low, gain.OverMean.High));
        Assert.Empty(chosen.Warnings);
    }

    /// <summary>Members of pure noise: nothing is better than their mean, and the best of six tries must not be taken for it.</summary>
    [Fact]
    public void On_members_of_noise_auto_keeps_the_mean_and_a_named_blend_is_warned_of()
    {
        var (kept, warned) = (0, 0);
        for (var seed = 0; seed < 20; seed++)
        {
            var noise = Rows(SimulatedMembers.Of(300 + seed, 300, 2, [.. Enumerable.Repeat(double.PositiveInfinity, 6)]));
            // That noise is better forgotten than averaged a stack with free weights may find out; hill climbing cannot.
            if (ChosenBlend.Of(noise, new(BlendChoice.HillClimb)) is { Warnings: [var warning] } && warning.Contains("not surely better than the plain mean", StringComparison.Ordinal)) warned++;
            if (ChosenBlend.Of(noise, new(BlendChoice.Auto)).Record.Method is "mean" or "logistic") kept++;
        }
        Assert.InRange(warned, 19, 20);
        Assert.InRange(kept, 19, 20);
    }

    [Fact]
    public void A_named_blend_is_used_even_where_it_does_not_gain()
    {
        var alike = SimulatedMembers.Of(5, 400, 3, 1, 1, 1);
        var chosen = ChosenBlend.Of(Rows(alike), new(BlendChoice.HillClimb));
        Assert.Equal(("hill-climb", "hill-climb"), (chosen.Name, chosen.Record.Method));
        Assert.Contains("blend: auto would keep the mean", Assert.Single(chosen.Warnings), StringComparison.Ordinal);
        Assert.Contains(chosen.Notes, note => note.Contains("better than the plain mean by", StringComparison.Ordinal));
    }

    [Theory, InlineData(BlendMetric.LogLoss), InlineData(BlendMetric.Accuracy), InlineData(BlendMetric.MacroF1)]
    public void A_gain_is_told_in_the_metric_that_was_asked(BlendMetric metric)
    {
        var chosen = ChosenBlend.Of(Rows(oneGood), new(BlendChoice.HillClimb, metric));
        var gain = Assert.Single(chosen.Record.Gains!);
        var mean = metric.Of(Blend.Average(BlendKind.Mean, oneGood.Members, [0.25, 0.25, 0.25, 0.25], 2), oneGood.Labels, 2);
        var own = metric.Of(chosen.OutOfFold.Probabilities, oneGood.Labels, 2);
        Assert.Equal(own, gain.Score, 1e-12);
        Assert.Equal(metric == BlendMetric.LogLoss ? mean - own : own - mean, gain.OverMean.Value, 1e-12);
        Assert.True(gain.OverMean.Low > 0);
    }

    [Theory, InlineData(BlendChoice.Stack, false), InlineData(BlendChoice.Logistic, false), InlineData(BlendChoice.HillClimb, true)]
    public void Out_of_fold_a_row_is_blended_calibrated_and_decided_without_its_folds_labels(BlendChoice choice, bool thresholds)
    {
        var data = SimulatedMembers.Of(6, 300, 2, 0.5, 1, 2);
        int[] changed = [.. data.Labels.Select((label, row) => data.Folds[row] == 2 ? 1 - label : label)];
        var plan = new BlendPlan(choice, thresholds ? BlendMetric.Accuracy : BlendMetric.LogLoss, AtMost: 2, Temperature: true, Scaled: thresholds);
        // The size is decided by all rows; everything else must not know.
        var (before, after) = (ChosenBlend.Of(Rows(data), plan with { AtMost = null }).OutOfFold, ChosenBlend.Of(Rows(data, changed), plan with { AtMost = null }).OutOfFold);
        var same = 0;
        for (var row = 0; row < 300; row++)
            if (before.Row(row).SequenceEqual(after.Row(row))) same++;
        Assert.Equal(60, same);
        // What is applied to new rows has learnt from all.
        var all = ChosenBlend.Of(Rows(data), plan);
        Assert.Equal(all.Record.Calibrate(all.Fitted.Apply(data.Members), 2), all.Apply([.. data.Members.Select((member, m) => new BlendMember($"m{m}", new(before.Ids, before.Classes, member)))]).Probabilities);
    }

    [Fact]
    public void The_smallest_number_of_members_that_is_as_good_is_taken()
    {
        // Two that know something apart from each other, four that know nothing.
        var data = SimulatedMembers.Of(7, 3000, 2, 1, 1, 30, 30, 30, 30);
        var chosen = ChosenBlend.Of(Rows(data), new(BlendChoice.Stack, AtMost: 4));
        Assert.Equal([0, 1], chosen.Fitted.Used);
        Assert.Contains(chosen.Notes, note => note.StartsWith("2 of 6 members differ from all by", StringComparison.Ordinal) && note.EndsWith("no more than noise", StringComparison.Ordinal));
        Assert.Empty(chosen.Warnings);
    }

    [Fact]
    public void Fewer_members_than_are_needed_are_warned_of_and_a_tolerance_decides_if_it_is_given()
    {
        var data = SimulatedMembers.Of(8, 3000, 2, 1.5, 1.5, 1.5);
        var one = ChosenBlend.Of(Rows(data), new(BlendChoice.Mean, AtMost: 1));
        Assert.Single(one.Fitted.Used);
        Assert.Contains("which is a loss; more than 1 were not allowed", Assert.Single(one.Warnings), StringComparison.Ordinal);
        Assert.Single(ChosenBlend.Of(Rows(data), new(BlendChoice.Mean, AtMost: 3, Within: 1)).Fitted.Used);
        Assert.Equal(3, ChosenBlend.Of(Rows(data), new(BlendChoice.Mean, AtMost: 3)).Fitted.Used.Length);
    }

    [Fact]
    public void A_temperature_makes_a_blend_as_sure_as_it_is_right_on_rows_it_was_not_fitted_to()
    {
        var data = SimulatedMembers.Of(9, 3000, 3, 0.1, 0.2);
        // Three times as sure as they should be.
        double[][] sure = [.. data.Members.Select(member => Temperature.Apply(member, 3, 1 / 3.0))];
        var chosen = ChosenBlend.Of(Rows(data with { Members = sure }), new(BlendChoice.Mean, Temperature: true));
        Assert.InRange(chosen.Record.Temperature!.Value, 2, 4);
        var calibration = chosen.Record.Calibration!;
        Assert.True(calibration.ErrorAfter < calibration.ErrorBefore / 3, $"{calibration.ErrorBefore} {calibration.ErrorAfter}");
        Assert.Equal(Calibration.Error(chosen.OutOfFold.Probabilities, data.Labels), calibration.ErrorAfter);
        Assert.Equal(Enumerable.Range(0, 3000).Select(row => PredictionSet.ArgMax(Blend.Average(BlendKind.Mean, sure, [0.5, 0.5], 3).AsSpan(3 * row, 3))), chosen.OutOfFold.Predicted());
    }

    [Fact]
    public void Thresholds_better_macro_F1_where_a_class_is_rare()
    {
        var random = new Random(4);
        int[] labels = [.. Enumerable.Range(0, 4000).Select(_ => random.NextDouble() < 0.08 ? 1 : 0)];
        double[] member = [.. labels.SelectMany(label =>
        {
            var p = 0.02 + (0.3 * random.NextDouble()) + (label == 1 ? 0.15 : 0);
            return (double[])[1 - p, p];
        })];
        var data = new SimulatedMembers([member], labels, [.. Enumerable.Range(0, 4000).Select(row => row % 5)], 2);
        var chosen = ChosenBlend.Of(Rows(data), new(BlendChoice.Mean, BlendMetric.MacroF1, Scaled: true));
        Assert.InRange(Thresholds.Of(chosen.Record.Scales!), 0.2, 0.35);
        Assert.True(chosen.Record.Calibration!.ScoreAfter > chosen.Record.Calibration.ScoreBefore + 0.1);
        // The decision stands in the probabilities: the second class is chosen from the threshold on.
        var all = chosen.Record.Calibrate(member, 2);
        for (var row = 0; row < 4000; row++) Assert.Equal(member[(2 * row) + 1] > Thresholds.Of(chosen.Record.Scales!), all[(2 * row) + 1] > 0.5);
    }

    [Fact]
    public void Scales_of_several_classes_are_the_best_of_those_tried_and_change_nothing_where_nothing_is_gained()
    {
        var data = SimulatedMembers.Of(10, 1000, 4, 0.3);
        // One class is always given too little.
        double[] wrong = Thresholds.Apply(data.Members[0], [1, 1, 0.2, 1]);
        var scales = Thresholds.Fit(wrong, data.Labels, 4, BlendMetric.Accuracy);
        Assert.InRange(scales[2] / scales[0], 2.5, 10);
        Assert.True(BlendMetric.Accuracy.Of(Thresholds.Apply(wrong, scales), data.Labels, 4) > BlendMetric.Accuracy.Of(wrong, data.Labels, 4) + 0.05);
        Assert.Equal([1, 1], Thresholds.Fit([0.9, 0.1, 0.2, 0.8], [0, 1], 2, BlendMetric.Accuracy));
        Assert.Throws<ArgumentException>(() => Thresholds.Fit([0.9, 0.1], [0], 2, BlendMetric.LogLoss));
    }

    [Fact]
    public void One_member_is_its_own_blend()
    {
        var data = SimulatedMembers.Of(13, 50, 2, 1);
        var chosen = ChosenBlend.Of(Rows(data), new(BlendChoice.Logistic));
        Assert.Equal("mean", chosen.Name);
        Assert.Equal(data.Members[0], chosen.OutOfFold.Probabilities);
        Assert.Empty(chosen.Notes);
    }
}
