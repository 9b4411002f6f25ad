using Tutti.Recipes;
using Tutti.Training;

namespace Tutti.Tests.Recipes;

/// <summary>Which settings of a run of task ulmfit its language models learn with.</summary>
[Collection(RunCollection.Name)]
public sealed class UlmfitStepsTests : IDisposable
{
    readonly TempFolder temp = Shared.Temp();

    public UlmfitStepsTests() => TinyRun.Rows("train.csv", temp.File("train.csv"), 0, 64);

    public void Dispose() => temp.Dispose();

    TrainConfig Adapted(string adapt)
    {
        using var thread = new OneThread();
        new UlmfitRun(Recipe.Parse($$"""
            task: ulmfit
            data: { train: train.csv, text: "{text}", label: target, id: id, validation: 0.25 }
            adapt: { train: { epochs: 1, batch: 4, bptt: 12, {{adapt}} } }
            train: { batch: 16, epochs: 1, learning-rate: 1e-2, max-length: 24, unfreeze: gradual, layer-decay: 0.3846, layer-groups: 2 }
            members: [{ model: { kind: awd-lstm, layers: 1, embedding: 8, hidden: 8, vocabulary: 60 } }]
            report: { explain: 0 }
            """, temp.Path), temp.File("run")).Train(null, TestContext.Current.CancellationToken);
        return Recipe.Load(temp.File("run/adapt/recipe.yaml")).Train;
    }

    /// <summary>Otherwise one or two epochs of adapting would train the decoder alone.</summary>
    [Fact]
    public void Unfreezing_and_rates_by_layer_of_the_classifier_do_not_hold_for_its_language_model()
    {
        var train = Adapted("learning-rate: 2e-2");
        Assert.Equal((null, null, null), (train.Unfreeze, train.LayerDecay, train.LayerGroups));
        Assert.Equal(2e-2, train.LearningRate);
    }

    [Fact]
    public void A_step_may_ask_for_them_itself()
    {
        var train = Adapted("layer-decay: 0.5, unfreeze: gradual");
        Assert.Equal((0.5, UnfreezeKind.Gradual), (train.LayerDecay, train.Unfreeze!.Kind));
    }
}
