using Tutti.Recipes;
using Tutti.Tables;
using Tutti.Training;

namespace Tutti.Tests.Recipes;

/// <summary>What is known of a recipe of pictures before it is trained, and that a memory limit changes no update.</summary>
[Collection(RunCollection.Name)]
public sealed class PictureForecastTests : IDisposable
{
    const string Recipe = """
        task: image-classification
        data: { train: train, folds: 2 }
        train: { batch: 16, epochs: 1, learning-rate: 2e-3 }
        pictures: { size: 32, mix: mixup }
        members:
          - { model: { network: convnext_atto }, name: small }
          - { model: { network: convnext_atto }, name: large, pictures: { size: { width: 128, height: 96 }, presize: 144 } }
        """;

    readonly TempFolder temp = Shared.Temp();

    public PictureForecastTests() => DrawnShapes.Write(temp, "train", 16, 1);

    public void Dispose() => temp.Dispose();

    Tutti.Recipes.Recipe Load(params string[] settings) => Tutti.Recipes.Recipe.Load(temp.Write("recipe.yaml", Recipe), settings);

    /// <summary>Four fifths of what the large pictures take.</summary>
    static MemorySize Tight(MemberMemory large) => new(large.Memory.Plan.PredictedPeak / 5 * 4);

    [Fact]
    public void Memory_says_of_every_size_which_cut_it_needs()
    {
        using var thread = new OneThread();
        MemberMemory[] Forecast(params string[] settings) => [.. MemoryForecast.Of(Load(settings), cancel: TestContext.Current.CancellationToken)];
        var free = Forecast();
        Assert.Equal([(32, 32), (128, 96)], free.Select(member => member.Picture!.Value));
        Assert.All(free, member => Assert.Equal(16, member.Pictures));
        Assert.True(free[1].Memory.Plan.PredictedPeak > free[0].Memory.Plan.PredictedPeak);

        var limit = Tight(free[1]);
        var tight = Forecast($"memory={limit}");
        Assert.Equal(16, tight[0].Pictures);
        Assert.InRange(tight[1].Pictures, 1, 15);
        Assert.True(tight[1].Memory.Plan.PredictedPeak <= limit.Bytes && tight[1].Whole > tight[1].Memory.Plan.PredictedPeak, $"{tight[1]}");
        Assert.DoesNotContain(tight[1].Options, option => option.Change.Contains("max-length", StringComparison.Ordinal));
    }

    [Fact]
    public void Rates_are_found_and_schedules_shown_for_networks_of_pictures()
    {
        using var thread = new OneThread();
        var found = RateFinder.Of(Load("train.batch=8"), new RateRange(Updates: 10), "small", cancel: TestContext.Current.CancellationToken).Single();
        Assert.Equal((16, 3), (found.Rows, found.Sweeps.Count));
        Assert.All(found.Sweeps, sweep => Assert.NotEmpty(sweep.Losses));
        var schedules = ScheduleForecast.Of(Load("train.epochs=3"), cancel: TestContext.Current.CancellationToken);
        Assert.Equal(["small", "large"], schedules.Select(schedule => schedule.Name));
        Assert.All(schedules, schedule => Assert.True(schedule.Groups.Count > 3 && schedule.Weights.Sum() > 3_000_000, string.Join(' ', schedule.Groups)));
    }

    [Theory, InlineData(null), InlineData("vit_tiny_patch16_224")]
    public void Losses_are_those_without_limit_where_an_update_is_cut_for_memory(string? ofTargets)
    {
        string[] common = ofTargets is null ? ["data.folds=null"] : ["data.folds=null", "pictures.mix=none", "task=image-multi-target", $"data.train={temp.File("targets.csv")}", "data.picture=file", "data.targets=[shape, side]", $"members=[{{ model: {{ network: {ofTargets} }}, pictures: {{ size: {{ width: 128, height: 96 }}, presize: 144 }} }}]"];
        if (ofTargets is not null) Targets();
        double[] Losses(string run, out int micro, params string[] settings)
        {
            var news = new KeptNews();
            var recipe = Load([.. common, .. settings]);
            recipe = recipe with { Members = [recipe.Members[^1]] };
            if (ofTargets is null) TinyRun.Train(recipe, temp.File(run), news);
            else new Run(recipe, temp.File(run)).TrainAnswers(news, TestContext.Current.CancellationToken);
            micro = news.All.OfType<PlanNews>().First().Pictures!.Value;
            return [.. news.All.OfType<StepNews>().Select(step => step.Step.Loss)];
        }
        using var thread = new OneThread();
        var whole = MemoryForecast.Of(Load(common), cancel: TestContext.Current.CancellationToken).Last();
        var expected = Losses("free", out var uncut);
        var losses = Losses("tight", out var cut, $"memory={Tight(whole)}");
        Assert.True(uncut >= 16 && cut is > 0 and < 16, $"{uncut} and {cut} pictures at a time");
        Assert.Equal(2, losses.Length);
        Assert.All(expected.Zip(losses), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
    }

    /// <summary>Two targets of the drawn shapes, of which some rows lack one.</summary>
    void Targets() => TableWriter.Write(temp.File("targets.csv"), ["file", "shape", "side"], table =>
    {
        foreach (var shape in DrawnShapes.Names)
            for (var i = 0; i < 16; i++) table.Row($"train/{shape}/{i:00}.png", i % 4 == 1 ? "" : shape, i % 5 == 2 ? "" : i % 2 == 0 ? "even" : "odd");
    });
}
