using Tutti.Runs;

namespace Tutti.Recipes;

/// <summary>What a run folder's recipe learns.</summary>
public static class RunTask
{
    /// <summary>Whether a run learns labels, numbers or several targets.</summary>
    public static bool HasAnswers(RunFolder run) => File.Exists(run.Recipe) && Recipe.Load(run.Recipe).Task is RecipeTask.MultiLabel or RecipeTask.TextRegression or RecipeTask.MultiTarget or RecipeTask.ImageMultiTarget;

    /// <summary>Whether a run's rows are pictures.</summary>
    public static bool HasPictures(RunFolder run) => File.Exists(run.Recipe) && Recipe.Load(run.Recipe).Task == RecipeTask.ImageClassification;

    /// <summary>Refuses a run that does not learn one class per row.</summary>
    /// <param name="run">The folder.</param>
    /// <param name="what">What needs classes, to stand before "need".</param>
    /// <param name="pictures">Classes of pictures will do.</param>
    /// <exception cref="DataException">It learns something else.</exception>
    public static void RequireClasses(RunFolder run, string what, bool pictures = false)
    {
        if (File.Exists(run.Recipe) && Recipe.Load(run.Recipe).Task is not RecipeTask.TextClassification and var task && !(pictures && task == RecipeTask.ImageClassification))
            throw new DataException(run.Root, $"is a run of task {RecipeJson.Name(task)}; {what} need one of task text-classification{(pictures ? " or image-classification" : "")}");
    }
}
