using System.Diagnostics;
using Tutti.Models;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>
/// Adds up the gradient of an update from micro-batches of any sizes: each gives its part, already divided by the weight of the whole update.
/// Where memory ends inside a micro-batch, it is computed again in smaller pieces, and no example counts twice.
/// </summary>
sealed class GradientSum : IDisposable
{
    readonly Network model;
    readonly long seed;
    readonly Objective objective;
    readonly DType? autocast;
    JointUpdate? joint;                                       // of a head that looks at a whole update
    Tensor? waiting;                                          // the loss so far, where reading it would wait for a device

    public GradientSum(Network model, TrainConfig config, long seed, double[]? classWeights = null) : this(model, config, seed, new SingleLabel(classWeights, config.LabelSmoothing, config.Loss)) { }

    public GradientSum(Network model, TrainConfig config, long seed, Objective objective)
    {
        (this.model, this.seed, this.objective) = (model, seed, objective);
        autocast = config.Precision.Autocast(model);
    }

    /// <summary>What is learnt.</summary>
    public Objective Objective => objective;

    /// <summary>The divisor of an update: its true weight. Also says which examples the parts that follow belong to, which a head that looks at all of them must know.</summary>
    public double Divisor(IEnumerable<Example> update)
    {
        Example[] all = [.. update];
        joint?.Dispose();
        model.Params.Run.Statistics.Clear();
        joint = model is TextModel { Joint: not null } text ? new(text, objective, all, autocast) : null;
        objective.Begin(all);
        return objective.Weight(all);
    }

    /// <summary>Until disposed the model trains: dropout draws for this update. Casts of linear layers outlive it.</summary>
    public Modes.Mode Update(long update, bool checkpointing = false)
    {
        var run = model.Params.Run;
        (run.Training, run.Seed, run.Update, run.Checkpointing) = (true, seed, update, checkpointing);
        DropWaiting();
        var tf32 = Modes.Tf32(model.Params.Device, run.Tf32);
        return new(() =>
        {
            tf32.Dispose();
            (run.Training, run.Checkpointing) = (false, false);
            Modes.ClearAutocast(weights: false);              // the optimizer's sweep brings them up to date
        });
    }

    /// <summary>Adds a micro-batch's gradient to those the weights have. Memory that ends inside is an error.</summary>
    /// <param name="observe">Sees the embeddings' output and every layer's.</param>
    /// <returns>Its part of the update's mean loss; 0 where that is among what <see cref="TakeWaiting"/> says.</returns>
    public double AddOnce(Example[] part, double divisor, Action<Tensor>? observe = null)
    {
        using var scope = new Scope();
        var (loss, learnt) = joint?.IsCut(part) == true ? joint.Of(part, divisor) : Whole(part, divisor, observe);
        var value = model.Params.Device.IsCpu ? loss.Item() : 0;
        if (learnt.RequiresGrad)                              // not where a replay has every gradient already
        {
            learnt.Backward();
            model.Params.SettleRows();
        }
        objective.Added();
        if (!model.Params.Device.IsCpu) Wait(loss.Detach().To(DType.Float64));
        return value;
    }

    (Tensor Loss, Tensor Learnt) Whole(Example[] part, double divisor, Action<Tensor>? observe)
    {
        var loss = Loss(part, observe) / divisor;
        if (observe is null) joint?.Settle();
        return (loss, model.Params.Run.TakePenalty() is { } penalty ? loss + (penalty / divisor) : loss);
    }

    /// <summary>
    /// The losses of this update's micro-batches that have not been read, because that would wait for the device, as one number there; null where all
    /// were. Taking it begins anew.
    /// </summary>
    public Tensor? TakeWaiting()
    {
        var sum = waiting;
        waiting = null;
        return sum;
    }

    /// <summary>The same, read.</summary>
    public double ReadWaiting()
    {
        using var sum = TakeWaiting();
        return sum?.Item() ?? 0;
    }

    void Wait(Tensor loss)
    {
        if (waiting is null) waiting = loss.Clone().Owned();
        else waiting.AddInPlace(loss);
    }

    void DropWaiting() => TakeWaiting()?.Dispose();

    /// <summary>As <see cref="AddOnce"/>, in pieces where memory ends: halves, and a single example with activation checkpointing.</summary>
    /// <remarks>
    /// A backward that failed has added the whole micro-batch to some gradients and nothing to the others. The former stand, and are left out
    /// while the pieces are computed; so nothing is lost or doubled, and no copy of the gradients is needed.
    /// </remarks>
    /// <exception cref="TorchMemoryException">One example does not fit.</exception>
    public double Add(Example[] part, double divisor, Action<Example[], bool>? replayed = null)
    {
        var run = model.Params.Run;
        var before = model.Params.Items.Select(item => item.Stored.GradVersion).ToArray();
        try
        {
            return AddOnce(part, divisor);
        }
        catch (TorchMemoryException) when (part.Length > 1 || !run.Checkpointing)
        {
            Modes.ClearAutocast();                            // its casts take memory, and belong to the recording that broke
        }
        replayed?.Invoke(part, part.Length == 1);
        var done = model.Params.Items.Where((item, i) => item.Stored.RequiresGrad && item.Stored.GradVersion != before[i]).ToArray();
        foreach (var item in done) item.Stored.RequireGrad(false);
        var checkpointing = run.Checkpointing;
        try
        {
            run.Checkpointing |= part.Length == 1;
            return part.Length == 1 ? Add(part, divisor, replayed) : Add(part[..(part.Length / 2)], divisor, replayed) + Add(part[(part.Length / 2)..], divisor, replayed);
        }
        finally
        {
            run.Checkpointing = checkpointing;
            foreach (var item in done) item.Stored.RequireGrad();
            Modes.ClearAutocast();
        }
    }

    /// <summary>The loss of an example alone, with the masks that an update draws for it.</summary>
    public double Alone(Example example, long update)
    {
        using var scope = new Scope();
        using var none = Modes.NoGrad();
        using var mode = Update(update);
        return Loss([example], null).Item();
    }

    public void Dispose()
    {
        DropWaiting();
        joint?.Dispose();
    }

    /// <summary>The summed loss of some examples.</summary>
    Tensor Loss(Example[] part, Action<Tensor>? observe)
    {
        using var mode = Modes.Autocast(model.Params.Device, autocast);
        return objective.Loss(model, Batch(part), part, autocast is not null, observe);
    }

    /// <summary>Seconds in which batches were made.</summary>
    public double DataSeconds { get; private set; }

    InputBatch Batch(Example[] part)
    {
        var clock = Stopwatch.GetTimestamp();
        var batch = Inputs.Of(part);
        DataSeconds += Stopwatch.GetElapsedTime(clock).TotalSeconds;
        return batch;
    }
}
