using Tutti.Recipes;
using Tutti.Torch;

namespace Tutti.Tests.Recipes;

/// <summary>The recipe's memory is a hard limit while the run goes on.</summary>
[Collection(RunCollection.Name)]
public sealed class RunMemoryTests(TinyRun run)
{
    [Fact]
    public void A_run_that_does_not_fit_is_refused_with_the_least_that_would_do_and_leaves_nothing()
    {
        using var temp = Shared.Temp();
        Memory.Trim();
        var room = Memory.Stats(Device.Cpu).InUse;
        // Smaller than weights and gradients (2 x 60 kB): refused before anything is loaded. A little larger: the planner finds that nothing fits.
        foreach (var bytes in (int[])[50_000, 100_000, 180_000])
        {
            var recipe = TinyRun.Single(run.Recipe) with { Memory = new MemorySize(room + bytes) };
            var error = Assert.Throws<ConfigException>(() => TinyRun.Train(recipe, temp.File("run")));
            Assert.StartsWith("memory: got 0.", error.Message, StringComparison.Ordinal);
            Assert.Contains("needs at least about 0.", error.Message, StringComparison.Ordinal);
            Assert.Contains("Raise memory, take a smaller model, or lower train.max-length.", error.Message, StringComparison.Ordinal);
            Assert.InRange(error.Message.Split('\n').Length, 1, 3);
            Assert.False(Directory.Exists(temp.File("run")));
        }
        Assert.Equal(-1, Memory.Stats(Device.Cpu).Limit);
        Assert.InRange(Memory.Stats(Device.Cpu).InUse, 0, room + (1 << 20));
    }

    [Fact]
    public void The_limit_holds_while_the_run_goes_on_and_does_not_change_the_result()
    {
        using var temp = Shared.Temp();
        var recipe = TinyRun.Single(run.Recipe);
        long limit = 0;
        var limited = TinyRun.Train(recipe with { Memory = "1 GB" }, temp.File("a"), new Seen(() => limit = Memory.Stats(Device.Cpu).Limit));
        Assert.Equal(1_000_000_000, limit);
        Assert.Equal(-1, Memory.Stats(Device.Cpu).Limit);
        Assert.Equal(File.ReadAllBytes(TinyRun.Train(recipe, temp.File("b")).Files.OutOfFold), File.ReadAllBytes(limited.Files.OutOfFold));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_memory_of_the_recipe_holds_while_the_finished_run_predicts_or_scores(bool score)
    {
        using var temp = Shared.Temp();
        var folder = TinyRun.Train(TinyRun.Single(run.Recipe), temp.File("run")).Files.Root;
        Memory.Trim();
        var room = Memory.Stats(Device.Cpu).InUse;
        var before = Use();
        Limit(new MemorySize(room + 30_000));                 // the weights alone are 60 kB
        var error = Assert.Throws<RunMemoryException>(() => Use());
        Assert.Contains("does not fit into the recipe's memory", error.Message, StringComparison.Ordinal);
        Assert.Contains($"Raise memory in {Path.Combine(folder, "recipe.yaml")}", error.Message, StringComparison.Ordinal);
        Assert.Equal(-1, Memory.Stats(Device.Cpu).Limit);
        Assert.InRange(Memory.Stats(Device.Cpu).InUse, 0, room + (1 << 20));
        Limit("1 GB");
        Assert.Equal(before, Use());
        Assert.Equal(-1, Memory.Stats(Device.Cpu).Limit);

        string Use()
        {
            using var thread = new OneThread();
            if (score) return string.Join('\n', TrainedRun.Open(folder).Score(run.Input("train.csv"), cancel: TestContext.Current.CancellationToken).All.Scores);
            TinyRun.Predict(folder, run.Input("test.csv"), temp.File("out.csv"));
            return File.ReadAllText(temp.File("out.csv"));
        }

        void Limit(MemorySize memory) =>
            File.WriteAllText(Path.Combine(folder, "recipe.yaml"), (Recipe.Load(Path.Combine(folder, "recipe.yaml")) with { Memory = memory }).ToYaml());
    }

    sealed class Seen(Action then) : IProgress<RunNews>
    {
        public void Report(RunNews value)
        {
            if (value is StepNews) then();
        }
    }
}
