using System.Text.Json.Nodes;
using Tutti.Recommend;
using Tutti.Runs;
using Tutti.Tables;

namespace Tutti.Recipes;

/// <summary>How well a run of task ratings does on rows of a file.</summary>
/// <param name="Rows">All of them.</param>
/// <param name="Seen">Rows that were learnt from; no score counts them.</param>
/// <param name="Strangers">Of the scored rows, those of a user or an item that the run does not know.</param>
/// <param name="Scores">Of the rows that were not learnt from; null where there is none.</param>
public sealed record RatingsEvaluation(int Rows, int Seen, int Strangers, RatingsScores? Scores);

/// <summary>A finished run of task ratings, ready to predict, to score and to recommend. Safe to ask from several threads.</summary>
public sealed class TrainedRatings
{
    readonly RunFolder files;
    readonly bool ranks;

    TrainedRatings(RunFolder files, RatingsRecipe recipe, RatingModel model, RatingFactors? factors, bool ranks)
    {
        (this.files, Recipe, Model, Factors, this.ranks) = (files, recipe, model, factors, ranks);
        (Seen, Users, Items, UserTitles, Titles) = RatingsFiles.Read(files);
        Recommender = new(model, Seen, factors);
    }

    public RatingsRecipe Recipe { get; }

    /// <summary>What answers: the run's only model, or its blend.</summary>
    public RatingModel Model { get; }

    /// <summary>By which answers are explained and new users are taken in: those of the model with the smallest error that has some; null where none has.</summary>
    public RatingFactors? Factors { get; }

    /// <summary>Who rated what, of the rows that were learnt from.</summary>
    public RatingRows Seen { get; }
    public NameIndex Users { get; }
    public NameIndex Items { get; }
    public IReadOnlyList<string> UserTitles { get; }
    public IReadOnlyList<string> Titles { get; }
    public Recommender Recommender { get; }

    /// <summary>Whether a folder is of a run of task ratings.</summary>
    public static bool IsAt(string folder) => File.Exists(new RunFolder(folder).Recipe) && RatingsRecipe.Is(new RunFolder(folder).Recipe);

    /// <exception cref="DataException">The folder is of no finished run of task ratings.</exception>
    public static TrainedRatings Open(string folder)
    {
        var files = new RunFolder(folder);
        if (!File.Exists(files.Recipe)) throw new DataException(folder, "is not a run folder: there is no recipe.yaml; train one with: tutti train RECIPE --run DIR");
        if (!IsAt(folder)) throw new DataException(folder, "is a run of another task; only one of task ratings recommends");
        if (!File.Exists(files.Metrics) || !File.Exists(files.Blend)) throw new DataException(folder, "is not finished: there is no metrics.json; repeat tutti train to finish the run");
        var recipe = RatingsRecipe.Load(files.Recipe);
        var blend = JsonNode.Parse(File.ReadAllText(files.Blend))!;
        var cells = blend["cells"]!.AsArray().Select(cell => (Folder: new CellFolder(Path.Combine(files.Cells, cell!["folder"]!.ToString())), Model: cell["model"]!.ToString(), Weight: cell["weight"]!.GetValue<double>())).ToArray();
        RatingModel[] models = [.. cells.Select(cell => RatingModels.Load(cell.Folder.Checkpoint, cell.Model))];
        var model = models.Length == 1 ? models[0] : new BlendedModel(models, [.. cells.Select(cell => cell.Weight)], blend["constant"]!.GetValue<double>());
        var factors = cells.Zip(models).OrderBy(pair => JsonNode.Parse(File.ReadAllText(pair.First.Folder.Metrics))!["rmse"]?.GetValue<double>() ?? double.PositiveInfinity).Select(pair => pair.Second.Factors).FirstOrDefault(known => known is not null);
        return new(files, recipe, model, factors, RatingModels.Named(cells[0].Model, files.Blend).Ranks);
    }

    /// <summary>The number of a user.</summary>
    /// <exception cref="DataException">The run does not know them.</exception>
    public int User(string name) => Users.Of(name) is >= 0 and var user ? user
        : throw new DataException(files.Users, $"there is no user '{name}'{Nearest.Hint(name, Users.Names)} Name one of its {Users.Count} users, or give a newcomer's ratings with --ratings FILE.");

