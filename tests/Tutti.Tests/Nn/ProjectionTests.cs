using Tutti.Models;
using Tutti.Tests.Models;
using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Nn;

/// <summary>Outputs padded for tensor cores: nobody sees it.</summary>
public sealed class ProjectionTests() : EngineTest(threads: 1)
{
    [Theory]
    [InlineData("bert", 2), InlineData("bert", 8), InlineData("bert", 11)]
    [InlineData("roberta", 3)]
    public void Logits_gradients_and_files_are_those_without_padding(string type, int classes)
    {
        using var temp = Shared.Temp();
        (float[] Logits, Dictionary<string, float[]> Gradients, byte[] File) Compute(bool pad)
        {
            using var model = Tiny.Model(type, classes);
            model.Params.Run.PadHeads = pad;
            var logits = model.Forward(Tiny.Batch);
            Assert.Equal([3L, classes], logits.Shape);
            Assert.Equal(pad && classes % 8 != 0, !logits.IsContiguous);              // a part of a wider product
            logits.CrossEntropy(Tensor.From([0L, 1, 1]), null, 2, 0.1).Backward();
            ModelFolder.Save(model, temp.File($"{pad}"));
            return (logits.Detach().Contiguous().ToArray<float>(), model.Params.Items.ToDictionary(item => item.Name, item => item.Value.Grad!.ToArray<float>()), File.ReadAllBytes(Path.Combine(temp.File($"{pad}"), "model.safetensors")));
        }
        var (plain, padded) = (Compute(false), Compute(true));
        // Other shapes may be cut otherwise by the matrix library: rounding only.
        Assert.Equal(plain.Logits, padded.Logits, (a, b) => Math.Abs(a - b) <= 1e-6f);
        foreach (var (name, values) in plain.Gradients) Assert.Equal(values, padded.Gradients[name], (a, b) => Math.Abs(a - b) <= 1e-6f);
        Assert.Equal(plain.File, padded.File);
    }

    [Fact]
    public void A_fit_with_padded_outputs_comes_to_the_same_weights()
    {
        float[] Fit(bool pad)
        {
            using var model = Tiny.Model(classes: 3);
            model.Params.Run.PadHeads = pad;
            new Learner(model, new() { Batch = 8, Epochs = 1, LearningRate = 1e-3 }, 1).Fit(Training.SomeExamples.Of(24, classes: 3), Training.SomeExamples.Of(6, classes: 3), cancel: TestContext.Current.CancellationToken);
            return [.. model.Params.Items.Where(item => item.Name.StartsWith("classifier", StringComparison.Ordinal)).SelectMany(item => item.Value.ToArray<float>())];
        }
        Assert.Equal(Fit(false), Fit(true), (a, b) => Math.Abs(a - b) <= 1e-5f);
    }
}
