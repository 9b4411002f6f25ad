using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Nn;
using Tutti.Predictions;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>What a target adds in a part of an update.</summary>
/// <param name="At">The place of its first output.</param>
/// <param name="Outputs">Of the rows that have it.</param>
/// <param name="Rows">Those rows.</param>
/// <param name="Objective">What is learnt of them.</param>
/// <param name="Share">What their summed loss is multiplied by on its way into the update's loss.</param>
public sealed record TargetPart(int At, Tensor Outputs, Example[] Rows, Objective Objective, double Share);

/// <summary>Weighs the targets of <see cref="SeveralTargets"/> against each other while they are learnt, beside the weights that are stated. What it has come to is part of every resume point.</summary>
public abstract class TargetBalance
{
    /// <summary>The balance that settings ask for; null for the stated weights alone.</summary>
    internal static TargetBalance? Of(BalanceConfig? config, IReadOnlyList<Answer> targets, Network model) => config?.Kind switch
    {
        BalanceKind.Uncertainty => new LearntVariances(targets, config.Rate, model),
        BalanceKind.GradientNorm => new EvenGradients(targets, config.Power, model),
        _ => null,
    };

    /// <summary>Weights that are trained beside the model's; null for none.</summary>
    internal virtual Parameter? Learnt => null;

    /// <summary>Their learning rate.</summary>
    internal virtual double Rate => 0;

    internal virtual void Begin() { }
    internal virtual void Part() { }
    internal virtual void Added() { }
    internal virtual void Settle() { }
    internal virtual JsonNode? State => null;
    internal virtual void Restore(JsonNode state) { }

    /// <summary>A target's summed loss of a part, weighed.</summary>
    /// <param name="rows">Of the part, those that have the target.</param>
    internal abstract Tensor Weighted(int target, Tensor loss, int rows, TargetPart part);

    /// <summary>What the targets weigh now, for the lines of progress.</summary>
    internal abstract IEnumerable<TargetScore> Scores(IReadOnlyList<Answer> targets);
}

/// <summary>
/// Losses over variances that are learnt with the model (Kendall, Gal and Cipolla 2018, "Multi-task learning using uncertainty to weigh losses", eq. 7 and 10): with s = log of the variance, exp(-s) L + s / 2, for a
/// number's squared error exp(-s) L / 2 + s / 2. The s begin at 0, are weights of the model (<c>targets.log_variances</c>), and are kept with its checkpoint. Every row that has a target adds its share of
/// s / 2, so that a target which no row of an update has adds nothing.
/// </summary>
sealed class LearntVariances(IReadOnlyList<Answer> targets, double rate, Network model) : TargetBalance
{
    readonly Parameter variances = model.Params.Fresh("targets.log_variances", Init.Zeros, targets.Count);

    internal override Parameter Learnt => variances;
    internal override double Rate => rate;

    internal override Tensor Weighted(int target, Tensor loss, int rows, TargetPart part)
    {
        var s = variances.Stored.Narrow(0, target, 1).Reshape().To(loss.DType);
        var half = targets[target].Kind == AnswerKind.Number ? 0.5 : 1;
        return ((-s).Exp() * loss * half) + (s * (0.5 * rows));
    }

    internal override IEnumerable<TargetScore> Scores(IReadOnlyList<Answer> targets)
    {
        using var scope = new Scope();
        var s = variances.Value.Detach().To(DType.Float64).To(Device.Cpu).ToArray<double>();
        return [.. targets.Select((target, t) => new TargetScore(target.Name, "weight", Math.Exp(-s[t])))];
    }
}

/// <summary>
/// Weights by which the gradients of all targets are as large as their pace of learning asks (Chen et al. 2018, "GradNorm", eq. 1-2). There the weights move by a gradient of their own; here they are at once those for
/// which that loss is 0: w_t proportional to r_t^alpha / g_t, their mean being 1, where g_t is the norm of the target's gradient and r_t its loss over its first one, relative to the mean of the targets. The
/// gradient is that of the numbers the heads are given (as Sener and Koltun 2018 take it in place of the shared weights'), which costs no pass through the encoder: it is the outputs' gradient times the heads'
/// weights. g and the losses are averaged over updates (decay 0.9); the first update learns with all weights 1.
/// </summary>
sealed class EvenGradients : TargetBalance
{
    const double Decay = 0.9;

