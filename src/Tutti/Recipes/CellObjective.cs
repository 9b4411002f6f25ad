using Tutti.Models;
using Tutti.Predictions;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>What a cell learns of its rows.</summary>
static class CellObjective
{
    /// <summary>One class per row, or the answers; a model of answers keeps them in its config, which its checkpoint is read with.</summary>
    /// <param name="data">The run's rows.</param>
    /// <param name="config">The member's settings.</param>
    /// <param name="labelled">The rows of the cell's fold that it learns from.</param>
    /// <param name="model">What learns.</param>
    /// <param name="other">What is learnt of one class per row in place of it, from the weights of the classes (null: 1 each); null, or null from it: the class.</param>
    public static Objective Of(RunData data, TrainConfig config, Example[] labelled, Network model, Func<double[]?, Objective?>? other = null)
    {
        if (data.Answers is not { } known)
        {
            var weights = ClassWeightsOf(config.ClassWeights, data, labelled);
            return other?.Invoke(weights) ?? new SingleLabel(weights, config.LabelSmoothing, config.Loss);
        }
        var answers = known.Scaled([.. labelled.Select(example => example.Row)]);
        model.Config[TrainedModel.AnswersKey] = Answer.ToJson(answers);
        if (Answer.ProblemType(answers) is { } type) model.Config["problem_type"] = type;
        return Objective.Of(answers, config, known.Losses, model);
    }

    /// <summary>The weight of each class: none, n / (k n_c) over the cell's training rows, or as the recipe says.</summary>
    static double[]? ClassWeightsOf(ClassWeights weights, RunData data, Example[] examples)
    {
        var names = data.Labels.Names;
        if (weights.IsBalanced)
            return [.. Enumerable.Range(0, names.Count).Select(c => examples.Length / ((double)names.Count * Math.Max(1, examples.Count(e => e.Label == c))))];
        if (weights.Weights.Count == 0) return null;
        return [.. names.Select(name => weights.Weights.GetValueOrDefault(name, 1))];
    }
}
