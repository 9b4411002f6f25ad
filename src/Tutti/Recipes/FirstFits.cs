using Tutti.Hub;
using Tutti.Models;
using Tutti.Text;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>What a cell of a member would train.</summary>
/// <param name="Model">With the weights it starts from.</param>
/// <param name="Objective">What is learnt.</param>
/// <param name="Train">The rows of its first fold.</param>
sealed record FirstFit(Network Model, Objective Objective, Example[] Train) : IDisposable
{
    public void Dispose() => Model.Dispose();
}

/// <summary>A member whose training is looked at without doing it.</summary>
/// <param name="Member">What the recipe says.</param>
/// <param name="Config">Its training settings.</param>
/// <param name="Device">Where it would be trained.</param>
/// <param name="Fit">Model and rows of its first fold, for a seed.</param>
/// <param name="Look">The model without its weights, and the updates of an epoch.</param>
sealed record FirstMember(MemberConfig Member, TrainConfig Config, Device Device, Func<int, FirstFit> Fit, Func<(Network Model, int PerEpoch)> Look)
{
    public string Name => Member.Name!;

    /// <summary>Model and rows of its first fold.</summary>
    public FirstFit Begin(int? seed = null) => Fit(seed ?? Member.Seeds[0]);
}

/// <summary>A recipe's members, opened as a run opens them, and the first fold of each, for what looks at training without doing it. Nothing is written.</summary>
static class FirstFits
{
    /// <exception cref="InputException">The recipe, its data or a model cannot be used.</exception>
    /// <exception cref="HubException">A model cannot be fetched.</exception>
    public static FirstMember[] Open(Recipe recipe, MemoryBudget memory, HubSettings? hub, CancellationToken cancel)
    {
        recipe.Check();
        return recipe.Task switch
        {
            RecipeTask.LanguageModel => OfLanguage(recipe, memory, hub, cancel),
            _ when recipe.SeesPictures => OfPictures(recipe, memory),
            _ => OfClasses(recipe, memory, hub, cancel),
        };
    }

    /// <summary>The recipe with the member of a name alone.</summary>
    /// <param name="name">Null for all members.</param>
    /// <exception cref="ConfigException">There is no such member.</exception>
    public static Recipe Only(Recipe recipe, string? name)
    {
        if (name is null) return recipe;
        var members = recipe.Members.Where(member => member.Name!.Equals(name, StringComparison.OrdinalIgnoreCase)).ToArray();
        return members.Length > 0 ? recipe with { Members = members }
            : throw new ConfigException("--member", $"got '{name}', expected {RecipeBinder.Either([.. recipe.Members.Select(member => member.Name!)])}{RecipeBinder.DidYouMean(name, recipe.Members.Select(member => member.Name!))}");
    }

    static int Updates(int rows, int batch) => (rows + batch - 1) / batch;

    static FirstMember[] OfClasses(Recipe recipe, MemoryBudget memory, HubSettings? hub, CancellationToken cancel)
    {
        var data = RunData.Open(recipe);
        FirstFit Begin(OpenMember member, int seed)
        {
            var config = member.Model.Config;
            var train = data.Known(TextData.From(data.Train, data.Text, member.Model.Tokenizer, member.MaxLength, data.Answers is null ? data.Truth : null, data.Pair, TokenCache.OfUser()).Rows(data.Folds.Train(0)));
            var model = member.Model.Build(data.Outputs, seed, out _);
            return new(model, CellObjective.Of(data, config, train, model), train);
        }
        return [.. OpenMember.All(recipe, data, memory, hub, null, cancel).Select(member => new FirstMember(member.Config, member.Model.Config, member.Model.Device, seed => Begin(member, seed),
            () => (member.Model.Build(data.Outputs, 0, out _, Device.Meta), Updates(data.Folds.Train(0).Length, member.Model.Config.Batch))))];
    }

    static FirstMember[] OfPictures(Recipe recipe, MemoryBudget memory)
    {
        var data = RunData.Open(recipe);
        FirstFit Begin(PictureMember member, int seed)
        {
            var all = member.Way.Examples(PictureTable.Items(data.Train, recipe.Data), data.Answers is null ? data.Truth : null, seed);
            var train = data.Known(data.Folds.Train(0).Select(row => all[row]));
            var model = member.Build(data.Outputs, seed, out _);
            return new(model, CellObjective.Of(data, member.Config, train, model, weights => member.Mixed(weights, data.Labels.Count, seed)), train);
        }
        return [.. PictureMember.All(recipe, data, memory).Select(member => new FirstMember(member.Member, member.Config, member.Device, seed => Begin(member, seed),
            () => (member.Build(data.Outputs, 0, out _, Device.Meta), Updates(data.Folds.Train(0).Length, member.Config.Batch))))];
    }

    static FirstMember[] OfLanguage(Recipe recipe, MemoryBudget memory, HubSettings? hub, CancellationToken cancel)
    {
        var cells = LanguageCells.Open(recipe, recipe.Members, memory, hub, null, cancel);
        Example[] Rows(OpenMember member, out LanguageObjective objective)
        {
            (objective, var train) = cells.ToLearn(member);
            return train.Length > 0 ? train : throw new DataException(recipe.Data.Train, "has no text to learn from");
        }
        FirstFit Begin(OpenMember member, int seed)
        {
            var train = Rows(member, out var objective);
            return new(member.Model.BuildLanguage(seed, out _), objective, train);
        }
        (Network, int) Look(OpenMember member)
        {
            var rows = Rows(member, out var objective);
            return (member.Model.BuildLanguage(0, out _, Device.Meta), objective.Order(rows, member.Model.Config, 0).PerEpoch);
        }
        return [.. cells.Members.Select(member => new FirstMember(member.Config, member.Model.Config, member.Model.Device, seed => Begin(member, seed), () => Look(member)))];
    }
}
