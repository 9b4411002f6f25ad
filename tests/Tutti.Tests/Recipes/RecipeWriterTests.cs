using FsCheck;
using FsCheck.Fluent;
using Tutti.Ensembling;
using Tutti.Recipes;
using Tutti.Training;

namespace Tutti.Tests.Recipes;

public class RecipeWriterTests
{
    /// <summary>Texts that YAML readers like to take for something else, and any mixture of odd characters.</summary>
    static readonly string[] odd =
    [
        "null", "~", "true", "No", "007", "1e3", "0x1F", "1_000", "12:30", "2001-01-01", ".nan", "- a", "a: b", "a #b", "{a}", "[a]", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a",
        "'a'", "\"a\"", "a\\b", "a\tb", "a\nb", "a\r\nb", "\n", " a ", "---", "...", "<<", "=", "\u00e9", "\u65e5\u672c", "\U0001F600", "\u2028", "\u0085", "\uFEFF", "\0", "\u007f", "\u0001", "?", ", ", new('x', 300), string.Join(' ', Enumerable.Repeat("word", 60)),
    ];

    static readonly Gen<string> text = Gen.OneOf(Gen.Elements(odd), Gen.Elements(odd).ArrayOf(3).Select(string.Concat));
    static readonly Gen<double> number = Gen.Elements(0.1, 1e-5, 1e-300, 5e-324, 1d / 3, 0.30000000000000004, 0.9999999999999999, 0.5);
    static readonly Gen<int> count = Gen.Elements(1, 2, 3, 7, 100, int.MaxValue);

    static Gen<T> OneOf<T>() where T : struct, Enum => Gen.Elements(Enum.GetValues<T>());

    static Gen<T?> Maybe<T>(Gen<T> gen) where T : struct => Gen.OneOf(Gen.Constant<T?>(null), gen.Select(value => (T?)value));

    static readonly Gen<ClassWeights> weights = Gen.OneOf(Gen.Elements(ClassWeights.None, ClassWeights.Balanced),
        from a in text from x in number from b in text from y in number select ClassWeights.Of(new Dictionary<string, double> { [a] = x, [b + "2"] = y }));

    static readonly Gen<TrainConfig> train =
        from batch in count
        from epochs in count
        from rate in number
        from schedule in OneOf<ScheduleKind>()
        from warmup in Gen.Elements(0.0, 0.1, 500)
        from decay in number
        from smoothing in number
        from classes in weights
        from precision in OneOf<Precision>()
        from best in OneOf<BestBy>()
        from dropout in Maybe(number)
        select new TrainConfig
        {
            Batch = batch,
            Epochs = epochs,
            LearningRate = rate,
            Schedule = schedule,
            Warmup = warmup,
            WeightDecay = decay,
            Beta1 = smoothing,
            LabelSmoothing = smoothing,
            ClassWeights = classes,
            Precision = precision,
            BestBy = best,
            Dropout = dropout,
            EvaluateEvery = batch,
            MaxLength = 99,
        };

    static readonly Gen<DataConfig> data =
        from name in text
        from template in text
        from label in text
        from id in Gen.OneOf(Gen.Constant<string?>(null), text.Where(value => value != label).Select(value => (string?)value))
        from folds in Gen.Elements(null, new FoldsConfig(), new FoldsConfig { Count = 3, Seed = 9, Kind = Tutti.Tables.FoldKind.Grouped, Column = "007" })
        from format in Gen.Elements(new FormatConfig(), new FormatConfig { Delimiter = "\t", Quote = "", Header = false, Columns = ["a", "1", "null"] })
        from labels in Gen.Elements<IReadOnlyList<string>?>(null, ["0", "1", "no", ""])
        select new DataConfig
        {
            Train = "/data/" + name.Replace("\0", "", StringComparison.Ordinal),
            Test = "/t.csv",
            Text = template + "{x}",
            Label = label,
            Id = id,
            Folds = folds,
            Format = format,
            Labels = labels,
        };

    static readonly Gen<MemberConfig> member =
        from model in Gen.Elements<ModelSpec>("/m/bert", "/m/1", new ModelSpec { Kind = EncoderKind.Roberta, Layers = 2, Hidden = 8, Heads = 2, Vocabulary = 300, Dropout = 0.1 })
        from seeds in Gen.Elements<IReadOnlyList<int>>([1], [1, 2, 3], [int.MaxValue])
        from patch in Gen.Elements(null, new TrainPatch(), new TrainPatch { LearningRate = 1e-6, ClassWeights = ClassWeights.None, Schedule = ScheduleKind.Cosine, Dropout = 0 })
        select new MemberConfig { Model = model, Seeds = seeds, Train = patch };

    static readonly Gen<Recipe> recipes =
        from rows in data
        from settings in train
        from members in member.NonEmptyListOf()
        from memory in Gen.Elements<MemorySize?>(null, "14 GB", "8 GiB", "12345 B")
        from every in Gen.Elements<Duration>("10 min", "0 s", "1.5 h", "0.0000001 s")
        from disk in Gen.Elements<MemorySize?>(null, "20 GB")
        from blend in Gen.Elements<BlendConfig>(new(), BlendChoice.Geometric, BlendChoice.Auto, new BlendConfig { Method = BlendChoice.HillClimb, Metric = BlendMetric.MacroF1, PerClass = true, AtMost = 3, Within = 0.001, Rounds = 7, Temperature = true, Thresholds = true })
        from submission in Gen.Elements<SubmissionConfig?>(null, "s.csv", new SubmissionConfig { File = "1", Sample = "/s.csv" })
        from seed in count
        select new Recipe
        {
            Data = rows,
            Train = rows.Labels is null ? settings : settings with { ClassWeights = ClassWeights.Balanced },
            Members = [.. members],
            Memory = memory,
            Checkpoint = new() { Every = every, Disk = disk },
            Blend = blend,
            Submission = submission,
            Seed = seed,
        };

    [Fact]
    public void A_written_recipe_loads_back_equal()
        => Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(recipes.ToArbitrary(), recipe =>
        {
            var yaml = recipe.ToYaml("a comment\n# another: {");
            var back = Recipe.Parse(yaml, "/");
            Assert.True(recipe.Equals(back), yaml);
            Assert.Equal(yaml, back.ToYaml("a comment\n# another: {"));
        }));

    [Fact]
    public void Every_default_is_written_out()
    {
        var yaml = RecipeTests.Parse(RecipeTests.Small).ToYaml("first\n\nsecond");
        Assert.StartsWith("# first\n#\n# second\ntask: text-classification\ndata:\n  train: /recipes/train.csv\n  text: \"{text}\"\n  label: target\n  validation: 0.2\n", yaml, StringComparison.Ordinal);
        Assert.Contains("\n  learning-rate: 2e-05\n", yaml, StringComparison.Ordinal);
        Assert.Contains("\n  class-weights: none\n", yaml, StringComparison.Ordinal);
        Assert.Contains("\n  seeds: [1]\n", yaml, StringComparison.Ordinal);
        Assert.DoesNotContain("null", yaml, StringComparison.Ordinal);
    }
}
