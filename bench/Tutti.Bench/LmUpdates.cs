using System.Diagnostics;
using Tutti.Torch;
using Tutti.Training;
using Tutti.Training.Optimizers;

namespace Tutti.Bench;

/// <summary>Our side of the lm benchmark: forward with loss, backward, AdamW, on random words.</summary>
sealed class LmUpdates : IDisposable
{
    const int Seed = 1;

    readonly LmCase one;
    readonly LmParts model;
    readonly AdamW optimizer;
    readonly DType? autocast;
    long forward, backward, stepping;
    int update;

    public LmUpdates(LmCase one)
    {
        this.one = one;
        model = new(one, Seed);
        (model.Params.Run.Seed, model.Params.Run.Training) = (Seed, true);
        optimizer = new(model.Params.Items, 0.9, 0.99, 1e-5, 0.01);               // fastai's Adam
        autocast = one.Precision.Autocast(model.Params.Items.Sum(item => item.Stored.Count), Device.Cpu, DType.Float32, Engine.MultipliesBf16);
    }

    /// <summary>Milliseconds of an update's parts in the last round.</summary>
    public Parts Parts => new(Milliseconds(forward), Milliseconds(backward), Milliseconds(stepping));

    /// <summary>What it computes in.</summary>
    public string Computes => autocast is null ? "fp32" : "bf16";

    public Round Round()
    {
        (forward, backward, stepping) = (0, 0, 0);
        for (var i = 0; i < one.Updates; i++) Update();
        return new(one.Updates / ((forward + backward + stepping) / (double)Stopwatch.Frequency), Memory.Stats(Device.Cpu).Peak, Resident: Machine.ResidentPeak());
    }

    /// <summary>One update, the peer's clock over the same work.</summary>
    /// <returns>Its loss.</returns>
    public double Update()
    {
        using var scope = new Scope();
        var rows = one.Batch * one.Length;
        var stream = RandomStream.Of(Seed, "words", update);
        var (ids, targets) = (Words(0), Words(rows));
        model.Params.Run.Update = update++;
        var begun = Stopwatch.GetTimestamp();
        Tensor loss;
        using (Modes.Autocast(Device.Cpu, autocast)) loss = model.Loss(ids, targets);
        var made = Stopwatch.GetTimestamp();
        loss.Backward();
        var back = Stopwatch.GetTimestamp();
        optimizer.Step(1e-3, 0);
        optimizer.ZeroGradients();
        model.Advance();
        Modes.ClearAutocast(weights: false);
        (forward, backward, stepping) = (forward + made - begun, backward + back - made, stepping + Stopwatch.GetTimestamp() - back);
        return loss.Item();

        Tensor Words(int from) => Tensor.From<long>([.. Enumerable.Range(from, rows).Select(i => (long)stream.Below(i, one.Vocabulary))], [rows]);
    }

    public void Dispose()
    {
        optimizer.ZeroGradients();
        optimizer.Dispose();
        model.Dispose();
        Modes.ClearAutocast();
    }

    double Milliseconds(long ticks) => 1000.0 * ticks / Stopwatch.Frequency / one.Updates;
}