    /// <summary>Somebody's ratings: a table with the recipe's columns for items and ratings, in any format that names its columns, or the recipe's own.</summary>
    /// <returns>Items that the run knows and ratings, and how many rows are of other items.</returns>
    /// <exception cref="DataException">The file cannot be used, or no row is of an item that the run knows.</exception>
    public (int[] Items, float[] Ratings, int Strangers) Newcomer(string file)
    {
        var columns = Recipe.Data.Columns;
        var table = Table.Read(file, Recipe.Data.Format.ToTableFormat());
        var (item, rating) = (RatingColumns.Place(table, columns.Item), columns.Rating is null ? null : RatingColumns.Place(table, columns.Rating));
        var values = rating is null ? [.. Enumerable.Repeat(1.0, table.Count)] : table.Numbers(rating);
        Dictionary<int, float> known = [];
        var strangers = 0;
        for (var row = 0; row < table.Count; row++)
        {
            if (Items.Of(table[row, item]?.Trim() ?? "") is not (>= 0 and var number)) strangers++;
            else known[number] = (float)values[row];          // who changes their mind is right the last time
        }
        if (known.Count == 0) throw new DataException(file, $"none of its {table.Count} rows is of an item that the run knows; {files.Items} lists them.", 0, item);
        return ([.. known.Keys], [.. known.Values], strangers);
    }

    /// <summary>Writes what every row's user is expected to rate its item; any size in constant memory.</summary>
    /// <returns>Rows, and how many are of a user or an item that the run does not know: those are predicted from what is known of the other, or from the mean.</returns>
    public (long Rows, long Strangers) Predict(string file, string output, CancellationToken cancel = default)
    {
        const int RowsPerPart = 1 << 14;
        var (rows, strangers, range) = (0L, 0L, ranks ? null : RatingsData.Ends(Recipe.Data.Range));
        TableWriter.Write(output, ["user", "item", "prediction"], writer =>
        {
            foreach (var part in Table.Stream(file, Recipe.Data.Format.ToTableFormat(), RowsPerPart))
            {
                cancel.ThrowIfCancellationRequested();
                var (user, item) = (RatingColumns.Place(part, Recipe.Data.User), RatingColumns.Place(part, Recipe.Data.Item));
                for (var row = 0; row < part.Count; row++, rows++)
                {
                    var (u, i) = (part[row, user]?.Trim() ?? "", part[row, item]?.Trim() ?? "");
                    var (known, asked) = (Users.Of(u), Items.Of(i));
                    if (known < 0 || asked < 0) strangers++;
                    writer.Add(u).Add(i).Add(range is var (low, high) ? Math.Clamp(Model.Predict(known, asked), (float)low, (float)high) : Model.Predict(known, asked)).EndRow();
                }
            }
        });
        return (rows, strangers);
    }

    /// <summary>Scores the rows of a file that were not learnt from.</summary>
    public RatingsEvaluation Score(string file, CancellationToken cancel = default)
    {
        var data = Recipe.Data;
        var table = RatingTable.Read(file, data.Columns, data.Format.ToTableFormat(), data.Duplicates, RatingsData.Ends(data.Range), (Users, Items));
        var learnt = Seen.Users.Zip(Seen.Items).ToHashSet();
        int[] others = [.. Enumerable.Range(0, table.Rows.Count).Where(row => !learnt.Contains((table.Rows.Users[row], table.Rows.Items[row])))];
        var rows = table.Rows.Select(others);
        var strangers = rows.Users.Zip(rows.Items).Count(pair => pair.First < 0 || pair.Second < 0);
        if (others.Length == 0) return new(table.Rows.Count, table.Rows.Count, 0, null);
        var errors = ranks ? null : ErrorScores.Of(rows.Values, data.Expected(Model, rows));
        var scores = new RatingsScores("run", "member", errors, TopScores.Of(Model, Seen, rows, Recipe.Top.K, RatingsScores.Liked(Recipe, Seen), cancel: cancel), 0);
        return new(table.Rows.Count, table.Rows.Count - others.Length, strangers, scores);
    }
}
