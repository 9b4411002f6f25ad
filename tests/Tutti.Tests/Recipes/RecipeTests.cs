using Tutti.Ensembling;
using Tutti.Recipes;
using Tutti.Training;

namespace Tutti.Tests.Recipes;

public class RecipeTests
{
    internal const string Small = """
        data: { train: train.csv, text: "{text}", label: target }
        members: [ { model: bert } ]
        """;

    const string Example = """
        task: text-classification
        data:
          train: train.csv
          test: test.csv
          text: "{keyword} | {location} | {text}"
          label: target
          id: id
          folds: { count: 5, kind: stratified, seed: 7 }
        train: { batch: 64, epochs: 3, learning-rate: 2e-5, schedule: linear, warmup: 0.06, weight-decay: 0.01, precision: bf16 }
        memory: 14 GB                     # optional
        members:
          - { model: deberta-v3-small, seeds: [1, 2, 3] }
          - { model: roberta-base, train: { learning-rate: 1e-5 } }
        blend: geometric
        submission: submission.csv
        """;

    internal static Recipe Parse(string yaml, params string[] settings) => Recipe.Parse(yaml, "/recipes", settings);

    [Fact]
    public void The_example_of_the_design_is_read()
    {
        var recipe = Parse(Example);

        Assert.Equal(new Recipe
        {
            Data = new() { Train = "/recipes/train.csv", Test = "/recipes/test.csv", Text = "{keyword} | {location} | {text}", Label = "target", Id = "id", Folds = new() { Count = 5, Seed = 7 } },
            Train = new() { Batch = 64, Epochs = 3, LearningRate = 2e-5, Schedule = ScheduleKind.Linear, Warmup = 0.06, WeightDecay = 0.01, Precision = Precision.Bf16 },
            Memory = "14 GB",
            Members =
            [
                new() { Model = "/recipes/deberta-v3-small", Seeds = [1, 2, 3] },
                new() { Model = "/recipes/roberta-base", Train = new() { LearningRate = 1e-5 } },
            ],
            Blend = BlendChoice.Geometric,
            Submission = "submission.csv",
        }, recipe);
        Assert.Equal(14_000_000_000, recipe.Memory!.Value.Bytes);
        Assert.Equal("/recipes", recipe.Folder);
    }

    [Fact]
    public void Recipes_that_differ_deep_inside_are_not_equal()
    {
        var recipe = Parse(Example);
        Assert.NotEqual(recipe, recipe with { Members = [recipe.Members[0] with { Seeds = [1, 2] }, recipe.Members[1]] });
        Assert.NotEqual(recipe, recipe with { Train = recipe.Train with { ClassWeights = ClassWeights.Balanced } });
        Assert.Equal(recipe, recipe with { Folder = "/elsewhere" });
        Assert.Equal(recipe.GetHashCode(), Parse(Example).GetHashCode());
    }

    [Fact]
    public void What_is_left_out_has_the_documented_default()
    {
        var recipe = Parse(Small);
        Assert.Equal(new TrainConfig(), recipe.Train);
        Assert.Equal((32, 3, 2e-5, ScheduleKind.Linear, 0.06), (recipe.Train.Batch, recipe.Train.Epochs, recipe.Train.LearningRate, recipe.Train.Schedule, recipe.Train.Warmup));
        Assert.Equal((0.01, 0.9, 0.999, 1e-8, 1.0), (recipe.Train.WeightDecay, recipe.Train.Beta1, recipe.Train.Beta2, recipe.Train.Epsilon, recipe.Train.MaxGradientNorm));
        Assert.Equal((Precision.Auto, 128, BestBy.Loss), (recipe.Train.Precision, recipe.Train.MaxLength, recipe.Train.BestBy));
        Assert.Equal((0.2, null, 0), (recipe.Data.Validation, recipe.Data.Folds, recipe.Seed));
        Assert.Equal([1], recipe.Members[0].Seeds);
        Assert.Null(recipe.Memory);
        Assert.Equal((TimeSpan.FromMinutes(10), null), (recipe.Checkpoint.Every.Time, recipe.Checkpoint.Disk));
        Assert.Null(recipe.Submission);
    }

