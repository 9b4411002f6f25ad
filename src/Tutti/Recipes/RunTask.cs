using Tutti.Runs;

namespace Tutti.Recipes;

/// <summary>What a run folder's recipe learns.</summary>
public static class RunTask
{
    /// <summary>Whether a run learns labels, numbers or several targets.</summary>
    public static bool HasAnswers(RunFolder run) => Recipe.Load(run.Recipe).Task is RecipeTask.MultiLabel or RecipeTask.TextRegression or RecipeTask.MultiTarget;

    /// <summary>Refuses a run that does not learn one class per row.</summary>
    /// <param name="run">The folder.</param>
    /// <param name="what">What needs classes, to stand before "need".</param>
    /// <exception cref="DataException">It learns something else.</exception>
    public static void RequireClasses(RunFolder run, string what)
    {
        if (File.Exists(run.Recipe) && Recipe.Load(run.Recipe).Task is not RecipeTask.TextClassification and var task)
            throw new DataException(run.Root, $"is a run of task {RecipeJson.Name(task)}; {what} need one of task text-classification");
    }
}
