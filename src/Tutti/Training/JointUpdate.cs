using Tutti.Models;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>
/// One update of a model whose head looks at all texts together (<see cref="JointHead"/>), cut into micro-batches. First what the head makes of each text alone is computed for all of them without recording, then
/// the head, its gradient, and the gradient of what it was given; each micro-batch then only carries its rows of the latter back through the encoder. The same gradient as of one piece, for one more forward
/// pass of the encoder; masks are the same in both passes where they are functions of the text (not where a device's generator draws them).
/// </summary>
/// <param name="model">Is in training.</param>
/// <param name="objective">What is learnt.</param>
/// <param name="examples">The whole update.</param>
/// <param name="autocast">The type of products, or null.</param>
sealed class JointUpdate(TextModel model, Objective objective, IReadOnlyList<Example> examples, DType? autocast) : IDisposable
{
    readonly Dictionary<Example, int> places = examples.Select((example, i) => (example, i)).DistinctBy(item => item.example, Reference).ToDictionary(item => item.example, item => item.i, Reference);
    readonly JointHead head = model.Joint!;
    Tensor? slopes, logits;                                   // (n,P) of the loss, (n,K)
    bool settled;

    static IEqualityComparer<Example> Reference => ReferenceEqualityComparer.Instance;

    /// <summary>A micro-batch that is the whole update needs none of this.</summary>
    public bool IsCut(Example[] part) => part.Length < examples.Count && part.All(places.ContainsKey);

    /// <summary>The running statistics of this update are those of the forward pass that was just done.</summary>
    public void Settle()
    {
        if (!settled && model.Params.Run.Training) head.Settle();
        settled = true;
    }

    /// <summary>A micro-batch's loss, to be divided, and what its encoder is to be differentiated for.</summary>
    public (Tensor Loss, Tensor Learnt) Of(Example[] part, double divisor)
    {
        if (slopes is null) Begin(part.Sum(example => example.Length), divisor);
        var rows = Tensor.From<long>([.. part.Select(example => (long)places[example])], [part.Length], model.Params.Device);
        using var mode = Modes.Autocast(model.Params.Device, autocast);
        var loss = objective.Loss(logits!.IndexSelect(0, rows), part) / divisor;
        var learnt = (Pool(part) * slopes!.IndexSelect(0, rows)).Sum();
        return (loss, model.Params.Run.TakePenalty() is { } penalty ? learnt + (penalty / divisor) : learnt);
    }

    Tensor Pool(Example[] part)
    {
        var hidden = model.Hidden(TextData.Batch(part), null, out var ragged);
        return Wide(model.Pool(hidden, ragged));
    }

    Tensor Wide(Tensor x) => autocast is null ? x : x.To(DType.Float32);

    void Begin(int tokens, double divisor)
    {
        using var scope = new Scope();
        // Gradients of the head that are there already are those of this update: it was resumed, or memory ended behind the head.
        var done = head.Trained.Concat(objective.Weights).Where(item => item.Stored.RequiresGrad && item.Stored.StoredGrad is not null).ToArray();
        settled |= head.Trained.Count > 0 && head.Trained.All(item => item.Stored.StoredGrad is not null);
        var pooled = Pooled(tokens).RequireGrad();
        foreach (var item in done) item.Stored.RequireGrad(false);
        try
        {
            using (var mode = Modes.Autocast(model.Params.Device, autocast))
                logits = Wide(head.Judge(pooled, () => Tensor.From<long>([.. examples.Select(example => (long)example.Row << 32)], [examples.Count], model.Params.Device)));
            (objective.Loss(logits, examples) / divisor).Backward();
        }
        finally
        {
            foreach (var item in done) item.Stored.RequireGrad();
        }
        Settle();
        logits = logits.Detach().Owned();
        slopes = pooled.Grad!.Clone().Owned();
    }

    /// <summary>Of all texts (n,P), in the order of the update.</summary>
    Tensor Pooled(int tokens)
    {
        using var none = Modes.NoGrad();
        using var mode = Modes.Autocast(model.Params.Device, autocast);
        var sorted = Batches.Sorted(examples);
        List<Tensor> parts = [];
        for (var done = 0; done < sorted.Length; done += Batches.Next(sorted.AsSpan(done), tokens).Length)
            parts.Add(Scope.Run(() => Pool(Batches.Next(sorted.AsSpan(done), tokens))));
        _ = model.Params.Run.TakePenalty();
        Modes.ClearAutocast(weights: false);                  // cast without recording
        var places = new Dictionary<Example, long>(Reference);
        for (var i = 0; i < sorted.Length; i++) places[sorted[i]] = i;
        return Tensor.Cat([.. parts]).IndexSelect(0, Tensor.From<long>([.. examples.Select(example => places[example])], [examples.Count], model.Params.Device)).Detach();
    }

    public void Dispose()
    {
        slopes?.Dispose();
        logits?.Dispose();
    }
}
