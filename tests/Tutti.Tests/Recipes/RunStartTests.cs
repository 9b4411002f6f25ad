using Tutti.Recipes;
using Tutti.Runs;

namespace Tutti.Tests.Recipes;

/// <summary>Who may write a run folder, and what is left when nothing came of it.</summary>
[Collection(RunCollection.Name)]
public sealed class RunStartTests(TinyRun run)
{
    [Fact]
    public void A_second_run_of_the_same_folder_is_refused_and_the_first_is_unharmed()
    {
        using var temp = Shared.Temp();
        ConfigException? refused = null;
        var recipe = TinyRun.Single(run.Recipe);
        var result = TinyRun.Train(recipe, temp.File("run"), new OnStep(() =>
            refused ??= Assert.Throws<ConfigException>(() => TinyRun.Train(recipe with { Seed = 9 }, temp.File("run")))));
        Assert.Contains("another process is training this folder's run with other settings: seed: was 0, is 9", refused!.Message, StringComparison.Ordinal);
        Assert.Equal(recipe, Recipe.Load(result.Files.Recipe));
        Assert.Equal(1, EventLog.Read(result.Files.Events).Count(e => e.Kind == "started"));
        TrainedRun.Open(temp.File("run"));
    }

    [Fact]
    public void A_fresh_folder_is_taken_back_when_the_input_turns_out_bad_before_a_cell_is_finished()
    {
        using var temp = Shared.Temp();
        var folder = temp.File("new/deep/run");
        Assert.Throws<ConfigException>(() => TinyRun.Train(TinyRun.Single(run.Recipe), folder, new OnStep(() => throw new ConfigException("disk", "is full"))));
        Assert.Empty(Directory.EnumerateFileSystemEntries(temp.Path));
    }

    [Fact]
    public void A_folder_that_was_there_stays_and_so_do_finished_cells()
    {
        using var temp = Shared.Temp();
        Directory.CreateDirectory(temp.File("mine"));
        Assert.Throws<ConfigException>(() => TinyRun.Train(TinyRun.Single(run.Recipe), temp.File("mine"), new OnStep(() => throw new ConfigException("disk", "is full"))));
        Assert.True(Directory.Exists(temp.File("mine")));
        var news = new KeptNews();
        Assert.Throws<ConfigException>(() => TinyRun.Train(TinyRun.Single(run.Recipe), temp.File("run"), new OnStep(
            () => { if (news.Trained.Length > 0) throw new ConfigException("disk", "is full"); }, news)));
        Assert.Single(news.Trained);
        Assert.True(File.Exists(new RunFolder(temp.File("run")).Cell("small", 1, 0).Metrics));
    }

    [Theory]
    [InlineData("cells/small-s1-f0/resume/point-00000003.json", true)]
    [InlineData("cells/small-s1-f0/metrics.json", true)]
    [InlineData("cells/small-s1-f0/resume/point-00000003.safetensors", false)]   // without its manifest it is no point
    [InlineData("cells/small-s1-f0/resume/best-00000002.safetensors", false)]
    [InlineData("cells/small-s1-f0/checkpoint/model.safetensors", false)]
    public void A_fresh_folder_with_a_point_to_go_on_from_stays(string holding, bool stays)
    {
        using var temp = Shared.Temp();
        var folder = temp.File("deep/run");
        using (var start = new RunStart(new(folder)))
        {
            var file = Path.Combine(folder, holding);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, "{}");
            start.TakeBack();
        }
        Assert.Equal(stays, Directory.Exists(folder));
        Assert.Equal(stays, File.Exists(Path.Combine(folder, holding)));
    }

    sealed class OnStep(Action then, IProgress<RunNews>? also = null) : IProgress<RunNews>
    {
        public void Report(RunNews value)
        {
            also?.Report(value);
            if (value is StepNews) then();
        }
    }
}
