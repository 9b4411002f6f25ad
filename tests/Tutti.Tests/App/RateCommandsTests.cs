using System.Text.Json.Nodes;
using Tutti.Recipes;
using Tutti.Tests.Recipes;
using Tutti.Training;

namespace Tutti.Tests.App;

/// <summary>tutti schedule and tutti lr-find.</summary>
[Collection(RunCollection.Name)]
public sealed class RateCommandsTests : IDisposable
{
    readonly TempFolder temp = Shared.Temp();
    readonly string recipe;

    public RateCommandsTests()
    {
        TinyRun.Write(temp);
        recipe = temp.File("recipe.yaml");
    }

    public void Dispose() => temp.Dispose();

    string[] Files() => [.. Directory.EnumerateFiles(temp.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(file => $"{file} {Convert.ToHexString(File.ReadAllBytes(file)).GetHashCode(StringComparison.Ordinal)}")];

    static JsonArray Json(Outcome outcome)
    {
        Assert.True(outcome.Code == 0, outcome.Error);
        return JsonNode.Parse(outcome.Out)!.AsArray();
    }

    [Fact]
    public void Schedule_draws_rates_by_group_and_says_when_each_learns()
    {
        var before = Files();
        var outcome = CommandLine.Run("schedule", recipe, "--set", "train.schedule=one-cycle", "--set", "train.unfreeze=gradual", "--set", "train.epochs=6", "--set", "train.layer-decay=0.5");
        Assert.True(outcome.Code == 0, outcome.Error);
        // 48 rows of a fold, 16 per update.
        Assert.Contains("deep: one-cycle, learning rate 1e-3, 18 updates (6 epochs of 3)", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("small: one-cycle", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("momentum (beta1)", outcome.Out, StringComparison.Ordinal);
        Assert.Matches(@"5 +head +\d+ +update 1, epoch 1 +1 ", outcome.Out);
        Assert.Matches(@"1 +embeddings +\d+ +update 13, epoch 5 +0\.0625 ", outcome.Out);
        Assert.Equal(before, Files());
    }

    [Fact]
    public void Schedule_as_json_has_every_update_of_every_group()
    {
        var member = Json(CommandLine.Run("schedule", recipe, "--json", "--member", "small", "--set", "train.schedule=slanted-triangular", "--set", "train.unfreeze=gradual", "--set", "train.epochs=4"))[0]!;
        var plan = new RatePlan(new TrainConfig { Epochs = 4, LearningRate = 1e-3, Schedule = ScheduleKind.SlantedTriangular, Unfreeze = UnfreezeKind.Gradual }, 3, 3);
        Assert.Equal((12, 3, "slanted-triangular"), ((int)member["updates"]!, (int)member["updatesPerEpoch"]!, (string)member["schedule"]!));
        Assert.Equal(["embeddings", "layer 1", "head"], member["groups"]!.AsArray().Select(group => (string)group!["name"]!));
        Assert.Equal([6, 3, 0], member["groups"]!.AsArray().Select(group => (int)group!["learnsFrom"]!));
        for (var update = 0; update < 12; update++)
            Assert.Equal(plan.Rates(update), member["groups"]!.AsArray().Select(group => (double?)group!["rates"]![update]));
        Assert.Equal(12, member["momentum"]!.AsArray().Count);
    }

    [Fact]
    public void Schedule_warns_of_groups_that_never_learn_and_writes_a_picture_when_asked()
    {
        var outcome = CommandLine.Run("schedule", recipe, "--member", "deep", "--set", "train.unfreeze=gradual", "--out", temp.File("plots/rates.svg"));
        Assert.Equal(0, outcome.Code);
        Assert.Contains("2 epochs are too few for 5 layer groups", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("never", outcome.Out, StringComparison.Ordinal);
        var svg = System.Xml.Linq.XDocument.Load(temp.File("plots/rates.svg"));
        Assert.Contains(svg.Descendants(), node => node.Value == "layer 3");
        Assert.Equal(2, svg.Descendants().Count(node => node.Name.LocalName == "polyline"));
    }

    [Fact]
    public void A_run_uses_the_rates_that_were_drawn()
    {
        string[] keys = ["train.schedule=one-cycle", "train.unfreeze.head-epochs=1", "train.start-share=0.4"];
        var member = Json(CommandLine.Run(["schedule", recipe, "--json", "--member", "small", .. keys.SelectMany(key => (string[])["--set", key])]))[0]!;
        var news = new KeptNews();
        TinyRun.Train(TinyRun.Single(Recipe.Load(recipe, keys)), temp.File("run"), news);
        var steps = news.All.OfType<StepNews>().Where(step => step.Cell == "small seed 1 fold 0").Select(step => step.Step.Rate).ToArray();
        Assert.Equal(6, steps.Length);
        Assert.Equal(member["groups"]!.AsArray()[^1]!["rates"]!.AsArray().Select(rate => (double)rate!), steps);
    }

    [Fact]
    public void Lr_find_suggests_from_three_seeds_and_touches_no_file()
    {
        var before = Files();
        string[] range = ["--first", "1e-5", "--last", "1", "--updates", "30"];
        var outcome = CommandLine.Run(["lr-find", recipe, .. range]);
        Assert.True(outcome.Code == 0, outcome.Error);
        foreach (var word in new[] { "deep: 3 sweeps over 48 rows, 16 per update", "small: 3 sweeps", "1: seed 1", "3: seed 3", "valley", "steepest", "minimum / 10", "median", "to try: --set train.learning-rate=" })
            Assert.Contains(word, outcome.Out, StringComparison.Ordinal);
        Assert.Equal(before, Files());

        var found = Json(CommandLine.Run(["lr-find", recipe, "--member", "small", "--json", "--out", temp.File("sweep.svg"), .. range]))[0]!;
        Assert.Equal([1, 2, 3], found["sweeps"]!.AsArray().Select(sweep => (int)sweep!["seed"]!));
        Assert.All(found["sweeps"]!.AsArray(), sweep => Assert.InRange((double)sweep!["suggestions"]!["valley"]!, 1e-5, 1));
        var valleys = found["sweeps"]!.AsArray().Select(sweep => (double)sweep!["suggestions"]!["valley"]!).Order().ToArray();
        Assert.Equal(valleys[1], (double)found["median"]!["valley"]!, 1e-9);
        Assert.Contains(System.Xml.Linq.XDocument.Load(temp.File("sweep.svg")).Descendants(), node => node.Value == "seed 2");
        Assert.Equal(found["median"]!.ToJsonString(), Json(CommandLine.Run(["lr-find", recipe, "--member", "small", "--json", .. range]))[0]!["median"]!.ToJsonString());
    }

    [Fact]
    public void Lr_find_knows_numbers_and_texts_too()
    {
        temp.Write("texts.yaml", """
            task: language-model
            data: { train: train.csv, text: "{text}", validation: 0.25 }
            train: { batch: 16, max-length: 40 }
            members: [ { model: { kind: bert, layers: 1, hidden: 16, heads: 2, vocabulary: 200 }, name: texts } ]
            """);
        temp.Write("numbers.yaml", """
            task: text-regression
            data: { train: train.csv, text: "{text}", label: target, validation: 0.25 }
            train: { batch: 16, max-length: 40 }
            members: [ { model: { kind: bert, layers: 1, hidden: 16, heads: 2, vocabulary: 200 }, name: numbers } ]
            """);
        foreach (var name in new[] { "texts", "numbers" })
        {
            var found = Json(CommandLine.Run("lr-find", temp.File($"{name}.yaml"), "--json", "--updates", "20", "--first", "1e-4", "--head"))[0]!;
            Assert.Equal((name, 3), ((string)found["member"]!, found["sweeps"]!.AsArray().Count));
            Assert.NotEmpty(Json(CommandLine.Run("schedule", temp.File($"{name}.yaml"), "--json"))[0]!["groups"]!.AsArray());
        }
    }

    [Theory]
    [InlineData("--last: got 0.1, expected a learning rate above --first, which is 1", "--first", "1", "--last", "0.1")]
    [InlineData("--updates: got 0", "--updates", "0")]
    [InlineData("--first: got 0", "--first", "0")]
    [InlineData("--member: got 'smal', expected deep or small; did you mean 'small'?", "--member", "smal")]
    [InlineData("memory: got 0.1 MB, deep needs at least about", "--set", "memory=20 kB")]
    public void Wrong_input_of_lr_find_is_said(string message, params string[] args) => CommandLine.Run(["lr-find", recipe, .. args]).IsWrongInput(message);

    [Theory]
    [InlineData("train.layer-groups: got 9, the model has 5", "--set", "train.layer-groups=9")]
    [InlineData("ratio: belongs to schedule slanted-triangular, the schedule is linear", "--set", "train.ratio=8")]
    [InlineData("--member: got 'none'", "--member", "none")]
    public void Wrong_input_of_schedule_is_said(string message, params string[] args) => CommandLine.Run(["schedule", recipe, .. args]).IsWrongInput(message);

    /// <summary>A language model's rates and memory are its own: more groups learn, the decoder is as wide as the vocabulary, updates are pieces of streams.</summary>
    [Fact]
    public void Of_task_ulmfit_every_step_can_be_looked_at_before_anything_is_trained()
    {
        var steps = temp.Write("steps.yaml", """
            task: ulmfit
            data: { train: train.csv, text: "{text}", label: target, id: id, validation: 0.25 }
            adapt: { train: { epochs: 3, batch: 4, bptt: 12, learning-rate: 2e-2, schedule: one-cycle } }
            train: { batch: 16, epochs: 2, learning-rate: 1e-2, max-length: 24, unfreeze: gradual }
            members: [{ name: only, model: { kind: awd-lstm, layers: 1, embedding: 8, hidden: 8, vocabulary: 60 } }]
            """);
        var before = Files();
        JsonNode Schedule(params string[] step) => Json(CommandLine.Run(["schedule", steps, "--json", .. step]))[0]!;
        var (adapt, classify) = (Schedule("--step", "adapt"), Schedule());
        Assert.Equal(("one-cycle", 2e-2, 3), ((string)adapt["schedule"]!, (double)adapt["learningRate"]!, (int)adapt["epochs"]!));
        Assert.Equal((1e-2, 2), ((double)classify["learningRate"]!, (int)classify["epochs"]!));
        Assert.Equal(classify.ToJsonString(), Schedule("--step", "classify").ToJsonString());
        Assert.All(adapt["groups"]!.AsArray().Where(group => (long)group!["weights"]! > 0), group => Assert.Equal(0, (int)group!["learnsFrom"]!));    // the table of words is the decoder's too

        var sweep = Json(CommandLine.Run("lr-find", steps, "--json", "--step", "adapt", "--updates", "10", "--first", "1e-4", "--last", "1e-2"))[0]!;
        Assert.Equal(4, (int)sweep["batch"]!);                      // streams
        Assert.InRange((double)sweep["sweeps"]![0]!["losses"]![0]!, 3, 5);         // about ln 68, where two classes begin with ln 2

        var (language, classifier) = (Json(CommandLine.Run("memory", steps, "--json", "--step", "adapt"))[0]!, Json(CommandLine.Run("memory", steps, "--json"))[0]!);
        Assert.NotEqual((long)classifier["parameters"]!, (long)language["parameters"]!);
        Assert.Equal(before, Files());
    }

    [Theory]
    [InlineData("pretrain", "pretrain is not in the recipe")]
    [InlineData("pre-train", "step got pre-train, expected pretrain, adapt or classify")]
    public void A_step_that_is_not_there_is_refused(string step, string expected)
    {
        var steps = temp.Write("steps.yaml", """
            task: ulmfit
            data: { train: train.csv, text: "{text}", label: target, id: id, validation: 0.25 }
            train: { batch: 16, epochs: 2, learning-rate: 1e-2 }
            members: [{ model: { kind: awd-lstm, layers: 1, embedding: 8, hidden: 8, vocabulary: 60 } }]
            """);
        var outcome = CommandLine.Run("schedule", steps, "--step", step);
        Assert.Equal(2, outcome.Code);
        Assert.Contains(expected, outcome.Error.Replace(":", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("which has no steps", CommandLine.Run("schedule", recipe, "--step", "adapt").Error, StringComparison.Ordinal);
    }
}
