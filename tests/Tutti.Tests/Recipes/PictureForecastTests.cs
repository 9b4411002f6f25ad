using Tutti.Recipes;
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

    [Fact]
    public void Losses_are_those_without_limit_where_an_update_is_cut_for_memory()
    {
        double[] Losses(string run, out int micro, params string[] settings)
        {
            var news = new KeptNews();
            var recipe = Load(["data.folds=null", .. settings]);
            TinyRun.Train(recipe with { Members = [recipe.Members[1]] }, temp.File(run), news);
            micro = news.All.OfType<PlanNews>().First().Memory.Plan.MicroTokens / 48;      // as many patches of 16 x 16 pixels
            return [.. news.All.OfType<StepNews>().Select(step => step.Step.Loss)];
        }
        using var thread = new OneThread();
        var whole = MemoryForecast.Of(Load("data.folds=null"), cancel: TestContext.Current.CancellationToken).Last();
        var expected = Losses("free", out var uncut);
        var losses = Losses("tight", out var cut, $"memory={Tight(whole)}");
        Assert.True(uncut >= 16 && cut is > 0 and < 16, $"{uncut} and {cut} pictures at a time");
        Assert.Equal(2, losses.Length);
        Assert.All(expected.Zip(losses), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
    }
}
