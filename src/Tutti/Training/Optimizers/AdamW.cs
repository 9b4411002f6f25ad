using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Training.Optimizers;

/// <summary>
/// Adam with decoupled weight decay (Loshchilov and Hutter 2019; arithmetic of torch.optim.AdamW). Weights without a gradient are left
/// alone entirely; biases and norms do not decay. All parameters are updated in one sweep of memory; rows of a table that an update has no gradient for
/// are caught up when they are needed, to the same bits (<see cref="DeferredRows"/>).
/// </summary>
public sealed class AdamW : IDisposable
{
    readonly IReadOnlyList<Parameter> parameters;
    readonly double beta2, eps, decay;
    readonly double[] factors;
    readonly long[] begins;
    readonly Tensor[] m, v;
    readonly DeferredRows?[] tables;
    readonly MappedPages? pages;
    long steps;

    /// <param name="parameters">The weights; their moments are allocated here, never inside a step.</param>
    /// <param name="beta1">Decay of the first moment.</param>
    /// <param name="beta2">Decay of the second moment.</param>
    /// <param name="eps">Added to the root of the second moment.</param>
    /// <param name="decay">Weight decay per unit of learning rate.</param>
    /// <param name="factor">What each weight's learning rate is multiplied by; null for 1.</param>
    /// <param name="pagesFolder">Where the moments lie in a file instead of memory (CPU only); null for memory. The results are the same.</param>
    /// <param name="begins">The step, from 0, in which each weight gets its first gradient, from where its own steps are counted as torch does; null for 0.</param>
    public AdamW(IReadOnlyList<Parameter> parameters, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8, double decay = 0.01, string? pagesFolder = null, Func<Parameter, double>? factor = null, Func<Parameter, long>? begins = null)
    {
        factors = [.. parameters.Select(item => factor?.Invoke(item) ?? 1)];
        this.begins = [.. parameters.Select(item => begins?.Invoke(item) ?? 0)];
        (this.parameters, Beta1, this.beta2, this.eps, this.decay) = (parameters, beta1, beta2, eps, decay);
        (m, v) = (new Tensor[parameters.Count], new Tensor[parameters.Count]);
        tables = new DeferredRows?[parameters.Count];
        using var scope = new Scope();                        // frees what was made when memory ends half-way
        if (pagesFolder is not null) pages = new(pagesFolder, parameters.Concat(parameters).Select(item => item.Stored.Count * item.Stored.DType.Size()));
        for (var i = 0; i < m.Length; i++)                    // side by side, so that a sweep touches a file in order
            foreach (var list in (Tensor[][])[m, v]) list[i] = pages?.Take(parameters[i].Stored.Shape, parameters[i].Stored.DType) ?? Tensor.Zeros(parameters[i].Stored.Shape, parameters[i].Stored.DType, parameters[i].Stored.Device);
        for (var i = 0; i < m.Length; i++)
            if (parameters[i].ByRows) tables[i] = new(parameters[i], m[i], v[i], pages is null ? null : pages.Rest);
        foreach (var table in tables) table?.Own();
        foreach (var tensor in m.Concat(v)) tensor.Owned();
    }

    /// <summary>Steps done, which the bias corrections need.</summary>
    public long Steps
    {
        get => steps;
        set
        {
            CatchUp();
            steps = value;
        }
    }

    /// <summary>The moments by name, to be saved and restored: "m WEIGHT" and "v WEIGHT". Asking for them does all that was put off.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> State
    {
        get
        {
            CatchUp();
            return parameters.SelectMany((item, i) => (KeyValuePair<string, Tensor>[])[new($"m {item.Name}", m[i]), new($"v {item.Name}", v[i])]);
        }
    }

    /// <summary>The decay of the first moment, which some schedules move.</summary>
    public double Beta1 { get; set; }

