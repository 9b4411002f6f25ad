using System.Text.Json.Nodes;
using Tutti.Distributed;
using Tutti.Models;
using Tutti.Nn;
using Tutti.Torch;
using Tutti.Training.Optimizers;

namespace Tutti.Training;

/// <summary>
/// One process's part of a fit that several do together (docs/distributed.md). An update is what it is with one process: every process computes its share of the examples, divided by the weight of all, and the
/// gradients are added up once. All processes take the same decisions at the same points, so that nobody waits for a collective that another never begins.
/// </summary>
sealed class SharedFit : IDisposable
{
    readonly Ranks ranks;
    readonly Network model;
    readonly SharedRows rows;
    readonly ShardedState? shards;
    Buckets? buckets;
    BucketStats before = new(0, 0, 0, 0);                      // of buckets of other weights, as unfreezing makes them

    /// <exception cref="ConfigException">The model or the objective cannot be trained by several processes; says why.</exception>
    public SharedFit(Ranks ranks, Network model, TrainConfig config, UpdateOrder order)
    {
        if (Hindrance(model, config, order.Streams) is { } hindrance) throw hindrance;
        (this.ranks, this.model, rows) = (ranks, model, new(ranks, model));
        shards = ranks.Options.ShardState ? new(ranks, model) : null;
    }

    /// <summary>Why the updates of a model cannot be shared: what depends on more of an update than a process's share. Null: they can.</summary>
    /// <param name="streams">Of <see cref="UpdateOrder.Streams"/>.</param>
    public static ConfigException? Hindrance(Network model, TrainConfig config, int streams)
    {
        const string next = "\nTrain it with one process (WORLD_SIZE=1), or let each process train whole cells (--spread cells).";
        if (streams > 0) return new("WORLD_SIZE", "a recurrent language model carries its states from update to update, and several processes would each need those of the others" + next);
        if (model is TextModel { Joint: not null }) return new("WORLD_SIZE", "this head looks at all texts of an update together (batch norm), of which a process has only its share" + next);
        if (config.Balance is { Kind: BalanceKind.GradientNorm }) return new("train.balance", "gradient-norm looks at the gradients of all rows of an update, of which a process has only its share; use uncertainty or weights" + next);
        if (model is TextModel { Recurrent: true }) return new("WORLD_SIZE", "recurrent models are trained by one process" + next);
        if (model is VisionModel && config.BatchNorm != BatchNormKind.Running && model.Params.Items.Any(item => item.Name.EndsWith("running_var", StringComparison.Ordinal)))
            return new("train.batch-norm", "batch norms would take the statistics of each process's own micro-batches, which are others with every number of processes; set train.batch-norm: running, which keeps those that the model came with" + next);
        return null;
    }

    /// <summary>Only rank 0 writes.</summary>
    public bool IsFirst => ranks.IsFirst;

    /// <summary>Several processes need one answer: the plan that fits them all.</summary>
    public MemoryPlan Agree(MemoryPlan plan)
    {
        var most = ranks.Reduce([-plan.MicroTokens, plan.Checkpointing ? 1 : 0, plan.PagedOptimizer ? 1 : 0], ReduceKind.Most);
        return plan with { MicroTokens = (int)-most[0], Checkpointing = most[1] > 0, PagedOptimizer = most[2] > 0 };
    }

    /// <summary>Whether anybody says so.</summary>
    public bool Any(bool here) => ranks.Reduce([here ? 1 : 0], ReduceKind.Most)[0] > 0;

    /// <summary>Rank 0's state of a resume point.</summary>
    public JsonObject? Give(JsonObject? state) => ranks.Give(state?.ToJsonString()) is { } text ? JsonNode.Parse(text)!.AsObject() : null;

    /// <summary>Rank 0's weights, in all processes.</summary>
    public void GiveWeights()
    {
        using var mode = Modes.NoGrad();
        foreach (var item in model.Params.Items) ranks.Give(item.Value);
        Modes.ClearAutocast();                                // casts of what was there before
    }

    /// <summary>The weights that this process's optimizer updates.</summary>
    public IReadOnlyList<Parameter> Updated => shards?.Mine ?? model.Params.Trained;

    /// <summary>This process's examples of an update.</summary>
    public Example[] Mine(IReadOnlyList<Example> update) => [.. Shares.Of(update, ranks.Rank, ranks.Count).Select(place => update[place])];

    /// <summary>An update begins; the weights that learn in it take gradients already.</summary>
    public void Begin()
    {
        Tensor[] learning = [.. model.Params.Items.Where(item => !item.ByRows && item.Stored.RequiresGrad).Reverse().Select(item => item.Stored)];
        if (buckets is null || !buckets.Are(learning))
        {
            before = Stats;
            buckets?.Dispose();
            buckets = new(ranks, learning, model.Params.Device);
        }
        buckets.Begin();
    }

    /// <summary>The micro-batch that is computed next is the last of this process's share: its gradients are reduced as they come.</summary>
    public void Last() => buckets!.Arm(true);

    /// <summary>Memory ended in it, and it is computed in pieces: what is left is reduced after them.</summary>
    public void Replayed() => buckets?.Arm(false);

