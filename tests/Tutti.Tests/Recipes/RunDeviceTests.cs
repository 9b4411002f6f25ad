using Tutti.Predictions;
using Tutti.Recipes;
using Tutti.Tests.App;
using Tutti.Tests.OtherDevice;
using Tutti.Torch;

namespace Tutti.Tests.Recipes;

/// <summary>A whole run on a device that is not the CPU, and what is said where the device is not there.</summary>
[Collection(RunCollection.Name)]
public sealed class RunDeviceTests(TinyRun run)
{
    [Fact]
    public void A_run_trains_and_predicts_on_another_device_what_it_does_on_the_CPU()
    {
        using var temp = Shared.Temp();
        using var thread = new OneThread();
        // A generator's dropout has other masks than the CPU's kernel.
        var recipe = TinyRun.Single(run.Recipe) with { Train = run.Recipe.Train with { Dropout = 0 } };
        var before = Other.Counts;
        var there = new Run(recipe, temp.File("there"), Other.Device).Train(cancel: TestContext.Current.CancellationToken);
        var trained = Other.Counts;
        Assert.True((trained - before).Fused > 0 && (trained - before).Reads > 0);
        Assert.Contains("# device: device ", File.ReadAllText(there.Files.Recipe), StringComparison.Ordinal);
        var here = TinyRun.Train(recipe, temp.File("here"));
        Assert.Equal(trained, Other.Counts);
        Assert.Contains("# device: cpu", File.ReadAllText(here.Files.Recipe), StringComparison.Ordinal);
        Close(PredictionFile.Read(here.Files.OutOfFold), PredictionFile.Read(there.Files.OutOfFold));

        // The run folder does not know the device: either predicts with it.
        Predict(Other.Device, "a.csv");
        Assert.True((Other.Counts - trained).Reads > 0);
        Predict(Device.Cpu, "b.csv");
        Close(PredictionFile.Read(temp.File("a.csv")), PredictionFile.Read(temp.File("b.csv")));
        void Predict(Device device, string name) => TrainedRun.Open(there.Files.Root, device).Predict(run.Input("test.csv"), temp.File(name), TestContext.Current.CancellationToken);

        static void Close(PredictionSet a, PredictionSet b)
        {
            Assert.Equal(a.Ids, b.Ids);
            Assert.InRange(a.Probabilities.Zip(b.Probabilities).Max(pair => Math.Abs(pair.First - pair.Second)), 0, 5e-3);
        }
    }

    [Fact]
    public void A_GPU_that_is_not_there_is_wrong_input_and_leaves_nothing()
    {
        Assert.SkipWhen(Engine.CudaCount > 0, "this machine has a GPU");
        using var temp = Shared.Temp();
        CommandLine.Run("train", run.Input("recipe.yaml"), "--run", temp.File("run"), "--set", "device=cuda").IsWrongInput("device: got 'cuda'", "no GPU can be used: ", Engine.WhyNoCuda!, "tutti doctor");
        Assert.False(Directory.Exists(temp.File("run")));
        CommandLine.Run("memory", run.Input("recipe.yaml"), "--set", "device=cuda:1").IsWrongInput("device: got 'cuda:1'", Engine.WhyNoCuda!);
        var copy = run.Copy(temp);
        var recipe = Path.Combine(copy, "recipe.yaml");
        File.WriteAllText(recipe, (Recipe.Load(recipe) with { Device = "cuda" }).ToYaml());
        CommandLine.Run("predict", "--run", copy, "--data", run.Input("test.csv"), "--out", temp.File("out.csv")).IsWrongInput("device: got 'cuda'", Engine.WhyNoCuda!);
        CommandLine.Run("evaluate", "--run", copy, "--data", run.Input("train.csv")).IsWrongInput("device: got 'cuda'", Engine.WhyNoCuda!);
        Assert.False(File.Exists(temp.File("out.csv")));
    }
}
