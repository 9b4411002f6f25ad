using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Tutti.Recommend;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>The one task of these recipes.</summary>
public enum RatingsTask
{
    /// <summary>What users will think of items they have not rated, from what all have rated.</summary>
    Ratings,
}

/// <summary>
/// One experiment of task ratings: who rated what, and the models that learn it. It has keys of its own, since nothing of it is text; docs/ratings.md lists them.
/// Two recipes are equal when every key is, wherever they were read from.
/// </summary>
public sealed record RatingsRecipe
{
    /// <summary>What stands in the task key of such recipes.</summary>
    internal const string TaskName = "ratings";

    [Description("ratings, by which such a recipe is known.")]
    public RatingsTask Task { get; init; } = RatingsTask.Ratings;

    [Description("Who rated what.")]
    public required RatingsData Data { get; init; }

    /// <summary>The members; one without a name gets one here, its model's, unique in the list.</summary>
    [Description("The models; members x seeds are trained.")]
    public required IReadOnlyList<RatingsMember> Members { get; init => field = RatingsMember.Named(value); }

    [Description("How the members' ratings become one: their mean, or linear: a weight for each, learnt from held-out rows.")]
    public RatingBlendMethod Blend { get; init; } = RatingBlendMethod.Linear;

    [Description("What the first places of rankings are scored by.")]
    public RatingsTop Top { get; init; } = new();

    [Description("Where models that use tensors are trained: auto, cpu, cuda or cuda:N.")]
    public DeviceChoice Device { get; init; } = DeviceChoice.Auto;

    [Description("Seed of the choice of held-out rows.")]
    [Range(0, int.MaxValue)]
    public int Seed { get; init; }

    /// <summary>The folder that relative paths were resolved against, or null when the recipe was written in code.</summary>
    [JsonIgnore]
    public string? Folder { get; init; }

    /// <summary>Whether a recipe file, or a run folder's recipe, is of task ratings; false where it cannot be read.</summary>
    public static bool Is(string path) => RecipeFile.TaskOf(path) == TaskName;

    /// <inheritdoc cref="Recipe.Load"/>
    public static RatingsRecipe Load(string path, params IEnumerable<string> settings) => RecipeFile.LoadRatings(path, settings);

    /// <inheritdoc cref="Recipe.Parse"/>
    public static RatingsRecipe Parse(string yaml, string folder, params IEnumerable<string> settings) => RecipeFile.ParseRatings(yaml, "recipe", folder, settings);

    /// <inheritdoc cref="Recipe.ToYaml"/>
    public string ToYaml(string? comment = null) => RecipeWriter.Yaml(this, comment);

    internal RatingsRecipe RelativeTo(string folder) => this with { Folder = Path.GetFullPath(folder), Data = Data.RelativeTo(Path.GetFullPath(folder)) };

    /// <summary>Every fault of the recipe with its key path; none when it can be run. Files are not looked at.</summary>
    public IReadOnlyList<ConfigFault> Validate()
    {
        static IEnumerable<ConfigFault> Under(string key, IEnumerable<ConfigFault> faults) => faults.Select(fault => fault with { Path = $"{key}.{fault.Path}" });
        List<ConfigFault> faults = [.. ConfigFault.OfRanges(this), .. Under("data", Data.Validate()), .. Under("top", ConfigFault.OfRanges(Top))];
        if (Members.Count == 0) faults.Add(new("members", "got an empty list, expected at least one member"));
        for (var i = 0; i < Members.Count; i++) faults.AddRange(Under($"members.{i}", Members[i].Validate()));
        foreach (var twice in Members.Select((member, i) => (member.Name, Index: i)).GroupBy(member => member.Name, StringComparer.OrdinalIgnoreCase).Where(group => group.Count() > 1))
            faults.Add(new($"members.{twice.Last().Index}.name", $"got '{twice.Key}' again, expected a name that no other member has (upper and lower case are the same)"));
        return faults;
    }

    /// <summary>Throws what <see cref="Validate"/> finds.</summary>
    /// <exception cref="ConfigException">Names up to five faults.</exception>
    public void Check() => RecipeFile.Throw("recipe", Validate());

    public bool Equals(RatingsRecipe? other) => RecipeJson.Same(this, other);
    public override int GetHashCode() => RecipeJson.Text(this).GetHashCode(StringComparison.Ordinal);
}

/// <summary>How rankings are scored.</summary>
public sealed record RatingsTop
{
    [Description("How many of the first items of a ranking are looked at.")]
    [Range(1, int.MaxValue)]
    public int K { get; init; } = 10;

    [Description("Held-out ratings from this on are what a user likes; default: three quarters of the way from the lowest rating to the highest, 4 of 1 to 5.")]
    public double? Liked { get; init; }
}
