using Tutti.Ensembling;
using Tutti.Predictions;
using Tutti.Runs;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>A member that has a part in a blend.</summary>
/// <param name="Cells">Its checkpoints, which count alike.</param>
/// <param name="Config">How they predict.</param>
/// <param name="Member">Its place in the recipe; null for a soup.</param>
sealed record BlendPart(string Name, CellFolder[] Cells, TrainConfig Config, int? Member);

/// <summary>A finished run's blend: whose predictions it needs, and how they become one. Members without a part in it are not asked.</summary>
/// <param name="Apply">n*K probabilities (or the numbers of the answers) of each part to those of the blend, with temperature and thresholds.</param>
/// <param name="Parts">Members and soups.</param>
sealed record RunBlend(Func<IReadOnlyList<double[]>, double[]> Apply, IReadOnlyList<BlendPart> Parts)
{
    /// <summary>A hash of what a recipe says about blending.</summary>
    public static string Settings(Recipe recipe) => RecipeJson.Hash(recipe.Blend);

    /// <param name="files">The run folder.</param>
    /// <param name="recipe">The recipe in effect.</param>
    /// <param name="members">The cells of its members.</param>
    /// <param name="folds">How many there are.</param>
    /// <param name="classes">K.</param>
    /// <param name="answers">What the run says where that is not one class; else null.</param>
    /// <exception cref="DataException">blend.json is missing, of another recipe, or names what is not there.</exception>
    public static RunBlend Open(RunFolder files, Recipe recipe, IReadOnlyList<CellFolder[]> members, int folds, int classes, IReadOnlyList<Answer>? answers)
    {
        var record = Read(files, recipe);
        var parts = record.Members.Select(member => Part(files, recipe, members, folds, member.Name)).ToArray();
        if (answers is not null) return new(values => AnswerBlend.Values(record.Kind, answers, [.. values]), parts);
        var fitted = record.Fitted(classes);
        var used = fitted.Of(fitted.Used);
        return new(values => record.Calibrate(used.Apply(values), used.Classes), [.. fitted.Used.Select(m => parts[m])]);
    }

    static BlendRecord Read(RunFolder files, Recipe recipe)
    {
        var blend = recipe.Blend;
        // A plain average of the members needs no file: a run folder from before it was read, or one that lost it.
        if (!File.Exists(files.Blend) && blend.Equals(new BlendConfig { Method = blend.Method }) && blend.Method is BlendChoice.Mean or BlendChoice.Geometric)
            return new(blend.Method == BlendChoice.Mean ? BlendKind.Mean : BlendKind.Geometric, [.. recipe.Members.Select(member => new BlendWeight(member.Name!, 1.0 / recipe.Members.Count))]);
        var record = BlendRecord.Read(files.Blend);
        if (record.Settings is { } settings && settings != Settings(recipe)) throw new DataException(files.Blend, "the run was blended otherwise than recipe.yaml says; repeat tutti train to blend it again");
        return record;
    }

    static BlendPart Part(RunFolder files, Recipe recipe, IReadOnlyList<CellFolder[]> members, int folds, string name)
    {
        foreach (var (m, (member, cells)) in recipe.Members.Zip(members).Index())
        {
            var config = member.Effective(recipe.Train);
            if (member.Name == name) return new(name, cells, config, m);
            if (SeedSoups.NameOf(member.Name!) != name) continue;
            var soups = Enumerable.Range(0, folds).Select(fold => files.Soup(member.Name!, fold)).ToArray();
            return soups.FirstOrDefault(soup => !File.Exists(soup.Metrics)) is { } lacking ? throw new DataException(lacking.Root, "this soup is not finished; repeat tutti train to make it") : new(name, soups, config, null);
        }
        throw new DataException(files.Blend, $"names the member '{name}', which recipe.yaml does not have; repeat tutti train to blend the run again");
    }
}
