using Tutti.Recommend;
using Tutti.Tables;

namespace Tutti.Recipes;

/// <summary>The ratings of a recipe, read, checked and divided.</summary>
/// <param name="Train">What is learnt.</param>
/// <param name="Held">What is predicted; users and items that are not in the data of training are <see cref="RatingModel.Unknown"/>.</param>
/// <param name="HeldLines">The line of every held-out row in its file.</param>
/// <param name="Users">Names.</param>
/// <param name="Items">Names.</param>
/// <param name="UserTitles">What users are called.</param>
/// <param name="Titles">What items are called.</param>
/// <param name="Hash">Of the contents of the files of ratings.</param>
/// <param name="Notes">What was found.</param>
sealed record RatingsOpen(RatingRows Train, RatingRows Held, long[] HeldLines, NameIndex Users, NameIndex Items, string[] UserTitles, string[] Titles, string Hash, IReadOnlyList<string> Notes)
{
    /// <exception cref="DataException">A file cannot be used.</exception>
    public static RatingsOpen Of(RatingsRecipe recipe)
    {
        var data = recipe.Data;
        var (format, range) = (data.Format.ToTableFormat(), RatingsData.Ends(data.Range));
        var all = RatingTable.Read(data.Train, data.Columns, format, data.Duplicates, range);
        all.CheckLearnable(data.Columns.Rating is not null);
        List<string> notes = [FormattableString.Invariant($"{data.Train}: {all.Rows.Count} ratings, {all.Users.Count} users, {all.Items.Count} items, {100.0 * all.Rows.Count / all.Users.Count / all.Items.Count:0.##} % of all pairs")];
        if (all.Duplicates > 0) notes.Add(FormattableString.Invariant($"{all.Duplicates} rows rate an item again; data.duplicates: {RecipeJson.Name(data.Duplicates)} decided"));
        var (train, held) = data.Valid is { } valid ? (all, RatingTable.Read(valid, data.Columns, format, data.Duplicates, range, (all.Users, all.Items))) : Divided(all, recipe);
        if (held.Rows.Count == 0) throw new DataException(data.Train, "no user has more than one rating, so none can be held out; choose another data.split");
        if (data.Valid is not null) RefuseSeen(train, held);
        notes.Add(FormattableString.Invariant($"{train.Rows.Count} ratings to learn from, {held.Rows.Count} held out ({(data.Valid is null ? RecipeJson.Name(data.Split.Kind) : data.Valid)}){Cold(train.Rows, held.Rows)}"));
        string[] Titles(RatingsNames? names, NameIndex of, string what)
        {
            if (names is null) return [.. of.Names];
            var (texts, missing) = SideTable.Join(names.File, names.Format.ToTableFormat(), names.Id, names.Title, of);
            if (missing > 0) notes.Add(FormattableString.Invariant($"{names.File} has no row for {missing} of {of.Count} {what}; they keep their ids"));
            return texts;
        }
        var hash = RecipeJson.Hash(new[] { TextFile.At(data.Train, null).Hash(), data.Valid is null ? "" : TextFile.At(data.Valid, null).Hash() });
        return new(train.Rows, held.Rows, held.Lines, all.Users, all.Items, Titles(data.Users, all.Users, "users"), Titles(data.Items, all.Items, "items"), hash, notes);
    }

    /// <summary>How many rows are of users or items without a row of training; "" for none.</summary>
    public static string Cold(RatingRows train, RatingRows held)
    {
        var (users, items) = (CrossTable.Counts(train.Users, train.UserCount), CrossTable.Counts(train.Items, train.ItemCount));
        var (ofUsers, ofItems) = (held.Users.Count(user => user < 0 || users[user] == 0), held.Items.Count(item => item < 0 || items[item] == 0));
        return ofUsers + ofItems == 0 ? "" : FormattableString.Invariant($"; of them {ofUsers} are of users and {ofItems} of items that are not learnt from");
    }

    static (RatingTable, RatingTable) Divided(RatingTable all, RatingsRecipe recipe)
    {
        var (split, rows) = (recipe.Data.Split, all.Rows);
        var held = split.Kind switch
        {
            RatingsSplitKind.PerUser => RatingSplit.PerUser(rows, split.Count ?? 1, recipe.Seed),
            RatingsSplitKind.Time => RatingSplit.ByTime(rows, split.Share ?? 0.2, recipe.Data.Train),
            _ => RatingSplit.Random(rows.Count, split.Share ?? 0.2, recipe.Seed),
        };
        return (all.Select(RatingSplit.Others(rows.Count, held)), all.Select(held));
    }

    // What is scored must not have been learnt.
    static void RefuseSeen(RatingTable train, RatingTable held)
    {
        var seen = train.Rows.Users.Zip(train.Rows.Items).ToHashSet();
        for (var row = 0; row < held.Rows.Count; row++)
            if (seen.Contains((held.Rows.Users[row], held.Rows.Items[row])))
                throw new DataException(held.File, $"user '{train.Users[held.Rows.Users[row]]}' and item '{train.Items[held.Rows.Items[row]]}' are also in {train.File}: what is scored must not have been learnt from.", held.Lines[row]);
    }
}
