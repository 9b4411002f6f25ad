using Tutti.Hub;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>What sweeps of a member's learning rate found.</summary>
/// <param name="Config">Its settings.</param>
/// <param name="Rows">That it learnt from.</param>
/// <param name="Sweeps">One for each seed.</param>
/// <param name="Median">Of the sweeps' suggestions; null when none came to any.</param>
public sealed record MemberRates(string Name, TrainConfig Config, int Rows, IReadOnlyList<SweepResult> Sweeps, RateSuggestions? Median);

/// <summary>One update of a sweep.</summary>
public sealed record SweepNews(string Member, int Seed, int Update, int Updates, double Rate, double Loss);

/// <summary>Finds learning rates for a recipe's members by short sweeps; no model, run folder or other file is changed.</summary>
public static class RateFinder
{
    /// <summary>Sweeps of a member.</summary>
    public const int Seeds = 3;

    /// <summary>One member after the other, in the order of the recipe, each with the rows of its first fold.</summary>
    /// <param name="range">The rates to try.</param>
    /// <param name="member">The name of one member; null for all.</param>
    /// <param name="headOnly">Only the head learns.</param>
    /// <param name="hub">Where models that are named on the hub come from; null: as the environment says.</param>
    /// <exception cref="InputException">The recipe, its data, a model or the range cannot be used.</exception>
    /// <exception cref="RunMemoryException">A model does not fit into the recipe's memory.</exception>
    public static IEnumerable<MemberRates> Of(Recipe recipe, RateRange range, string? member = null, bool headOnly = false, HubSettings? hub = null, IProgress<SweepNews>? news = null, CancellationToken cancel = default)
    {
        range.Check();
        using var memory = new MemoryBudget(recipe.Memory, recipe.Device.Resolve()) { OfPictures = recipe.SeesPictures };
        var members = FirstFits.Open(FirstFits.Only(recipe, member), memory, hub, cancel);
        foreach (var open in members)
        {
            var rows = 0;
            SweepResult[] sweeps = [.. SeedsOf(open.Member).Select(seed => memory.Within(open.Name, open.Config, () =>
            {
                cancel.ThrowIfCancellationRequested();
                using var fit = open.Begin(seed);
                rows = fit.Train.Length;
                var sweep = new RateSweep(fit.Model, open.Config, seed, fit.Objective) { HeadOnly = headOnly };
                return sweep.Run(fit.Train, range, news is null ? null : new Told(open.Name, seed, range.Updates, news), cancel);
            }))];
            Torch.Memory.Trim();
            yield return new(open.Name, open.Config, rows, sweeps, RateSuggestions.Median([.. sweeps.Select(sweep => sweep.Suggestions).OfType<RateSuggestions>()]));
        }
    }

    /// <summary>The member's own seeds, and the numbers behind the last of them where there are fewer than three.</summary>
    static int[] SeedsOf(MemberConfig member) => [.. member.Seeds.Concat(Enumerable.Range(1, Seeds).Select(i => member.Seeds.Max() + i)).Take(Seeds)];

    sealed class Told(string member, int seed, int updates, IProgress<SweepNews> news) : IProgress<(int Update, double Rate, double Loss)>
    {
        public void Report((int Update, double Rate, double Loss) value) => news.Report(new(member, seed, value.Update, updates, value.Rate, value.Loss));
    }
}