    readonly double alpha;
    readonly int targets;
    readonly Parameter heads;
    readonly double[] weights, norms, losses, first;         // averages; 0: not seen yet
    readonly double[] squares, sums;                          // of the update so far
    readonly double[] partSquares, partSums;                  // of the part whose gradient is not added yet

    public EvenGradients(IReadOnlyList<Answer> targets, double alpha, Network model)
    {
        (this.alpha, this.targets) = (alpha, targets.Count);
        double[] None() => new double[targets.Count];
        (weights, norms, losses, first, squares, sums, partSquares, partSums) = ([.. targets.Select(_ => 1.0)], None(), None(), None(), None(), None(), None(), None());
        long outputs = targets.Sum(target => target.OutputCount);
        heads = model.Params.Items.LastOrDefault(item => item.Stored.Shape is [var rows, _] && rows == outputs)
            ?? throw new ConfigException("train.balance", "got gradient-norm, which needs a model that ends with a linear layer; use uncertainty or weights");
    }

    /// <summary>What each target weighs now.</summary>
    internal IReadOnlyList<double> Now => weights;

    internal override void Begin() => Clear(squares, sums);

    internal override void Part() => Clear(partSquares, partSums);

    internal override Tensor Weighted(int target, Tensor loss, int rows, TargetPart part)
    {
        using (new Scope())
        {
            var outputs = part.Outputs.Detach().Clone().RequireGrad();
            var own = Modes.Recorded(() => part.Objective.Loss(outputs, part.Rows));
            own.Backward();
            // Of each row the gradient of what its head was given: (rows, outputs) times (outputs, channels).
            var slopes = outputs.Grad!.To(heads.Stored.DType).MatMul(heads.Value.Detach().Narrow(0, part.At, outputs.Size(1)));
            partSquares[target] = slopes.To(DType.Float64).Square().Sum().Item() * part.Share * part.Share;
            partSums[target] = own.Item() * part.Share;
        }
        return loss * weights[target];
    }

    internal override void Added()
    {
        for (var t = 0; t < targets; t++) (squares[t], sums[t]) = (squares[t] + partSquares[t], sums[t] + partSums[t]);
        Clear(partSquares, partSums);
    }

    internal override void Settle()
    {
        for (var t = 0; t < targets; t++)
        {
            if (sums[t] == 0 && squares[t] == 0) continue;    // no row had it
            if (first[t] == 0) (norms[t], losses[t], first[t]) = (Math.Sqrt(squares[t]), sums[t], sums[t]);
            else (norms[t], losses[t]) = ((Decay * norms[t]) + ((1 - Decay) * Math.Sqrt(squares[t])), (Decay * losses[t]) + ((1 - Decay) * sums[t]));
        }
        int[] seen = [.. Enumerable.Range(0, targets).Where(t => first[t] > 0 && norms[t] > 0)];
        if (seen.Length < 2) return;
        var pace = seen.Average(t => losses[t] / first[t]);
        double[] asked = [.. seen.Select(t => Math.Pow(losses[t] / first[t] / pace, alpha) / norms[t])];
        var mean = asked.Average();
        for (var i = 0; i < seen.Length; i++) weights[seen[i]] = asked[i] / mean;
    }

    internal override JsonNode State => new JsonArray([.. new[] { weights, norms, losses, first, squares, sums }.Select(list => (JsonNode)new JsonArray([.. list.Select(value => (JsonNode)BitConverter.DoubleToInt64Bits(value))]))]);

    internal override void Restore(JsonNode state)
    {
        foreach (var (list, saved) in new[] { weights, norms, losses, first, squares, sums }.Zip(state.AsArray()))
            for (var t = 0; t < targets; t++) list[t] = BitConverter.Int64BitsToDouble(saved![t]!.GetValue<long>());
    }

    internal override IEnumerable<TargetScore> Scores(IReadOnlyList<Answer> targets) => targets.Select((target, t) => new TargetScore(target.Name, "weight", weights[t]));

    static void Clear(params double[][] lists)
    {
        foreach (var list in lists) Array.Clear(list);
    }
}