    [Fact]
    public void Folds_take_the_place_of_the_default_validation()
    {
        var recipe = Parse(Small);
        var folded = recipe with { Data = recipe.Data with { Folds = new() { Count = 4 } } };
        Assert.Null(folded.Data.Validation);
        Assert.Empty(folded.Validate());
    }

    [Fact]
    public void A_member_is_named_after_its_model_and_repeats_are_counted()
    {
        var recipe = Parse("""
            data: { train: a.csv, text: "{t}", label: l }
            members:
              - { model: models/roberta-base/ }
              - { model: other/roberta-base }
              - { model: Roberta-Base, name: roberta-base-2 }
              - { model: { kind: bert, layers: 4, hidden: 256, heads: 4, vocabulary: 8000 } }
              - { model: "my model (v2)" }
              - { model: .. }
            """);
        Assert.Equal(["roberta-base", "roberta-base-3", "roberta-base-2", "bert-4x256", "my-model--v2-", "model"], recipe.Members.Select(member => member.Name));
    }

    [Fact]
    public void A_members_training_settings_are_the_common_ones_with_its_own_laid_over()
    {
        var recipe = Parse("""
            data: { train: a.csv, text: "{t}", label: l }
            train: { batch: 64, epochs: 5, class-weights: balanced }
            members:
              - { model: a, train: { learning-rate: 1e-5, schedule: one-cycle, best-by: macro-f1, dropout: 0, class-weights: { yes: 2.5, 0: 1 } } }
              - { model: b }
            """);
        var common = new TrainConfig { Batch = 64, Epochs = 5, ClassWeights = ClassWeights.Balanced };
        Assert.Equal(common with
        {
            LearningRate = 1e-5,
            Schedule = ScheduleKind.OneCycle,
            BestBy = BestBy.MacroF1,
            Dropout = 0,
            ClassWeights = ClassWeights.Of([new("0", 1), new("yes", 2.5)]),
        }, recipe.Members[0].Effective(recipe.Train));
        Assert.Equal(common, recipe.Members[1].Effective(recipe.Train));
    }

    [Fact]
    public void A_member_can_set_each_training_key_of_the_recipe()
    {
        static Type Bare(Type type) => Nullable.GetUnderlyingType(type) ?? type;
        Assert.Equal(typeof(TrainConfig).GetProperties().Select(p => (p.Name, Bare(p.PropertyType))), typeof(TrainPatch).GetProperties().Select(p => (p.Name, Bare(p.PropertyType))));
    }

    [Fact]
    public void Paths_start_from_the_recipes_folder()
    {
        using var temp = Shared.Temp();
        Directory.CreateDirectory(temp.File("sub"));
        temp.Write("sub/r.yaml", """
            data: { train: ../train.csv, test: /data/test.csv, text: "{t}", label: l, sample: sample.csv }
            members: [ { model: ./bert }, { model: { kind: roberta, layers: 1, hidden: 8, heads: 2, tokenizer: tok } } ]
            """);
        var recipe = Recipe.Load(temp.File("sub/r.yaml"));
        Assert.Equal(temp.File("sub"), recipe.Folder);
        Assert.Equal((temp.File("train.csv"), "/data/test.csv", temp.File("sub/sample.csv")), (recipe.Data.Train, recipe.Data.Test, recipe.Data.Sample));
        Assert.Equal((temp.File("sub/bert"), temp.File("sub/tok")), (recipe.Members[0].Model.Folder, recipe.Members[1].Model.Tokenizer));
    }

    [Fact]
    public void A_column_may_be_called_like_a_number_or_a_truth_value()
    {
        var data = Parse("""
            data: { train: 2024, text: "{1}", label: 1, id: 007, labels: [0, 01, true, 1e3, no], folds: { kind: grouped, column: 3.50 } }
            members: [ { model: 12, name: 1.0 } ]
            """);
        Assert.Equal(("1", "007", "3.50", "/recipes/2024"), (data.Data.Label, data.Data.Id, data.Data.Folds!.Column, data.Data.Train));
        Assert.Equal(["0", "01", "true", "1e3", "no"], data.Data.Labels!);
        Assert.Equal(("/recipes/12", "1.0"), (data.Members[0].Model.Folder, data.Members[0].Name));
    }

