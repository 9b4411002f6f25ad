using Tutti.Hub;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>What every update of a member uses.</summary>
/// <param name="Groups">Its layer groups, from the lowest on.</param>
/// <param name="Weights">Numbers in each.</param>
/// <param name="Note">What should not be overlooked, or null.</param>
public sealed record MemberSchedule(string Name, TrainConfig Config, RatePlan Plan, IReadOnlyList<string> Groups, IReadOnlyList<long> Weights, string? Note)
{
    /// <summary>The schedule as recipes spell it.</summary>
    public string Schedule => RecipeJson.Name(Config.Schedule);
}

/// <summary>The learning rates of a recipe's members, known without training them; nothing is written.</summary>
public static class ScheduleForecast
{
    /// <summary>One member after the other, in the order of the recipe, each with the rows of its first fold.</summary>
    /// <param name="member">The name of one member; null for all.</param>
    /// <param name="hub">Where models that are named on the hub come from; null: as the environment says.</param>
    /// <exception cref="InputException">The recipe, its data or a model cannot be used.</exception>
    public static IReadOnlyList<MemberSchedule> Of(Recipe recipe, string? member = null, HubSettings? hub = null, CancellationToken cancel = default)
    {
        using var memory = new MemoryBudget(recipe.Memory, recipe.Device.Resolve()) { OfPictures = recipe.SeesPictures };
        var members = FirstFits.Open(FirstFits.Only(recipe, member), memory, hub, cancel);
        return [.. members.Select(open =>
        {
            cancel.ThrowIfCancellationRequested();
            var config = open.Config;
            var (model, perEpoch) = open.Look();
            using (model)
            using (var groups = new LearningGroups(model, config, perEpoch))
                return new MemberSchedule(open.Name, config, groups.Plan, groups.Names, groups.Weights, groups.Note(config));
        })];
    }
}
