using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recommend;

/// <summary>What every fit by gradients has in common: the order of the ratings, the rate of every update, the news of every epoch.</summary>
/// <param name="rows">The ratings.</param>
/// <param name="settings">Seed, schedule, progress.</param>
/// <param name="epochs">Passes over them.</param>
/// <param name="batch">Ratings of an update; the last of an epoch has what is left.</param>
/// <param name="rate">The peak learning rate.</param>
sealed class RatingFit(RatingRows rows, RatingSettings settings, int epochs, int batch, double rate)
{
    const double ConstantMomentum = 0.9;

    readonly OneCycle cycle = new();

    /// <summary>Refuses a rate and a decay by which an update would leave nothing of a weight.</summary>
    /// <exception cref="ConfigException">Their product is 1 or more.</exception>
    public static double CheckedDecay(double rate, double decay) => rate * decay < 1 ? decay
        : throw new ConfigException("learning-rate", FormattableString.Invariant($"{rate} times weight-decay {decay} is {rate * decay:0.###}, expected below 1: an update would leave nothing of a weight; lower one of them"));

    /// <summary>Updates of an epoch.</summary>
    public int Updates { get; } = (rows.Count + batch - 1) / batch;

    public int Batch => batch;

    /// <summary>Runs all epochs.</summary>
    /// <param name="epoch">Given users and items by their rows (1 more than their numbers, 0 being unknown), ratings, and the rate and momentum of every update; gives the sum of squared errors.</param>
    /// <exception cref="TrainingException">The numbers broke.</exception>
    public void Run(Func<long[], long[], float[], (double Rate, double Momentum)[], double> epoch)
    {
        for (var number = 0; number < epochs; number++)
        {
            settings.Cancel.ThrowIfCancellationRequested();
            var order = Enumerable.Range(0, rows.Count).ToArray();
            RandomStream.Of(settings.Seed, "shuffle", number).Shuffle<int>(order);
            var steps = Enumerable.Range(number * Updates, Updates).Select(Step).ToArray();
            var loss = epoch(Array.ConvertAll(order, row => rows.Users[row] + 1L), Array.ConvertAll(order, row => rows.Items[row] + 1L), Array.ConvertAll(order, row => rows.Values[row]), steps) / rows.Count;
            if (!double.IsFinite(loss)) throw new TrainingException(FormattableString.Invariant($"the loss is {loss} in epoch {number + 1}: the learning rate of {rate} is too high for these ratings; lower it"));
            settings.Progress?.Report(new(number + 1, epochs, loss));
        }
    }

    (double, double) Step(int step) => settings.Schedule == RatingSchedule.Constant ? (rate, ConstantMomentum)
        : (rate * cycle.Factor(step, (long)epochs * Updates), cycle.MomentumAt(step, (long)epochs * Updates));
}
