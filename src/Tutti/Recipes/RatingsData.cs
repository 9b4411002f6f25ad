using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Tutti.Recommend;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>Who rated what, in which columns.</summary>
public sealed record RatingsData
{
    [Description("File of the ratings (CSV, TSV or other delimiters, JSON lines).")]
    public required string Train { get; init; }

    [Description("File of ratings that are held out, such as the official part of a data set; default: split says which rows of train are.")]
    public string? Valid { get; init; }

    [Description("Names of several divisions of the same ratings, such as [1, 2, 3, 4, 5]: {fold} in train and valid stands for each, as in u{fold}.base and u{fold}.test. Every member is trained on every train file and scored on its valid file; no row is in two valid files.")]
    public IReadOnlyList<string> Folds { get; init; } = [];

    [Description("How the files of ratings are written.")]
    public FormatConfig Format { get; init; } = new();

    [Description("Column of users: its name, or its place from 1.")]
    public string User { get; init; } = "user";

    [Description("Column of items, likewise.")]
    public string Item { get; init; } = "item";

    [Description("Column of ratings, likewise; \"\" where there is none: then a row says that the user had to do with the item.")]
    public string Rating { get; init; } = "rating";

    [Description("Column that says when, a number that grows or a date; default: it is not known.")]
    public string? Time { get; init; }

    [Description("The lowest and the highest rating that there is, such as [1, 5]: others are refused with their line, and predictions are held within; default: any number.")]
    public IReadOnlyList<double>? Range { get; init; }

    [Description("What becomes of a user's further ratings of the same item: error refuses them, naming the lines; else the first, the last or the mean of them counts.")]
    public Duplicates Duplicates { get; init; } = Duplicates.Error;

    [Description("Which rows are held out; not together with valid.")]
    public RatingsSplit Split { get; init; } = new();

    [Description("A table that says what items are called.")]
    public RatingsNames? Items { get; init; }

    [Description("A table that says what users are called.")]
    public RatingsNames? Users { get; init; }

    const string FoldPlace = "{fold}";

    /// <summary>The files of every division, with the fold's name where there are several.</summary>
    internal IReadOnlyList<(string? Fold, string Train, string? Valid)> Divisions => Folds.Count == 0 ? [(null, Train, Valid)]
        : [.. Folds.Select(fold => ((string?)fold, Train.Replace(FoldPlace, fold, StringComparison.Ordinal), Valid?.Replace(FoldPlace, fold, StringComparison.Ordinal)))];

    internal RatingsData RelativeTo(string folder) => this with
    {
        Train = Path.GetFullPath(Train, folder),
        Valid = Valid is null ? null : Path.GetFullPath(Valid, folder),
        Items = Items is null ? null : Items with { File = Path.GetFullPath(Items.File, folder) },
        Users = Users is null ? null : Users with { File = Path.GetFullPath(Users.File, folder) },
    };

    /// <summary>Every fault, each with its key under <c>data</c>.</summary>
    internal IReadOnlyList<ConfigFault> Validate()
    {
        var faults = ConfigFault.OfRanges(this);
        foreach (var (key, value) in new[] { ("train", Train), ("valid", Valid), ("user", User), ("item", Item), ("time", Time) })
            if (value is "") faults.Add(new(key, "got an empty text"));
        foreach (var (key, names) in new[] { ("items", Items), ("users", Users) })
            if (names is not null) faults.AddRange(names.Format.Validate().Select(fault => fault with { Path = $"{key}.format.{fault.Path}" }));
        if (Ends(Range) is null && Range is not null) faults.Add(new("range", "expected two numbers, the lower first, such as [1, 5]"));
        faults.AddRange(Format.Validate().Select(fault => fault with { Path = $"format.{fault.Path}" }));
        faults.AddRange(Split.Validate().Select(fault => fault with { Path = $"split.{fault.Path}" }));
        faults.AddRange(OfFolds());
        if (Valid is not null && !Split.Equals(new RatingsSplit())) faults.Add(new("split", "is given together with valid, whose rows are held out; keep one of them"));
        if (Split.Kind == RatingsSplitKind.Time && Time is null) faults.Add(new("time", "is required for split: time: the column that says when"));
        return faults;
    }

