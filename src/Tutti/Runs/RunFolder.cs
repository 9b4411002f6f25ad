using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Tutti.Runs;

/// <summary>
/// The names of every file of a run. The folder is the only interface between training, command line, web and reports; nothing is
/// created here.
/// </summary>
/// <param name="path">The run folder as the user named it.</param>
public sealed class RunFolder(string path)
{
    public string Root { get; } = path;

    /// <summary>The recipe in effect, with hashes of data and weights, versions and seeds.</summary>
    public string Recipe => In("recipe.yaml");

    /// <summary>What happened, one JSON object a line; see <see cref="EventLog"/>.</summary>
    public string Events => In("events.jsonl");

    /// <summary>Which fold holds each row out of training.</summary>
    public string Folds => In("folds.csv");

    /// <summary>A hash of every training row's text, so that an evaluation can tell rows that were trained on.</summary>
    public string SeenRows => In("seen-rows.txt");

    /// <summary>Blended predictions of the training rows, each by members that did not see the row.</summary>
    public string OutOfFold => In("oof.csv");

    /// <summary>A folder: what each member predicts of the training rows, out of fold; see <see cref="OutOfFoldOf"/>.</summary>
    public string OutOfFoldMembers => In("oof");

    /// <summary>Blended predictions of the test rows.</summary>
    public string Test => In("test.csv");
    public string Blend => In("blend.json");
    public string Metrics => In("metrics.json");
    public string Leaderboard => In("leaderboard.json");
    public string Submission => In("submission.csv");

    /// <summary>Which submissions were written, from what, and what others said of them; one JSON object a line.</summary>
    public string Submissions => In("submissions.jsonl");

    /// <summary>What share views of rows have beside plain predictions, per member.</summary>
    public string TestTime => In("test-time.json");

    /// <summary>A folder: what a teacher says of rows without labels.</summary>
    public string Teacher => In("teacher");

    /// <summary>What a distilled run lost and gained beside its teacher.</summary>
    public string Distilled => In("distill.json");

    /// <summary>Which rows are unlike all others, and which are nearly the same, once that has been looked for.</summary>
    public string Similar => In("similar.json");

    /// <summary>What corrected labels gained, beside the run whose labels were corrected.</summary>
    public string Corrections => In("corrections.json");
    public string Report => In("report.html");
    public string Cells => In("cells");

    /// <summary>Whether several ranks share updates or divide cells, as was measured: the same ranks keep to it.</summary>
    public string Spread => In("spread.json");

    /// <summary>Task ratings: who rated what, of the rows that were learnt from.</summary>
    public string Ratings => In("ratings.safetensors");

    /// <summary>Task ratings: every user's name, title and number of ratings, in the order of their numbers.</summary>
    public string Users => In("users.csv");

    /// <summary>Task ratings: the same of items.</summary>
    public string Items => In("items.csv");

    /// <summary>Task ratings: a picture of the items by their factors.</summary>
    public string ItemMap => In("items.svg");

    /// <summary>Task ulmfit: the whole recipe, of which <see cref="Recipe"/> holds the last step.</summary>
    public string Ulmfit => In("ulmfit.yaml");

    /// <summary>Task ulmfit: the run folder of a step before the classifier, <c>pretrain</c> or <c>adapt</c>.</summary>
    public RunFolder Step(string name) => new(In(name));

    /// <summary>Task ulmfit: the recipe of a step, as <c>tutti train</c> takes it.</summary>
    public string RecipeOf(string step) => In($"{step}.yaml");

    /// <summary>A folder of empty files by which processes that work on the same run keep out of each other's way; see <see cref="FileLock"/>.</summary>
    public string Locks => In("locks");

    /// <summary>What was left out of the results, because time ended before it was trained; absent where nothing was.</summary>
    public string LeftOut => In("left-out.json");

    /// <summary>The lock of one thing that processes do in turn: start, events, results; or that all share while they train: workers.</summary>
    public string Lock(string name) => Path.Combine(Locks, name);

    /// <summary>The lock of the process that has undertaken a cell: it trains it, or has it trained.</summary>
    public string ClaimOf(CellFolder cell) => Path.Combine(Locks, Path.GetFileName(cell.Root) + ".claim");

    /// <summary>The lock of the process that writes a cell's folder. It may outlive the one that undertook the cell, until it has saved its state.</summary>
    public string TrainingOf(CellFolder cell) => Path.Combine(Locks, Path.GetFileName(cell.Root) + ".training");

    /// <summary>The folder of one cell: one member, seed and fold.</summary>
    /// <param name="member">The member's name, any text: see <see cref="SafeName"/>.</param>
    public CellFolder Cell(string member, int seed, int fold)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(seed);
        ArgumentOutOfRangeException.ThrowIfNegative(fold);
        return new(Path.Combine(Cells, string.Create(CultureInfo.InvariantCulture, $"{SafeName(member)}-s{seed}-f{fold}")));
    }

    /// <summary>The folder of the average of the weights of a member's seeds, of one fold.</summary>
    public CellFolder Soup(string member, int fold)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(fold);
        return new(Path.Combine(Cells, string.Create(CultureInfo.InvariantCulture, $"{SafeName(member)}-soup-f{fold}")));
    }

    /// <summary>A member's predictions of the training rows, each by cells that did not see the row.</summary>
    public string OutOfFoldOf(string member) => Path.Combine(OutOfFoldMembers, $"{SafeName(member)}.csv");

    /// <summary>
    /// A file name for any member name: letters, digits, dot, hyphen and underscore stay, anything else (also a slash or a leading
    /// dot) becomes a hyphen, so that the path cannot leave the run folder. A changed name gets a piece of the hash of the original,
    /// so that <c>a/b</c> and <c>a-b</c> stay two.
    /// </summary>
    public static string SafeName(string member)
    {
        ArgumentException.ThrowIfNullOrEmpty(member);
        var safe = string.Concat(member.Take(80).Select((c, i) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' || (c == '.' && i > 0) ? c : '-'));
        return safe == member ? member : $"{safe}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(member)))[..8]}";
    }

    string In(string name) => Path.Combine(Root, name);
}

/// <summary>The files of one cell.</summary>
/// <param name="Root">The cell's folder.</param>
public sealed record CellFolder(string Root)
{
    /// <summary>A folder: the best weights as transformers reads them.</summary>
    public string Checkpoint => Path.Combine(Root, "checkpoint");

    /// <summary>A folder: weights, optimizer state and what else a fit that was interrupted needs to go on; gone when the cell is finished.</summary>
    public string Resume => Path.Combine(Root, "resume");

    /// <summary>Predictions of the rows that this cell held out.</summary>
    public string Predictions => Path.Combine(Root, "predictions.csv");

    /// <summary>Predictions of the test rows by this cell, before blending.</summary>
    public string Test => Path.Combine(Root, "test.csv");
    public string Metrics => Path.Combine(Root, "metrics.json");

    /// <summary>The rows of <see cref="Predictions"/>, each the mean over the ways in which it can be seen.</summary>
    public string Views => Path.Combine(Root, "views.csv");

    /// <summary>The same of the rows of <see cref="Test"/>.</summary>
    public string TestViews => Path.Combine(Root, "test-views.csv");

    /// <summary>What the views were predicted with; it comes last and marks them finished.</summary>
    public string ViewsRecord => Path.Combine(Root, "views.json");

    /// <summary>The run that the cell belongs to.</summary>
    public RunFolder Run => new(Path.GetDirectoryName(Path.GetDirectoryName(Root)) ?? throw new InvalidOperationException($"{Root} is no cell's folder"));
}
