using Tutti.Recommend;
using Tutti.Tables;

namespace Tutti.Recipes;

/// <summary>A division of the ratings into what is learnt and what is predicted.</summary>
/// <param name="Fold">Its name; null where it is the only one.</param>
/// <param name="Train">What is learnt.</param>
/// <param name="Held">What is predicted; users and items that no file of training has are <see cref="RatingModel.Unknown"/>.</param>
/// <param name="HeldLines">The line of every held-out row in its file.</param>
sealed record RatingsPart(string? Fold, RatingRows Train, RatingRows Held, long[] HeldLines);

/// <summary>The ratings of a recipe, read, checked and divided. Users and items have the same numbers in all parts.</summary>
/// <param name="Parts">One, or one for each fold.</param>
/// <param name="Seen">What any part learns from, every pair of user and item once.</param>
/// <param name="Users">Names.</param>
/// <param name="Items">Names.</param>
/// <param name="UserTitles">What users are called.</param>
/// <param name="Titles">What items are called.</param>
/// <param name="Hash">Of the contents of the files of ratings.</param>
/// <param name="Notes">What was found.</param>
sealed record RatingsOpen(IReadOnlyList<RatingsPart> Parts, RatingRows Seen, NameIndex Users, NameIndex Items, string[] UserTitles, string[] Titles, string Hash, IReadOnlyList<string> Notes)
{
    /// <summary>Rows that are held out, of all parts.</summary>
    public int HeldRows => Parts.Sum(part => part.Held.Count);

    /// <exception cref="DataException">A file cannot be used.</exception>
    public static RatingsOpen Of(RatingsRecipe recipe)
    {
        var data = recipe.Data;
        var (format, range) = (data.Format.ToTableFormat(), RatingsData.Ends(data.Range));
        var (users, items, notes) = (new NameIndex(), new NameIndex(), new List<string>());
        RatingTable Read(string file, bool adds) => RatingTable.Read(file, data.Columns, format, data.Duplicates, range, (users, items), adds);
        RatingTable[] learnt = [.. data.Divisions.Select(division => Read(division.Train, adds: true))];
        foreach (var all in learnt)
        {
            all.CheckLearnable(data.Columns.Rating is not null);
            var (u, i) = (all.Rows.Users.Distinct().Count(), all.Rows.Items.Distinct().Count());
            notes.Add(FormattableString.Invariant($"{all.File}: {all.Rows.Count} ratings, {u} users, {i} items, {100.0 * all.Rows.Count / u / i:0.##} % of all pairs"));
            if (all.Duplicates > 0) notes.Add(FormattableString.Invariant($"{all.Duplicates} rows rate an item again; data.duplicates: {RecipeJson.Name(data.Duplicates)} decided"));
        }
        RatingTable[] held = [.. data.Divisions.Select(division => division.Valid).OfType<string>().Select(file => Read(file, adds: false))];
        RefuseTwice(held);
        var parts = data.Divisions.Select((division, i) => Part(recipe, division.Fold, learnt[i], held.ElementAtOrDefault(i), notes)).ToArray();
        string[] Titles(RatingsNames? names, NameIndex of, string what)
        {
            if (names is null) return [.. of.Names];
            var (texts, missing) = SideTable.Join(names.File, names.Format.ToTableFormat(), names.Id, names.Title, of);
            if (missing > 0) notes.Add(FormattableString.Invariant($"{names.File} has no row for {missing} of {of.Count} {what}; they keep their ids"));
            return texts;
        }
        var hash = RecipeJson.Hash(data.Divisions.SelectMany(division => new[] { division.Train, division.Valid }).Select(file => file is null ? "" : TextFile.At(file, null).Hash()).ToArray());
        return new(parts, Joined(parts), users, items, Titles(data.Users, users, "users"), Titles(data.Items, items, "items"), hash, notes);
    }

    static RatingsPart Part(RatingsRecipe recipe, string? fold, RatingTable all, RatingTable? given, List<string> notes)
    {
        // Another file may have named more users and items since this one was read.
        all = all with { Rows = all.Rows with { UserCount = all.Users.Count, ItemCount = all.Items.Count } };
        var (train, held) = given is null ? Divided(all, recipe) : (all, given);
        if (held.Rows.Count == 0) throw new DataException(held.File, given is null ? "no user has more than one rating, so none can be held out; choose another data.split" : "there are no rows in it; what is held out is scored");
        if (given is not null) RefuseSeen(train, held);
        notes.Add(FormattableString.Invariant($"{(fold is null ? "" : $"fold {fold}: ")}{train.Rows.Count} ratings to learn from, {held.Rows.Count} held out ({(given is null ? RecipeJson.Name(recipe.Data.Split.Kind) : given.File)}){Cold(train.Rows, held.Rows)}"));
        return new(fold, train.Rows, held.Rows, held.Lines);
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

    static RatingRows Joined(RatingsPart[] parts)
    {
        if (parts.Length == 1) return parts[0].Train;
        HashSet<(int, int)> met = [];
        var (users, items, values) = (new List<int>(), new List<int>(), new List<float>());
        foreach (var rows in parts.Select(part => part.Train))
            for (var row = 0; row < rows.Count; row++)
            {
                if (!met.Add((rows.Users[row], rows.Items[row]))) continue;
                users.Add(rows.Users[row]);
                items.Add(rows.Items[row]);
                values.Add(rows.Values[row]);
            }
        return new([.. users], [.. items], [.. values], parts[0].Train.UserCount, parts[0].Train.ItemCount);
    }

    // What is scored must not have been learnt.
    static void RefuseSeen(RatingTable train, RatingTable held)
    {
        var seen = train.Rows.Users.Zip(train.Rows.Items).ToHashSet();
        for (var row = 0; row < held.Rows.Count; row++)
            if (seen.Contains((held.Rows.Users[row], held.Rows.Items[row])))
                throw new DataException(held.File, $"{Pair(held, row)} are also in {train.File}: what is scored must not have been learnt from.", held.Lines[row]);
    }

    // Scores of all folds count a row once, and weights of a blend that judge it come from the other folds.
    static void RefuseTwice(RatingTable[] held)
    {
        Dictionary<(int, int), string> met = [];
        foreach (var table in held)
            for (var row = 0; row < table.Rows.Count; row++)
            {
                if (table.Rows.Users[row] < 0 || table.Rows.Items[row] < 0 || met.TryAdd((table.Rows.Users[row], table.Rows.Items[row]), table.File)) continue;
                throw new DataException(table.File, $"{Pair(table, row)} are also in {met[(table.Rows.Users[row], table.Rows.Items[row])]}: a row is held out by one fold only.", table.Lines[row]);
            }
    }

    static string Pair(RatingTable of, int row) => $"user '{of.Users[of.Rows.Users[row]]}' and item '{of.Items[of.Rows.Items[row]]}'";
}
