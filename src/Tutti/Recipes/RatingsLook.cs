using Tutti.Recommend;

namespace Tutti.Recipes;

/// <summary>What the data of a recipe of ratings hold, before anything is learnt from them.</summary>
/// <param name="Notes">How many ratings, users and items, and what is held out.</param>
/// <param name="Table">What the busiest users say of the busiest items.</param>
/// <param name="UserTitles">What users are called, by number.</param>
/// <param name="Titles">What items are called, by number.</param>
public sealed record RatingsLook(IReadOnlyList<string> Notes, CrossTable Table, IReadOnlyList<string> UserTitles, IReadOnlyList<string> Titles)
{
    /// <param name="recipe">Names the files.</param>
    /// <param name="count">Users, and items, of the table.</param>
    /// <exception cref="InputException">Recipe or data cannot be used.</exception>
    public static RatingsLook Of(RatingsRecipe recipe, int count)
    {
        recipe.Check();
        var data = RatingsOpen.Of(recipe);
        return new(data.Notes, CrossTable.Of(data.Seen, count), data.UserTitles, data.Titles);
    }
}
