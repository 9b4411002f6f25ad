using Tutti.Training;

namespace Tutti.Bench;

/// <summary>Adds up what Learner reports, at once and on its thread.</summary>
sealed class StepSums : IProgress<StepResult>
{
    public int Examples { get; private set; }
    public double Seconds { get; private set; }
    public long Peak { get; private set; }

    public void Report(StepResult value)
    {
        Examples += value.Examples;
        Seconds += value.Seconds;
        Peak = value.Memory.Peak;
    }
}