    [Theory]
    [InlineData("2e-5", 2e-5)]
    [InlineData("2E-5", 2e-5)]
    [InlineData("+.5", 0.5)]
    [InlineData("1.", 1.0)]
    [InlineData("3", 3.0)]
    [InlineData("0.00002", 2e-5)]
    public void Numbers_are_those_of_yaml_1_2(string written, double value)
        => Assert.Equal(value, Parse(Small + $"\ntrain: {{ learning-rate: {written} }}").Train.LearningRate);

    [Fact]
    public void A_section_whose_keys_are_all_commented_out_is_a_section_of_defaults()
        => Assert.Equal(Parse(Small), Parse(Small + "\ntrain:\n  # batch: 64\nmemory:\nsubmission: null"));

    [Theory]
    [InlineData("train.batch=16")]
    [InlineData("train.class-weights={ a: 2 }")]
    [InlineData("members.0.train.epochs=4")]
    [InlineData("members.0.model=other")]
    [InlineData("data.label=other")]
    [InlineData("data.train=other.csv")]
    [InlineData("data.validation=0.3")]
    [InlineData("data.format.delimiter=;")]
    [InlineData("seed=3")]
    public void What_decides_the_result_changes_the_fingerprint(string setting)
    {
        var (before, after) = (Parse(Small), Parse(Small, setting));
        Assert.NotEqual(before.Fingerprint(before.Members[0]), after.Fingerprint(after.Members[0]));
    }

    [Theory]
    [InlineData("memory=8 GB")]
    [InlineData("checkpoint.every=0 s")]
    [InlineData("checkpoint.disk=20 GB")]
    [InlineData("train.micro-tokens=99")]
    [InlineData("data.test=t.csv")]
    [InlineData("data.sample=s.csv")]
    [InlineData("members.0.name=x")]
    [InlineData("members.0.seeds=[4, 5]")]
    [InlineData("members.0.train.batch=32")]
    [InlineData("members.1.model=second")]
    [InlineData("blend=geometric")]
    public void What_does_not_leaves_the_fingerprint(string setting)
    {
        var (before, after) = (Parse(Small), Parse(Small, setting));
        Assert.NotEqual(before, after);
        Assert.Equal(before.Fingerprint(before.Members[0]), after.Fingerprint(after.Members[0]));
    }

    [Fact]
    public void A_fingerprint_with_hashes_does_not_depend_on_where_the_files_lie()
    {
        var (here, there) = (Recipe.Parse(Small, "/here"), Recipe.Parse(Small, "/there"));
        Assert.NotEqual(here.Fingerprint(here.Members[0]), there.Fingerprint(there.Members[0]));
        Assert.Equal(here.Fingerprint(here.Members[0], "d", "m"), there.Fingerprint(there.Members[0], "d", "m"));
        Assert.NotEqual(here.Fingerprint(here.Members[0], "d", "m"), here.Fingerprint(here.Members[0], "e", "m"));
        Assert.NotEqual(here.Fingerprint(here.Members[0], "d", "m"), here.Fingerprint(here.Members[0], "d", "n"));
        Assert.Matches("^[0-9a-f]{64}$", here.Fingerprint(here.Members[0]));
    }

    [Fact]
    public void Training_settings_name_all_their_faults_as_a_recipe_spells_them()
    {
        Assert.Empty(new TrainConfig().Validate());
        var faults = new TrainConfig { Batch = 0, LearningRate = -1, MaxGradientNorm = double.NaN, Warmup = 2.5, ClassWeights = ClassWeights.Of([new("a", 0)]) }.Validate();
        Assert.Equal(["batch", "learning-rate", "max-gradient-norm", "warmup", "class-weights.a"], faults.Select(fault => fault.Path));
    }

    [Fact]
    public void A_recipe_written_in_code_is_checked_too()
    {
        var recipe = new Recipe
        {
            Data = new() { Train = "a.csv", Text = "{t}", Label = "l" },
            Train = new() { LearningRate = double.NaN },
            Members = [new() { Model = "m", Train = new() { Warmup = double.PositiveInfinity } }],
        };
        Assert.Equal(["train.learning-rate", "members.0.train.warmup"], recipe.Validate().Select(fault => fault.Path));
        Assert.Contains("train.learning-rate: got NaN, expected a number above 0", Assert.Throws<ConfigException>(recipe.Check).Message, StringComparison.Ordinal);
        Assert.Throws<ConfigException>(() => recipe with { Memory = "much" });
    }
}
