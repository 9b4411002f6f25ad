using System.Globalization;
using System.Text.RegularExpressions;
using Tutti.Nn;
using Tutti.Tests.Evaluation;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Nn;

/// <summary>Every losses_*.safetensors of 06_losses_metrics; a loss that is neither built nor listed as coming later fails.</summary>
public sealed partial class LossesParityTests : EngineTest
{
    const double Exact = 1e-10;                                                    // the fixture's README, float64

    /// <summary>Families that are not built; fastai's weights of classes stand inside the power of the focal loss and outside the smoothing's divisor, ours where the papers have them.</summary>
    static readonly string[] later = ["focal_fastai_weighted", "ls_fastai_weighted", "l1_", "smooth_l1_", "huber_", "kl_", "ce_soft"];

    public static TheoryData<string> Files => Parity.Files("06_losses_metrics", "losses_*.safetensors");

    [GeneratedRegex(@"^ce(?<ignore>_ignore)?(?<weighted>_weighted)?_ls(?<smoothing>[0-9.]+)_(?<reduction>sum|mean|none)$")]
    private static partial Regex CrossEntropyName { get; }

    [Theory, MemberData(nameof(Files))]
    public void Losses_and_gradients_equal_the_recorded_reference(string file)
    {
        Assert.SkipWhen(file.Length == 0, $"{Shared.Fixtures} holds no such files");
        using var values = new SafeTensors(Path.Combine(Shared.Fixtures, file));
        var parity = new Parity(file);
        var notBuilt = 0;
        foreach (var name in values.Entries.Keys.Where(key => key.EndsWith(".value", StringComparison.Ordinal)).Select(key => key[..^6]).Order(StringComparer.Ordinal))
        {
            using var scope = new Scope();
            var logits = values.Read("logits").RequireGrad();
            if (Loss(name, logits, values) is { } loss)
            {
                loss.Backward();
                // Relative where a loss is large: row 0 has logits from -60 to 60.
                var scale = Math.Max(1, Math.Abs(values.Read(name + ".value").Item()));
                parity.Near(Family(name), values.Read(name + ".value").Item() / scale, loss.Item() / scale, Exact);
                parity.Near(Family(name) + " gradient", values.Read(name + ".grad_of_sum").ToArray<double>(), logits.Grad!.ToArray<double>(), Exact);
            }
            else if (name.EndsWith("_none", StringComparison.Ordinal) || later.Any(start => name.StartsWith(start, StringComparison.Ordinal))) notBuilt++;
            else parity.NotUnderstood(name);
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{file}: {notBuilt} recorded losses are not built yet");
        parity.Finish();
    }

    [GeneratedRegex(@"^focal_(fastai_g(?<gamma>[0-9.]+)|sigmoid_(a(?<alpha>[0-9.]+)|noalpha)_g(?<gamma>[0-9.]+))_(?<reduction>sum|mean)$", RegexOptions.ExplicitCapture)]
    private static partial Regex FocalName { get; }

    // Our losses are sums; "mean" is the sum divided once, as an update does it. Null: not one of ours.
    static Tensor? Loss(string name, Tensor logits, SafeTensors values)
    {
        if (CrossEntropyName.Match(name) is { Success: true } match && match.Groups["reduction"].Value is var reduction and not "none")
        {
            var labels = values.Read(match.Groups["ignore"].Success ? "labels_with_ignore" : "labels");
            var weights = match.Groups["weighted"].Success ? values.Read("class_weight") : null;
            var sum = Losses.CrossEntropy(logits, labels, weights, double.Parse(match.Groups["smoothing"].Value, CultureInfo.InvariantCulture));
            int[] kept = [.. labels.ToArray<long>().Where(label => label >= 0).Select(label => (int)label)];
            return reduction == "sum" ? sum : sum / Losses.Weight(kept, weights?.ToArray<double>());
        }
        if (FocalName.Match(name) is { Success: true } focal)
        {
            double Number(string group) => double.Parse(focal.Groups[group].ValueSpan, CultureInfo.InvariantCulture);
            var classes = name.StartsWith("focal_fastai", StringComparison.Ordinal);
            var sum = classes ? Losses.Focal(logits, values.Read("labels"), Number("gamma")) : Losses.BinaryFocal(logits, values.Read("multilabel"), Number("gamma"), focal.Groups["alpha"].Success ? Number("alpha") : null);
            return focal.Groups["reduction"].Value == "sum" ? sum : sum / (classes ? logits.Size(0) : logits.Count);
        }
        return name switch
        {
            "ls_fastai_eps0.1_mean" => Losses.CrossEntropy(logits, values.Read("labels"), null, 0.1) / logits.Size(0),
            "bce_posweight_sum" => Losses.BinaryCrossEntropy(logits, values.Read("multilabel"), null, values.Read("pos_weight")),
            "bce_posweight_mean" => Losses.BinaryCrossEntropy(logits, values.Read("multilabel"), null, values.Read("pos_weight")) / logits.Count,
            "bce_weight_sum" => Losses.BinaryCrossEntropy(logits, values.Read("multilabel"), values.Read("element_weight")),
            "bce_weight_mean" => Losses.BinaryCrossEntropy(logits, values.Read("multilabel"), values.Read("element_weight")) / logits.Count,
            "bce_sum" => Losses.BinaryCrossEntropy(logits, values.Read("multilabel")),
            "bce_mean" => Losses.BinaryCrossEntropy(logits, values.Read("multilabel")) / logits.Count,
            "mse_sum" => Losses.SquaredError(logits, values.Read("regression_target")),
            "mse_mean" => Losses.SquaredError(logits, values.Read("regression_target")) / logits.Count,
            _ => null,
        };
    }

    static string Family(string name) => name.Split('_')[0];
}