    IEnumerable<ConfigFault> OfFolds()
    {
        foreach (var (key, file) in new[] { ("train", Train), ("valid", Valid) })
        {
            var named = file?.Contains(FoldPlace, StringComparison.Ordinal) == true;
            if (Folds.Count == 0 && named) yield return new(key, $"has {FoldPlace}, for which data.folds names nothing; give it names, such as [1, 2, 3, 4, 5]");
            if (Folds.Count > 0 && !named) yield return new(key, $"{(file is null ? "is required together with folds, a file for each" : $"got '{Path.GetFileName(file)}' for every fold")}, expected a name with {FoldPlace} in it");
        }
        if (Folds.Any(fold => fold.Length == 0 || fold.AsSpan().ContainsAny('/', '\\')) || Folds.Distinct(StringComparer.Ordinal).Count() < Folds.Count)
            yield return new("folds", "expected names, none of them empty, twice or with a '/'");
        if (Folds.Count == 1) yield return new("folds", "got one fold, expected at least two; without folds, train and valid name its files");
    }

    /// <summary>Two numbers as a range; null where they are none.</summary>
    internal static (double Low, double High)? Ends(IReadOnlyList<double>? range) => range is [var low, var high] && low < high ? (low, high) : null;

    /// <summary>What a model expects of rows, held within the range.</summary>
    internal float[] Expected(RatingModel model, RatingRows rows) => Within(ErrorScores.Predictions(model, rows));

    /// <summary>Held within the range where that is stated: no rating lies outside.</summary>
    internal float[] Within(float[] expected) => Ends(Range) is var (low, high) ? Array.ConvertAll(expected, one => Math.Clamp(one, (float)low, (float)high)) : expected;

    /// <summary>The columns as tables take them.</summary>
    internal RatingColumns Columns => new(User, Item, Rating.Length == 0 ? null : Rating, Time);

    public bool Equals(RatingsData? other) => RecipeJson.Same(this, other);
    public override int GetHashCode() => RecipeJson.Text(this).GetHashCode(StringComparison.Ordinal);
}

/// <summary>How rows are chosen that are held out.</summary>
public enum RatingsSplitKind
{
    /// <summary>A share of all, at random.</summary>
    Random,

    /// <summary>So many of every user: the latest where times are known, else at random.</summary>
    PerUser,

    /// <summary>The latest share of all.</summary>
    Time,
}

/// <summary>Which rows are held out.</summary>
[ShortForm("kind")]
public sealed record RatingsSplit
{
    [Description("random: a share of all rows; per-user: so many of every user, the latest where times are known; time: the latest share of all.")]
    public RatingsSplitKind Kind { get; init; } = RatingsSplitKind.Random;

    [Description("Of random and time: the share that is held out; default: 0.2.")]
    [Range(0, 1.0, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double? Share { get; init; }

    [Description("Of per-user: rows of every user that are held out; a user with no more than that keeps one; default: 1.")]
    [Range(1, int.MaxValue)]
    public int? Count { get; init; }

    internal IEnumerable<ConfigFault> Validate()
    {
        foreach (var fault in ConfigFault.OfRanges(this)) yield return fault;
        if (Count is not null && Kind != RatingsSplitKind.PerUser) yield return new("count", $"is of kind per-user, not of {RecipeJson.Name(Kind)}, which takes share");
        if (Share is not null && Kind == RatingsSplitKind.PerUser) yield return new("share", "is of kinds random and time; per-user takes count");
    }
}

/// <summary>What items, or users, are called.</summary>
public sealed record RatingsNames
{
    [Description("File with a row for each.")]
    public required string File { get; init; }

    [Description("Column of what the ratings call them: its name, or its place from 1.")]
    public string Id { get; init; } = "1";

    [Description("Column of what people call them, likewise, or a template such as \"{title} ({year})\".")]
    public string Title { get; init; } = "2";

    [Description("How the file is written.")]
    public FormatConfig Format { get; init; } = new();
}
