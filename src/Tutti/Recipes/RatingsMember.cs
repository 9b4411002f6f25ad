using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Tutti.Recommend;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>One model of a recipe of task ratings, trained once for each of its seeds. Keys that are left out are as the model has them.</summary>
public sealed record RatingsMember
{
    [Description("Which model: docs/ratings.md lists them.")]
    public required string Model { get; init; }

    /// <summary>Always set on a member of a <see cref="RatingsRecipe"/>.</summary>
    [Description("Name in folders and tables; default: the model's, with -2, -3 ... where it repeats.")]
    public string? Name { get; init; }

    [Description("Seeds of first weights and the order of rows; each is trained apart.")]
    public IReadOnlyList<int> Seeds { get; init; } = [1];

    [Description("Numbers that describe a user or an item.")]
    [Range(1, int.MaxValue)]
    public int? Factors { get; init; }

    [Description("Passes over the ratings.")]
    [Range(1, int.MaxValue)]
    public int? Epochs { get; init; }

    [Description("Ratings of an update.")]
    [Range(1, int.MaxValue)]
    public int? Batch { get; init; }

    [Description("The peak of the learning rate.")]
    [Range(0, double.MaxValue, MinimumIsExclusive = true)]
    public double? LearningRate { get; init; }

    [Description("Decay of weights per unit of learning rate.")]
    [Range(0, double.MaxValue)]
    public double? WeightDecay { get; init; }

    [Description("How the learning rate goes: one-cycle, as fastai's fit_one_cycle, or constant.")]
    public RatingSchedule? Schedule { get; init; }

    [Description("Ends of the sigmoid that ratings come out of, such as [0, 5.5]; default: the ratings' range and a tenth of its width beyond either end.")]
    public IReadOnlyList<double>? Range { get; init; }

    [Description("Widths of hidden layers.")]
    public IReadOnlyList<int>? Layers { get; init; }

    [Description("What keeps factors small, in the model's own unit.")]
    [Range(0, double.MaxValue)]
    public double? Regularization { get; init; }

    [Description("How many neighbours a rating is made of.")]
    [Range(1, int.MaxValue)]
    public int? Neighbours { get; init; }

    [Description("How much more a row says than the lack of one, where there are no ratings.")]
    [Range(0, double.MaxValue)]
    public double? Confidence { get; init; }

    [Description("Lists of values to choose among, on a tenth of the training rows that is held out for that.")]
    public RatingsSearch? Search { get; init; }

    internal static IReadOnlyList<RatingsMember> Named(IReadOnlyList<RatingsMember> members)
    {
        var taken = members.Select(member => member.Name).OfType<string>().ToHashSet(StringComparer.OrdinalIgnoreCase);
        return [.. members.Select(member => member.Name is not null ? member : member with { Name = Free(member.Model) })];

        string Free(string name)
        {
            var free = name;
            for (var i = 2; !taken.Add(free); i++) free = string.Create(CultureInfo.InvariantCulture, $"{name}-{i}");
            return free;
        }
    }

    /// <summary>What the model is trained with.</summary>
    internal RatingSettings Settings => new()
    {
        Factors = Factors,
        Epochs = Epochs,
        Batch = Batch,
        LearningRate = LearningRate,
        WeightDecay = WeightDecay,
        Schedule = Schedule ?? RatingSchedule.OneCycle,
        Range = RatingsData.Ends(Range),
        Layers = Layers,
        Regularization = Regularization,
        Neighbours = Neighbours,
        Confidence = Confidence,
    };

    /// <summary>Every fault, each with its key under this member.</summary>
    internal IEnumerable<ConfigFault> Validate()
    {
        foreach (var fault in ConfigFault.OfRanges(this)) yield return fault;
        if (Name is not null && (Name.Length is 0 or > 64 || Name[0] == '.' || !Name.All(MemberConfig.IsNameLetter)))
            yield return new("name", $"got '{Name}', expected 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', the first not a '.', since folders are named by it");
        if (Seeds.Count == 0 || Seeds.Any(seed => seed < 0) || Seeds.Distinct().Count() < Seeds.Count) yield return new("seeds", "expected whole numbers from 0, at least one and none twice");
        if (Range is not null && RatingsData.Ends(Range) is null) yield return new("range", "expected two numbers, the lower first, such as [0, 5.5]");
        if (Layers is { Count: 0 } || Layers?.Any(width => width < 1) == true) yield return new("layers", "expected widths from 1, such as [100, 50]");
        if (RatingModels.All.FirstOrDefault(kind => kind.Name == Model) is not { } kind)
        {
            yield return new("model", $"got '{Model}', expected {RecipeBinder.Either([.. RatingModels.All.Select(known => known.Name)])}{RecipeBinder.DidYouMean(Model, RatingModels.All.Select(known => known.Name))}");
            yield break;
        }
        foreach (var (key, name, given) in Given())
            if (given && !kind.Reads.Contains(name)) yield return new(key, $"means nothing to {Model}, which reads {(kind.Reads.Count == 0 ? "no settings" : string.Join(", ", Given().Where(one => kind.Reads.Contains(one.Name)).Select(one => one.Key)))}");
        foreach (var fault in Search?.Validate(kind) ?? []) yield return fault with { Path = $"search.{fault.Path}" };
    }

