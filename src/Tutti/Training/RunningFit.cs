using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Nn;
using Tutti.Torch;
using Tutti.Training.Optimizers;

namespace Tutti.Training;

/// <summary>
/// One fit from its first update, or from where an earlier process left it, to its last: for every update of exactly `batch` examples, for every
/// micro-batch: forward, loss, backward; then clip, step, zero; evaluate when it is time.
/// </summary>
/// <param name="model">What is trained.</param>
/// <param name="config">How.</param>
/// <param name="gradients">The sum of gradients in the weights.</param>
/// <param name="optimizer">Made as <paramref name="plan"/> says.</param>
/// <param name="groups">Rates, and which layers learn when.</param>
/// <param name="best">The best weights so far.</param>
/// <param name="plan">How updates are cut.</param>
/// <param name="store">Where resume points go; null for none.</param>
/// <param name="data">Training rows, held-out rows, and how the latter are judged.</param>
/// <param name="progress">Who watches.</param>
/// <param name="cancel">Ends the fit after the current micro-batch, with a resume point.</param>
/// <param name="shared">This process's part where several train together; then a fit ends between updates only.</param>
sealed class RunningFit(Network model, TrainConfig config, GradientSum gradients, AdamW optimizer, LearningGroups groups, BestWeights best, MemoryPlan plan, FitStore? store,
    RunningFit.Rows data, FitProgress progress, CancellationToken cancel, SharedFit? shared = null)
{
    /// <param name="Order">What is learnt from, update by update.</param>
    /// <param name="Evaluate">Evaluates the held-out rows after an update, with pieces of so many tokens.</param>
    /// <param name="Broken">The error for numbers that broke in an update.</param>
    public sealed record Rows(UpdateOrder Order, Func<long, int, int, EvaluationResult> Evaluate, Func<string, double, Example[], long, TrainingException> Broken);

    readonly FitState state = new((long)config.Epochs * data.Order.PerEpoch);
    readonly MicroCut cut = new(plan.MicroTokens);
    readonly int perEpoch = data.Order.PerEpoch;
    (int Epoch, IReadOnlyList<Example[]> Updates) order = (0, []);
    (long Update, IReadOnlyList<Example>? Examples) ahead;
    readonly bool saves = shared?.Any(store is not null) ?? store is not null;
    bool changed = true;                                      // since the newest resume point
    UpdateWord word;                                          // of the processes that train together, in the update that was done last

    /// <param name="point">Where to go on from; null at the beginning, and in processes that have no part in files.</param>
    /// <param name="from">Its state, in all processes.</param>
    public FitResult Run(ResumePoint? point, JsonObject? from)
    {
        Accumulation? sum;
        using (point) sum = from is null ? null : Resume(point, from);    // closed at once: its file is replaced soon, and would keep its room on the disk
        while (true)
        {
            if (EvaluationIsDue) Evaluate();
            if (state.Stop || state.Update == state.Updates) break;
            sum ??= NextUpdate();
            Accumulate(sum);
            if (shared is not null) Share(sum);
            Step(sum);
            sum = null;
            if (!word.Stop) continue;
            Save(null);
            throw new OperationCanceledException("the processes that train together were asked to end", cancel);
        }
        Save(null);
        return state.Result();
    }

    Device Device => model.Params.Device;
    CarriedState? Carried => model.Params.Run.Carried;
    int Epoch(long update) => (int)(update / perEpoch) + 1;

    bool EvaluationIsDue => state.Update > state.Evaluated
        && (state.Update == state.Updates || (config.EvaluateEvery > 0 ? state.Update % config.EvaluateEvery == 0 : state.Update % perEpoch == 0));

    Accumulation NextUpdate()
    {
        optimizer.ZeroGradients();
        groups.Begin(state.Update);
        var clock = Stopwatch.GetTimestamp();
        if (order.Epoch != Epoch(state.Update)) order = (Epoch(state.Update), data.Order.Epoch(Epoch(state.Update)));
        if (state.Update % perEpoch == 0) Carried?.Reset();   // the texts stand in another order
        var place = (int)(state.Update % perEpoch);
        var examples = ahead.Update == state.Update && ahead.Examples is { } begun ? begun : gradients.Objective.Prepared(order.Updates[place], order.Epoch);
        // Pictures of the next update are decoded while this one is computed; of several processes each decodes its own, when it comes to them.
        ahead = shared is not null || examples[0].Picture is null || place + 1 == perEpoch ? default : (state.Update + 1, Inputs.Ahead(gradients.Objective.Prepared(order.Updates[place + 1], order.Epoch)));
        shared?.Begin();
        var sum = new Accumulation(examples, gradients.Divisor(examples), shared?.Mine(examples));
        sum.Waited(clock);
        return sum;
    }

    /// <summary>Micro-batch by micro-batch, each a place where the fit can be ended and gone on with.</summary>
    void Accumulate(Accumulation sum)
    {
        using var mode = gradients.Update(state.Update, plan.Checkpointing);
        while (sum.Next(cut.Tokens) is { } part)
        {
            if (shared is null && cancel.IsCancellationRequested)
            {
                Save(sum);
                cancel.ThrowIfCancellationRequested();
            }
            var (clock, data) = (Stopwatch.GetTimestamp(), gradients.DataSeconds);
            if (sum.IsLast(part)) shared?.Last();
            var loss = gradients.Add(part, sum.Divisor, Replayed);
            sum.Add(part, loss, Stopwatch.GetElapsedTime(clock).TotalSeconds, gradients.DataSeconds - data);
            changed = true;
            if (shared is null && store is { IsDue: true }) Save(sum);
        }
    }

    /// <summary>The update's parts of all processes become one, and so do their next micro-batches.</summary>
    void Share(Accumulation sum)
    {
        var clock = Stopwatch.GetTimestamp();
        sum.AddLoss(gradients.ReadWaiting());
        word = shared!.Reduce(sum.Loss, new(0, cut.Tokens, cancel.IsCancellationRequested, store is { IsDue: true }));
        if (word.Tokens < cut.Tokens) progress.Notes?.Report(FormattableString.Invariant($"update {state.Update + 1}: another process found no room; micro-batches are smaller in all of them from here on"));
        cut.Agree(word.Tokens);
        sum.Shared(word.Loss, Stopwatch.GetElapsedTime(clock).TotalSeconds);
    }

    void Replayed(Example[] part, bool alone)
    {
        shared?.Replayed();
        var memory = Memory.Stats(Device);
        cut.Shrink(part.Length * part[0].Length);
        progress.Replays?.Report(new(state.Update + 1, part.Length, part.Sum(example => example.Length), part[0].Length, memory.InUse, memory.Limit, alone));
    }

    void Step(Accumulation sum)
    {
        var clock = Stopwatch.GetTimestamp();
        var known = Read(sum);
        if (!double.IsFinite(sum.Loss)) throw data.Broken("the loss", sum.Loss, sum.Examples, state.Update);
        var rate = groups.Plan.Rate(state.Update);
        optimizer.Beta1 = groups.Plan.Momentum(state.Update);
        var norm = optimizer.Step(rate, config.MaxGradientNorm, known ?? shared?.Norm);
        if (!double.IsFinite(norm)) throw data.Broken("the gradient's norm", norm, sum.Examples, state.Update);
        shared?.GiveUpdated();
        optimizer.ZeroGradients();                            // evaluation has their memory for itself
        var seconds = sum.Seconds + Stopwatch.GetElapsedTime(clock).TotalSeconds;
        var epoch = Epoch(state.Update);
        Carried?.Advance();
        model.Params.Run.Statistics.Settle();
        gradients.Objective.Settle();
        changed = true;
        state.Count(sum.Examples.Length, sum.Tokens, seconds, sum.DataSeconds);
        cut.UpdateDone();
        var memory = Memory.Stats(Device);
        state.SeePeak(memory.Peak);
        progress.Steps?.Report(new(state.Update, state.Updates, epoch, config.Epochs, sum.Loss, rate, norm, sum.Examples.Length, sum.Tokens, seconds, sum.DataSeconds, memory) { SumSeconds = sum.SumSeconds });
        if (!EvaluationIsDue && !word.Stop && ((shared is null ? store is { IsDue: true } : word.Save) || state.Update % perEpoch == 0)) Save(null);
    }

    /// <summary>Waits for a device that computes on its own: once per update, for the loss and the gradient's norm, which is null where nothing was waited for.</summary>
    double? Read(Accumulation sum)
    {
        using var waiting = gradients.TakeWaiting();
        if (waiting is null) return null;
        var (norm, loss) = optimizer.NormAnd(waiting);
        sum.AddLoss(loss);
        return norm;
    }

    void Evaluate()
    {
        EvaluationResult result;
        try
        {
            result = data.Evaluate(state.Update, Epoch(state.Update - 1), plan.MicroTokens);
        }
        catch (OperationCanceledException)
        {
            Save(null);                                       // the evaluation itself is done again
            throw;
        }
        changed = true;
        shared?.CheckSame(state.Update);
        result = state.Judge(result, config.BestBy, config.EarlyStopping);
        if (result.Best) best.Keep(state.Update);
        state.SeePeak(Memory.Stats(Device).Peak);
        progress.Evaluations?.Report(result);
        if ((shared?.Any(store is { IsDue: true }) ?? store is { IsDue: true }) || state.Update % perEpoch == 0) Save(null);
    }

    /// <summary>Writes all that the rest of the fit depends on.</summary>
    /// <param name="sum">The update in progress, or null between updates.</param>
    void Save(Accumulation? sum)
    {
        if (!saves || !changed) return;
        sum?.AddLoss(gradients.ReadWaiting());
        state.SeePeak(Memory.Stats(Device).Peak);             // of an update in progress too
        Dictionary<string, Tensor> tensors = [];
        using var scope = new Scope();
        foreach (var (name, moment) in shared?.WholeState(optimizer) ?? optimizer.State) tensors[name] = moment;
        changed = false;
        if (store is null) return;
        foreach (var item in model.Params.Items)
        {
            tensors[$"w {item.Name}"] = item.Value;
            if (sum is null || item.Stored.StoredGrad is not { } grad) continue;
            tensors[$"g {item.Name}"] = grad.IsByRows ? grad.RowValues : grad;
            if (grad.IsByRows) tensors[$"ids {item.Name}"] = grad.RowIds;
        }
        foreach (var (name, states) in Carried?.State ?? []) tensors[$"carried {name}"] = states;
        foreach (var (name, seen) in model.Params.Run.Statistics.State) tensors[$"statistics {name}"] = seen;
        store.Save(state.Update, new JsonObject
        {
            ["fit"] = state.ToJson(),
            ["sum"] = sum?.ToJson(),
            ["objective"] = gradients.Objective.State,
            ["cut"] = cut.ToJson(),
            ["plan"] = JsonSerializer.SerializeToNode(plan),
            ["optimizer"] = new JsonObject { ["steps"] = optimizer.Steps },
            ["device"] = Device.ToString(),
            // Where a generator is used it is seeded before every draw.
            ["generator"] = Device.IsCpu ? Convert.ToBase64String(Engine.GeneratorState(Device)) : null,
        }, tensors);
    }

    /// <summary>Puts everything back; the update that was in progress, or null.</summary>
    Accumulation? Resume(ResumePoint? point, JsonObject from)
    {
        using var mode = Modes.NoGrad();
        state.Restore(from["fit"]!);
        cut.Restore(from["cut"]!);
        optimizer.Steps = from["optimizer"]!["steps"]!.GetValue<long>();
        if (Device.IsCpu && from["generator"] is { } generator) Engine.RestoreGenerator(Device, Convert.FromBase64String(generator.GetValue<string>()));
        if (from["device"] is { } was && was.GetValue<string>() != Device.ToString())
            progress.Notes?.Report($"the resume point was written on {was}, this is {Device}: results may differ in the last bits");
        if (shared is not null) shared.Restore(point, optimizer);
        else
        {
            foreach (var item in model.Params.Items) point!.ReadInto($"w {item.Name}", item.Value);
            foreach (var (name, moment) in optimizer.State) point!.ReadInto(name, moment);
        }
        changed = false;
        progress.Notes?.Report(FormattableString.Invariant($"goes on after update {state.Update} of {state.Updates}"));
        if (shared is not null && from["sum"] is not null) progress.Notes?.Report("the update that one process had in progress begins again, shared by all: results may differ in the last bits");
        if (shared is not null || point is null) return null;
        var sum = from["sum"] is null ? null : NextUpdate();
        RestoreCarried(point);
        if (from["objective"] is { } learnt) gradients.Objective.Restore(learnt);
        if (sum is null) return null;
        foreach (var name in point.Names.Where(name => name.StartsWith("statistics ", StringComparison.Ordinal))) Scope.Run(() => model.Params.Run.Statistics.Restored(name["statistics ".Length..], point.Read(name).To(Device)));
        sum.Restore(from["sum"]!);
        foreach (var item in model.Params.Items.Where(item => point.Has($"g {item.Name}")))
        {
            using var scope = new Scope();
            var ids = point.Has($"ids {item.Name}") ? point.Read($"ids {item.Name}") : null;
            var gradient = Tensor.Empty(ids is null ? item.Stored.Shape : [ids.Count, item.Stored.Size(1)], item.Stored.DType, ids is null ? Device : Device.Cpu);
            point.ReadInto($"g {item.Name}", gradient);
            if (ids is not null) gradient = Tensor.ByRows(ids, gradient, item.Stored.Size(0));
            item.Stored.SetGrad(ids is not null && !Device.IsCpu ? gradient.Dense().To(Device) : gradient);      // rows are the CPU's
        }
        return sum;
    }

    void RestoreCarried(ResumePoint point)
    {
        if (Carried is not { } carried) return;
        using var scope = new Scope();
        foreach (var name in point.Names.Where(name => name.StartsWith("carried ", StringComparison.Ordinal))) carried.Restore(name["carried ".Length..], point.Read(name).To(Device));
    }
}