    /// <summary>Updates all weights from their gradients.</summary>
    /// <param name="rate">The learning rate of this step.</param>
    /// <param name="maxNorm">Gradients are scaled down to this norm when they exceed it; 0 for never.</param>
    /// <param name="knownNorm">The gradients' norm where it is known already, as from <see cref="NormAnd"/>.</param>
    /// <returns>The gradients' norm before scaling. When it is not finite the weights are left as they were.</returns>
    public double Step(double rate, double maxNorm, double? knownNorm = null)
    {
        using var scope = new Scope();
        using var mode = Modes.NoGrad();
        List<(int Index, Tensor Grad)> whole = [], rows = [];
        for (var i = 0; i < parameters.Count; i++)
            if (parameters[i].Stored.StoredGrad is { } grad) (grad.IsByRows ? rows : whole).Add((i, grad));
        foreach (var (_, grad) in rows) grad.SettleRows();
        var norm = knownNorm ?? GradientNorm([.. whole.Concat(rows).OrderBy(item => item.Index).Select(item => item.Grad)]);
        if (!double.IsFinite(norm)) return norm;
        // torch.nn.utils.clip_grad_norm_: the coefficient is capped at 1 and the norm has 1e-6 added.
        var scale = maxNorm > 0 ? Math.Min(1, maxNorm / (norm + 1e-6)) : 1;
        steps++;
        foreach (var (i, _) in whole) tables[i]?.All();
        foreach (var group in whole.GroupBy(item => (factors[item.Index], begins[item.Index]))) Update([.. group.Select(item => item.Index)], [.. group.Select(item => item.Grad)], StepOf(group.First().Index, rate, scale));
        foreach (var (i, grad) in rows) tables[i]!.Step(grad, Decay(i), StepOf(i, rate, scale));
        pages?.Rest();
        return norm;
    }

    /// <summary>The numbers of this step for a weight: its share of the rate, its own count of steps.</summary>
    AdamWStep StepOf(int i, double rate, double scale)
    {
        var own = Own(i);
        return new AdamWStep(rate, rate / (1 - Math.Pow(Beta1, own)), 1 / Math.Sqrt(1 - Math.Pow(beta2, own)), Beta1, beta2, eps, scale).Slower(factors[i]);
    }

    /// <summary>Steps that a weight has done, this one included.</summary>
    long Own(int i) => Math.Max(1, steps - begins[i]);

    /// <summary>Forgets the gradients, so that the next backward starts from nothing.</summary>
    public void ZeroGradients()
    {
        foreach (var parameter in parameters) parameter.Stored.SetGrad(null);
    }

    public void Dispose()
    {
        foreach (var table in tables) table?.Dispose();       // the weights outlive their moments
        foreach (var tensor in m.Concat(v)) tensor.Dispose();
        pages?.Dispose();
    }

    void CatchUp()
    {
        foreach (var table in tables) table?.All();
    }

    /// <summary>The norm of all gradients of some weights together, as a step computes it.</summary>
    internal static double NormOf(IReadOnlyList<Parameter> weights)
    {
        using var scope = new Scope();
        using var mode = Modes.NoGrad();
        return GradientNorm([.. weights.Select(item => item.Stored.StoredGrad).OfType<Tensor>()]);
    }

    static double GradientNorm(Tensor[] grads)
    {
        if (grads.Length == 0) return 0;
        if (grads[0].Device.IsCpu) return Tensor.Norm(Array.ConvertAll(grads, grad => grad.IsByRows ? grad.RowValues : grad));
        return DeviceAdamW.NormAnd(grads, Tensor.Zeros([1], DType.Float64, grads[0].Device)).ToArray<double>()[0];
    }

    /// <summary>The gradients' norm and a loss, read from the device together: what an update waits for, once.</summary>
    internal (double Norm, double Loss) NormAnd(Tensor loss)
    {
        using var scope = new Scope();
        using var mode = Modes.NoGrad();
        var read = DeviceAdamW.NormAnd([.. parameters.Select(item => item.Stored.StoredGrad).OfType<Tensor>()], loss).ToArray<double>();
        return (read[0], read[1]);
    }

    /// <summary>The way weights are updated: the CPU's kernel, libtorch's fused one, or operators; null: the best for the device.</summary>
    internal AdamWPath? Path { get; init; }

    void Update(int[] used, Tensor[] grads, in AdamWStep step)
    {
        var (weights, first, second, decays) = (Array.ConvertAll(used, i => parameters[i].Stored), Array.ConvertAll(used, i => m[i]), Array.ConvertAll(used, i => v[i]), Array.ConvertAll(used, Decay));
        switch (Path ?? (weights[0].Device.IsCpu ? AdamWPath.OnePass : DeviceAdamW.HasFused ? AdamWPath.Fused : AdamWPath.Operators))
        {
            case AdamWPath.OnePass: Tensor.AdamW(weights, grads, first, second, decays, step); break;
            case AdamWPath.Fused: DeviceAdamW.Fused(weights, grads, first, second, decays, step, Own(used[0])); break;
            default: DeviceAdamW.ByOperators(weights, grads, first, second, decays, step); break;
        }
    }

    double Decay(int i) => parameters[i].Decay ? decay : 0;
}