    IEnumerable<(string Key, string Name, bool Given)> Given() =>
    [
        ("factors", nameof(Factors), Factors is not null), ("epochs", nameof(Epochs), Epochs is not null), ("batch", nameof(Batch), Batch is not null), ("learning-rate", nameof(LearningRate), LearningRate is not null),
        ("weight-decay", nameof(WeightDecay), WeightDecay is not null), ("schedule", nameof(Schedule), Schedule is not null), ("range", nameof(Range), Range is not null), ("layers", nameof(Layers), Layers is not null),
        ("regularization", nameof(Regularization), Regularization is not null), ("neighbours", nameof(Neighbours), Neighbours is not null), ("confidence", nameof(Confidence), Confidence is not null),
    ];

    public bool Equals(RatingsMember? other) => RecipeJson.Same(this, other);
    public override int GetHashCode() => RecipeJson.Text(this).GetHashCode(StringComparison.Ordinal);
}

/// <summary>Values to choose among; every combination is tried with the first seed.</summary>
public sealed record RatingsSearch
{
    [Description("Numbers of factors.")]
    public IReadOnlyList<int>? Factors { get; init; }

    [Description("Numbers of epochs.")]
    public IReadOnlyList<int>? Epochs { get; init; }

    [Description("Learning rates.")]
    public IReadOnlyList<double>? LearningRate { get; init; }

    [Description("Weight decays.")]
    public IReadOnlyList<double>? WeightDecay { get; init; }

    [Description("Regularizations.")]
    public IReadOnlyList<double>? Regularization { get; init; }

    /// <summary>The settings with every combination of the values.</summary>
    internal IEnumerable<RatingSettings> Of(RatingSettings settings) =>
        from factors in Factors ?? [settings.Factors ?? 0]
        from epochs in Epochs ?? [settings.Epochs ?? 0]
        from rate in LearningRate ?? [settings.LearningRate ?? double.NaN]
        from decay in WeightDecay ?? [settings.WeightDecay ?? double.NaN]
        from regularization in Regularization ?? [settings.Regularization ?? double.NaN]
        select settings with { Factors = factors == 0 ? null : factors, Epochs = epochs == 0 ? null : epochs, LearningRate = Given(rate), WeightDecay = Given(decay), Regularization = Given(regularization) };

    static double? Given(double value) => double.IsNaN(value) ? null : value;

    internal IEnumerable<ConfigFault> Validate(RatingModelKind kind)
    {
        foreach (var (key, name, values) in new (string, string, IReadOnlyList<double>?)[] { ("factors", nameof(Factors), Factors?.Select(value => (double)value).ToArray()), ("epochs", nameof(Epochs), Epochs?.Select(value => (double)value).ToArray()), ("learning-rate", nameof(LearningRate), LearningRate), ("weight-decay", nameof(WeightDecay), WeightDecay), ("regularization", nameof(Regularization), Regularization) })
        {
            if (values is null) continue;
            if (!kind.Reads.Contains(name)) yield return new(key, $"means nothing to {kind.Name}");
            var least = name is nameof(Factors) or nameof(Epochs) ? 1 : 0;
            if (values.Count == 0 || values.Any(value => value < least || (name == nameof(LearningRate) && value == 0))) yield return new(key, $"expected a list of numbers {(name == nameof(LearningRate) ? "above 0" : FormattableString.Invariant($"from {least}"))}");
        }
    }

    public bool Equals(RatingsSearch? other) => RecipeJson.Same(this, other);
    public override int GetHashCode() => RecipeJson.Text(this).GetHashCode(StringComparison.Ordinal);
}
