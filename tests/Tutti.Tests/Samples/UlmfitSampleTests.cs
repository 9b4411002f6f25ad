using Tutti.Recipes;

namespace Tutti.Tests.Samples;

/// <summary>samples/ulmfit.yaml, which a user starts from.</summary>
public sealed class UlmfitSampleTests
{
    [Fact]
    public void The_sample_is_a_recipe_without_faults_of_a_forward_and_a_backward_model()
    {
        var recipe = Recipe.Load(Path.Combine(Shared.Root, "samples", "ulmfit.yaml"), "data.train=reviews.csv");
        recipe.Check();
        Assert.Equal(RecipeTask.Ulmfit, recipe.Task);
        Assert.Equal([null, true], recipe.Members.Select(member => member.Model.Backward));
    }
}