    /// <summary>Adds up the update over all processes: gradients, loss, and what each has to say.</summary>
    public UpdateWord Reduce(double loss, UpdateWord word)
    {
        buckets!.Finish();
        var sum = ranks.Reduce([loss], ReduceKind.Sum)[0];
        var kinds = model.Params.Items.Select(item => item.Stored.RequiresGrad ? SharedRows.KindOf(item, given: !item.ByRows) : 0).ToArray();
        var most = ranks.Reduce([-word.Tokens, word.Stop ? 1 : 0, word.Save ? 1 : 0, .. kinds], ReduceKind.Most);
        rows.Reduce([.. most.Skip(3).Select(kind => (int)kind)]);
        if (most[1] > 0 && !word.Stop) ranks.Interrupted?.Invoke();
        return new(sum, (int)-most[0], most[1] > 0, most[2] > 0);
    }

    /// <summary>The norm of all gradients, where this process's optimizer has a part of the weights only; null where it has all.</summary>
    public double? Norm => shards is null ? null : AdamW.NormOf(model.Params.Trained);

    /// <summary>Everybody's new weights, where each updates a part; an optimizer forgets the gradients of its own part only.</summary>
    public void GiveUpdated()
    {
        if (shards is null) return;
        shards.GiveWeights();
        ForgetGradients();
    }

    void ForgetGradients()
    {
        foreach (var item in model.Params.Trained) item.Stored.SetGrad(null);
    }

    /// <summary>The optimizer's whole state; rank 0's to be saved.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> WholeState(AdamW optimizer) => shards?.Gather(optimizer) ?? optimizer.State;

    /// <summary>Rank 0 reads a resume point; every process gets the weights, and of the optimizer's state what it needs.</summary>
    public void Restore(ResumePoint? point, AdamW optimizer)
    {
        using var mode = Modes.NoGrad();
        foreach (var item in model.Params.Items)
        {
            point?.ReadInto($"w {item.Name}", item.Value);
            ranks.Give(item.Value);
        }
        Modes.ClearAutocast();
        var mine = optimizer.State.ToDictionary(pair => pair.Key, pair => pair.Value);
        foreach (var item in model.Params.Trained)
            foreach (var name in (string[])[$"m {item.Name}", $"v {item.Name}"])
            {
                using var scope = new Scope();
                var moment = mine.TryGetValue(name, out var own) ? own : Tensor.Empty(item.Stored.Shape, item.Stored.DType, item.Stored.Device);
                point?.ReadInto(name, moment);
                ranks.Give(moment);
            }
    }

    /// <summary>Held-out rows, each by one process, judged by all alike.</summary>
    public HeldOutScores Evaluate(Objective objective, IReadOnlyList<Example> valid, Precision precision, int tokens) =>
        objective.Judge(Values(ranks, valid, mine => objective is LanguageObjective language ? language.PerUnit((TextModel)model, mine, precision, tokens, CancellationToken.None) : Predictor.Values(model, mine, objective, precision, tokens)), valid);

    /// <summary>Numbers of every example, computed by the process that has it, in all processes.</summary>
    /// <param name="compute">Of some examples, as many of each.</param>
    public static double[] Values(Ranks ranks, IReadOnlyList<Example> examples, Func<IReadOnlyList<Example>, double[]> compute)
    {
        var places = Shares.Of(examples, ranks.Rank, ranks.Count);
        var mine = places.Length == 0 ? [] : compute([.. places.Select(place => examples[place])]);
        var width = (int)ranks.Reduce([places.Length == 0 ? 0 : mine.Length / places.Length], ReduceKind.Most)[0];
        var all = new double[examples.Count * width];
        for (var i = 0; i < places.Length; i++) mine.AsSpan(i * width, width).CopyTo(all.AsSpan(places[i] * width));
        return ranks.Reduce(all, ReduceKind.Sum);             // of each number one process has it, the others zero
    }

    /// <summary>What the reductions came to.</summary>
    public BucketStats Stats => buckets is null ? before : before + buckets.Stats;

    /// <summary>Refuses to go on where processes have come to different weights, as different processors or libraries would make them.</summary>
    /// <exception cref="TrainingException">They have.</exception>
    public void CheckSame(long update)
    {
        using var scope = new Scope();
        using var mode = Modes.NoGrad();
        var norm = Tensor.Norm([.. model.Params.Items.Select(item => item.Value.To(Device.Cpu))]);
        var ends = ranks.Reduce([norm, -norm], ReduceKind.Most);
        if (BitConverter.DoubleToInt64Bits(ends[0]) != BitConverter.DoubleToInt64Bits(-ends[1]) && !double.IsNaN(norm))
            throw new TrainingException(FormattableString.Invariant($"update {update}: the processes have come to different weights (norm {-ends[1]:R} to {ends[0]:R}). Their processors or libraries compute differently: TUTTI_SIMD=avx2 or plain makes the kernels alike; tutti doctor shows versions."));
    }

    public void Dispose()
    {
        buckets?.Dispose();
        ForgetGradients();
    }
}

/// <summary>What processes tell each other once an update.</summary>
/// <param name="Loss">The update's.</param>
/// <param name="Tokens">Of the next micro-batches at most: the fewest of all.</param>
/// <param name="Stop">Somebody was asked to end.</param>
/// <param name="Save">Rank 0's time for a resume point has come.</param>
readonly record struct UpdateWord(double Loss, int Tokens, bool Stop, bool Save);
