using System.CommandLine;
using Tutti.Recipes;

namespace Tutti.App.Commands;

/// <summary>Which step of a recipe of task ulmfit a command looks at.</summary>
static class RecipeStep
{
    public static Option<string?> Option() => new("--step") { Description = $"Of task ulmfit: look at {UlmfitRun.Pretrain}, {UlmfitRun.Adapt} or {UlmfitRun.Classify}; unless said, at the last.", HelpName = "STEP" };

    /// <summary>Does something with the recipe of the step that was asked for.</summary>
    /// <param name="recipe">The whole.</param>
    /// <param name="step">Null: the recipe as it is, which is its classifiers.</param>
    /// <param name="body">Its texts are gone afterwards.</param>
    public static T With<T>(Recipe recipe, string? step, Func<Recipe, T> body)
    {
        if (step is null) return body(recipe);
        var folder = Directory.CreateTempSubdirectory("tutti-step-").FullName;
        try
        {
            return body(UlmfitRun.StepOf(recipe, step, folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
