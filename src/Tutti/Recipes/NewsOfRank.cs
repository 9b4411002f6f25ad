using Tutti.Distributed;

namespace Tutti.Recipes;

/// <summary>News of the cells that a rank trains alone, on their way to rank 0, which shows them. Of updates only the newest is worth it.</summary>
sealed class NewsOfRank(RanksApart to) : IProgress<RunNews>
{
    public void Report(RunNews value)
    {
        switch (value)
        {
            case StepNews: to.TellNow(value.ToJson()!); break;
            case CellNews or PlanNews or ReplayNews or EvaluationNews or CellDoneNews: to.Tell(value.ToJson()!); break;
        }
    }
}
