using Tutti.Hub;
using Tutti.Models;
using Tutti.Text;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>What a cell of a member would train.</summary>
/// <param name="Model">With the weights it starts from.</param>
/// <param name="Objective">What is learnt.</param>
/// <param name="Train">The rows of its first fold.</param>
sealed record FirstFit(TextModel Model, Objective Objective, Example[] Train) : IDisposable
{
    public void Dispose() => Model.Dispose();
}

/// <summary>A recipe's members, opened as a run opens them, and the first fold of each, for what looks at training without doing it. Nothing is written.</summary>
sealed class FirstFits
{
    readonly Func<OpenMember, int, FirstFit> begin;
    readonly Func<OpenMember, (TextModel Model, int PerEpoch)> look;

    FirstFits(OpenMember[] members, Func<OpenMember, int, FirstFit> begin, Func<OpenMember, (TextModel Model, int PerEpoch)> look) => (Members, this.begin, this.look) = (members, begin, look);

    public OpenMember[] Members { get; }

    /// <exception cref="InputException">The recipe, its data or a model cannot be used.</exception>
    /// <exception cref="HubException">A model cannot be fetched.</exception>
    public static FirstFits Open(Recipe recipe, MemoryBudget memory, HubSettings? hub, CancellationToken cancel)
    {
        recipe.Check();
        return recipe.Task == RecipeTask.LanguageModel ? OfLanguage(recipe, memory, hub, cancel) : OfClasses(recipe, memory, hub, cancel);
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

    /// <summary>Model and rows of a member's first fold.</summary>
    public FirstFit Begin(OpenMember member, int? seed = null) => begin(member, seed ?? member.Config.Seeds[0]);

    /// <summary>The model without its weights, and the updates of an epoch.</summary>
    public (TextModel Model, int PerEpoch) Look(OpenMember member) => look(member);

    static int Updates(int rows, int batch) => (rows + batch - 1) / batch;

    static FirstFits OfClasses(Recipe recipe, MemoryBudget memory, HubSettings? hub, CancellationToken cancel)
    {
        var data = RunData.Open(recipe);
        return new(OpenMember.All(recipe, data, memory, hub, null, cancel), (member, seed) =>
        {
            var (config, answers) = (member.Model.Config, data.Answers);
            var train = data.Known(TextData.From(data.Train, data.Text, member.Model.Tokenizer, member.MaxLength, answers is null ? data.Truth : null, data.Pair, TokenCache.OfUser()).Rows(data.Folds.Train(0)));
            Objective objective = answers is null ? new SingleLabel(Cell.ClassWeightsOf(config.ClassWeights, data, train), config.LabelSmoothing) : Objective.Of(answers.Scaled([.. train.Select(example => example.Row)]));
            return new(member.Model.Build(data.Outputs, seed, out _), objective, train);
        }, member => (member.Model.Build(data.Outputs, 0, out _, Torch.Device.Meta), Updates(data.Folds.Train(0).Length, member.Model.Config.Batch)));
    }

    static FirstFits OfLanguage(Recipe recipe, MemoryBudget memory, HubSettings? hub, CancellationToken cancel)
    {
        var cells = LanguageCells.Open(recipe, recipe.Members, memory, hub, null, cancel);
        Example[] Rows(OpenMember member, out LanguageObjective objective)
        {
            (objective, var train) = cells.ToLearn(member);
            return train.Length > 0 ? train : throw new DataException(recipe.Data.Train, "has no text to learn from");
        }
        return new(cells.Members, (member, seed) =>
        {
            var train = Rows(member, out var objective);
            return new(member.Model.BuildLanguage(seed, out _), objective, train);
        }, member =>
        {
            var rows = Rows(member, out var objective);
            return (member.Model.BuildLanguage(0, out _, Torch.Device.Meta), objective.Order(rows, member.Model.Config, 0).PerEpoch);
        });
    }
}
