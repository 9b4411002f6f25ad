using Tutti.App.Commands;
using Tutti.Distributed;
using Tutti.Recipes;
using Tutti.Torch;

namespace Tutti.App;

/// <summary>
/// A training that several processes do together, each started with the same command by a launcher: rank 0 does what one process would do, the others take part in its cells or train cells of their own. Only rank 0 shows what happens.
/// </summary>
static class TrainTogether
{
    /// <summary>Whether the environment says that there are several processes.</summary>
    /// <exception cref="ConfigException">It says so, but not all that is needed.</exception>
    public static Rendezvous? Meeting() => Rendezvous.Of(Environment.GetEnvironmentVariable);

    /// <summary>Trains with the others.</summary>
    /// <param name="train">What rank 0 does.</param>
    /// <returns>The exit code.</returns>
    public static int Run(TrainCommand.Asked asked, Rendezvous at, RankOptions options, Func<TrainCommand.Asked, int> train)
    {
        var recipe = Check(asked, options);
        using var ranks = Ranks.Join(at, options, Overdue);
        ranks.Interrupted = at.Rank == 0 ? Session.Interrupt : null;
        if (Environment.GetEnvironmentVariable("OMP_NUM_THREADS") is null) Engine.Threads = Math.Max(1, Environment.ProcessorCount / ranks.OnThisMachine);
        try
        {
            if (!ranks.IsFirst) return Follow(asked, recipe, ranks);
            Session.Error.WriteLine(FormattableString.Invariant($"{ranks.Count} processes train together, {ranks.OnThisMachine} on this machine, {Engine.Threads} threads each"));
            return Lead(asked with { Ranks = ranks }, ranks, train);
        }
        catch (Exception e)
        {
            ranks.Fail(e);
            throw;
        }
    }

    static Recipe Check(TrainCommand.Asked asked, RankOptions options)
    {
        if (RatingsRecipe.Is(asked.Recipe)) throw new ConfigException("WORLD_SIZE", "task ratings is trained by one process; take WORLD_SIZE out of the environment");
        var recipe = asked.Load();
        if (options.Spread == Spread.Updates && recipe.Task is RecipeTask.LanguageModel or RecipeTask.Ulmfit)
            throw new ConfigException("--spread", $"got updates, but those of task {(recipe.Task == RecipeTask.Ulmfit ? "ulmfit" : "language-model")} are computed by one process; take --spread cells, or auto");
        return recipe;
    }

    static int Lead(TrainCommand.Asked asked, Ranks ranks, Func<TrainCommand.Asked, int> train)
    {
        try
        {
            var code = train(asked);
            Dismiss(ranks, "done");
            return code;
        }
        catch (OperationCanceledException) when (Session.Cancel.IsCancellationRequested)
        {
            Dismiss(ranks, "interrupted");
            throw;
        }
        catch (IncompleteRunException)
        {
            Dismiss(ranks, "failed");                         // cells failed in all processes alike, and rank 0 says which
            throw;
        }
    }

    static void Dismiss(Ranks ranks, string word)
    {
        Tutti.Recipes.Run.Dismiss(ranks, word);
        ranks.Leave();
    }

    static int Follow(TrainCommand.Asked asked, Recipe recipe, Ranks ranks)
    {
        var word = recipe.Task switch
        {
            RecipeTask.LanguageModel => new LanguageRun(recipe, asked.Folder) { Hub = asked.Hub, Ranks = ranks }.Follow(Session.Cancel),
            RecipeTask.Ulmfit => new UlmfitRun(recipe, asked.Folder) { Hub = asked.Hub, Ranks = ranks }.Follow(Session.Cancel),
            _ => new Run(recipe, asked.Folder) { Hub = asked.Hub, Ranks = ranks }.Follow(Session.Cancel),
        };
        ranks.Leave();
        return word switch { "done" => 0, "interrupted" => Session.Interrupted, _ => Session.Failed };
    }

    /// <summary>Another process is lost, and this one hangs somewhere: it ends here.</summary>
    static void Overdue(RankLostException loss)
    {
        Session.Error.WriteLine($"tutti: {loss.Message}");
        Session.Error.Flush();
        Ranks.EndNow(RankLostException.ExitCode);
    }
}
