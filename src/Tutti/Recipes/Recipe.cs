using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Tutti.Ensembling;
using Tutti.Runs;
using Tutti.Tables;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>What is learnt from the rows.</summary>
public enum RecipeTask
{
    /// <summary>One class per row.</summary>
    TextClassification,

    /// <summary>One class per picture.</summary>
    ImageClassification,

    /// <summary>Any number of labels per row.</summary>
    MultiLabel,

    /// <summary>One number per row, or several.</summary>
    TextRegression,

    /// <summary>Several things of a row, each a class, a flag or a number, by one model with a head for each.</summary>
    MultiTarget,

    /// <summary>Several things of a picture, each a class, ordered levels, a flag or a number, by one network with a head for each.</summary>
    ImageMultiTarget,

    /// <summary>The texts themselves: a model learns to predict masked tokens (an encoder) or next ones (a recurrent model), to be fine-tuned afterwards.</summary>
    LanguageModel,

    /// <summary>One class per row, after a language model has learnt a corpus and then the rows' own texts (Howard and Ruder 2018).</summary>
    Ulmfit,
}

/// <summary>
/// One experiment: data, training settings and the members of the ensemble. The same names stand in the YAML file
/// (<c>learning-rate</c>), on the command line (<c>--set train.learning-rate=1e-5</c>) and here; docs/recipe.md lists them all.
/// Two recipes are equal when every key is, wherever they were read from.
/// </summary>
public sealed record Recipe
{
    [Description("What is learnt from the rows.")]
    public RecipeTask Task { get; init; } = RecipeTask.TextClassification;

    [Description("The rows, and which of their columns mean what.")]
    public required DataConfig Data { get; init; }

    [Description("How every member is trained, unless it says otherwise.")]
    public TrainConfig Train { get; init; } = new();

    [Description("What rows are predicted as: long texts once, or in several windows; pictures once, or mirrored, turned, in parts or changed at random. The share of those is fitted out of fold. A mapping, or its views alone.")]
    public TestTimeConfig TestTime { get; init; } = new();

    [Description("Tasks image-classification and image-multi-target: size, resizing and random changes of pictures.")]
    public PicturesConfig? Pictures { get; init; }

    [Description("Task ulmfit, first step: the corpus from which models that start from nothing learn the language; default: none.")]
    public StepConfig? Pretrain { get; init; }

    [Description("Task ulmfit, second step: how the language model learns the texts of the training and test rows, and of a file of others; default: with its defaults.")]
    public StepConfig? Adapt { get; init; }

    [Description("A finished run to learn from beside the labels; tutti distill writes it.")]
    public DistillConfig? Distill { get; init; }

    [Description("Where models are trained and predict: auto (the first GPU where one can be used, else the CPU), cpu, cuda, or one of several GPUs, such as cuda:1.")]
    public DeviceChoice Device { get; init; } = DeviceChoice.Auto;

    [Description("The most memory that training and predicting may take, such as 14 GB or 8 GiB; default: what the device has.")]
    public MemorySize? Memory { get; init; }

    [Description("The most time that one tutti train may take, such as 6 h; cells that do not fit into it are left out, the last seeds first; default: no limit.")]
    public Duration? Limit { get; init; }

    [Description("How an interrupted run can go on; it does not change the result.")]
    public CheckpointConfig Checkpoint { get; init; } = new();

    /// <summary>The members; a member without a name gets one here, derived from its model and unique in the list.</summary>
    [Description("The models of the ensemble; members x seeds x folds are trained.")]
    public required IReadOnlyList<MemberConfig> Members { get; init => field = MemberConfig.Named(value); }

    [Description("How the members' probabilities become one.")]
    public BlendConfig Blend { get; init; } = new();

    [Description("The file in the run's folder for the test rows' labels: a file name, or file and sample; default: none is written.")]
    public SubmissionConfig? Submission { get; init; }

    [Description("What report.html shows.")]
    public ReportConfig Report { get; init; } = new();

    [Description("Seed of the random choices that belong to no member: the rows that validation holds out.")]
    [Range(0, int.MaxValue)]
    public int Seed { get; init; }

    /// <summary>Its rows name pictures.</summary>
    [JsonIgnore]
    internal bool SeesPictures => Task is RecipeTask.ImageClassification or RecipeTask.ImageMultiTarget;

    /// <summary>The folder that relative paths were resolved against, or null when the recipe was written in code.</summary>
    [JsonIgnore]
    public string? Folder { get; init; }

    /// <summary>The sample submission, whichever of the two keys named it.</summary>
    [JsonIgnore]
    public string? SampleFile => Submission?.Sample ?? Data.Sample;

    /// <summary>How the training rows are divided.</summary>
    [JsonIgnore]
    internal FoldSettings FoldSettings => Data.Folds is { } folds ? new() { Kind = folds.Kind == FoldKind.Stratified && Data.Stratified(Task) is null ? FoldKind.KFold : folds.Kind, Count = folds.Count, Seed = folds.Seed, Column = folds.Column }
        : new() { Kind = FoldKind.Holdout, Validation = Data.Validation ?? 0.2, Seed = Seed };

    /// <summary>Reads and checks a recipe file; relative paths in it are resolved against its folder.</summary>
    /// <param name="path">A YAML file of at most 1 MiB.</param>
    /// <param name="settings">Changes in the form <c>train.batch=16</c> or <c>members.0.seeds=[1,2]</c>, applied in order.</param>
    /// <exception cref="ConfigException">Names up to five faults, each with its key, line, what was got and what was expected.</exception>
    public static Recipe Load(string path, params IEnumerable<string> settings) => RecipeFile.Load(path, settings);

    /// <summary>As <see cref="Load"/>, from text; <paramref name="folder"/> is what relative paths start from.</summary>
    public static Recipe Parse(string yaml, string folder, params IEnumerable<string> settings) => RecipeFile.Parse(yaml, "recipe", folder, settings);

    /// <summary>The recipe with every default written out, as YAML that loads back equal.</summary>
    /// <param name="comment">Lines to stand at the top, without the leading #.</param>
    public string ToYaml(string? comment = null) => RecipeWriter.Yaml(this, comment);

    /// <summary>The recipe with its paths made full, relative ones starting from a folder. A model's folder that is not there and reads as a name on the hub becomes one.</summary>
    public Recipe RelativeTo(string folder)
    {
        folder = System.IO.Path.GetFullPath(folder);
        string? Full(string? path) => path is null ? null : System.IO.Path.GetFullPath(path, folder);
        return this with
        {
            Folder = folder,
            Data = Data with { Train = Full(Data.Train)!, Test = Full(Data.Test), Sample = Full(Data.Sample), Unlabelled = Data.Unlabelled?.RelativeTo(folder) },
            Distill = Distill?.RelativeTo(folder),
            Pretrain = Pretrain?.RelativeTo(folder),
            Adapt = Adapt?.RelativeTo(folder),
            Submission = Submission is null ? null : Submission with { Sample = Full(Submission.Sample) },
            Members = [.. Members.Select(member => member with
            {
                Model = member.Model.RelativeTo(folder),
            })],
        };
    }

    /// <summary>Every fault of the recipe with its key path; none when it can be run. Files are not looked at.</summary>
    public IReadOnlyList<ConfigFault> Validate()
    {
        List<ConfigFault> faults = [.. ConfigFault.OfRanges(this), .. Under("data", Data.Validate()), .. Under("train", Train.Validate()), .. Under("test-time", TestTime.Validate(Train.MaxLength)), .. Under("distill", Distill?.Validate() ?? []), .. Under("report", ConfigFault.OfRanges(Report))];
        if (Limit is { Time.Ticks: 0 }) faults.Add(new("limit", "got 0, in which nothing can be trained; raise it, or take it out for no limit"));
        if (Members.Count == 0) faults.Add(new("members", "got an empty list, expected at least one member"));
        for (var i = 0; i < Members.Count; i++)
            faults.AddRange(Under($"members.{i}", Members[i].Validate(Train, TestTime)));
        var names = Members.Select((member, i) => (member.Name, Index: i)).GroupBy(member => member.Name, StringComparer.OrdinalIgnoreCase);
        foreach (var twice in names.Where(group => group.Count() > 1))
            faults.Add(new($"members.{twice.Last().Index}.name",
                $"got '{twice.Key}' again, expected a name that no other member has (upper and lower case are the same)"));
        faults.AddRange(Task switch
        {
            RecipeTask.LanguageModel => ValidateLanguage(),
            RecipeTask.TextClassification => Data.ValidateClasses().Concat(ValidateLosses()),
            RecipeTask.ImageClassification => Data.ValidateClasses().Concat(ValidateLosses()).Concat(ValidatePictures()),
            RecipeTask.ImageMultiTarget => Data.ValidateTargets(Task).Concat(ValidateAnswers()).Concat(ValidatePictures()),
            RecipeTask.Ulmfit => Data.ValidateClasses().Concat(ValidateLosses()).Concat(ValidateSteps()),
            _ => Data.ValidateTargets(Task).Concat(ValidateAnswers()),
        });
        faults.AddRange(ValidateNoPictures());
        if (Task is not (RecipeTask.LanguageModel or RecipeTask.Ulmfit) && Members.Select(member => member.Effective(Train)).Prepend(Train).Any(train => train.MaskShare is not null || train.WholeWords is not null))
            faults.Add(new("train", "has mask-share or whole-words, which belong to task language-model"));
        faults.AddRange(Under("blend", Blend.Validate(Members.Any(member => member.Seeds.Count > 1))));
        foreach (var (key, given) in new[] { ("data.unlabelled", Data.Unlabelled is not null), ("distill", Distill is not null) })
            if (given && Task is not (RecipeTask.TextClassification or RecipeTask.Ulmfit)) faults.Add(new(key, $"is for task text-classification, not {RecipeJson.Name(Task)}; take it out"));
        faults.AddRange(ValidateTestTime());
        foreach (var (key, given) in new[] { ("pretrain", Pretrain is not null), ("adapt", Adapt is not null) })
            if (given && Task != RecipeTask.Ulmfit) faults.Add(new(key, $"is a step of task ulmfit, not of {RecipeJson.Name(Task)}; write task: ulmfit, or take it out"));
        if (Distill is not null && Data.Unlabelled is not null) faults.Add(new("data.unlabelled", "is given together with distill; rows without labels are distill.unlabelled then"));
        if (Submission is not null) faults.AddRange(Under("submission", Submission.Validate()));
        if (Submission is not null && Data.Test is null) faults.Add(new("submission", "needs data.test, the rows to predict"));
        if (Submission?.Sample is not null && Data.Sample is not null)
            faults.Add(new("submission.sample", "is also given as data.sample; keep one of them"));
        if (Data.Labels is { } labels)
            foreach (var label in Train.ClassWeights.Weights.Keys.Where(label => !labels.Contains(label)).Order(StringComparer.Ordinal))
                faults.Add(new($"train.class-weights.{label}", $"is not one of data.labels{RecipeBinder.DidYouMean(label, labels)}"));
        return faults;
    }

    /// <summary>What pictures do not have, and what they need.</summary>
    IEnumerable<ConfigFault> ValidatePictures()
    {
        foreach (var fault in Data.ValidatePictures()) yield return fault;
        foreach (var fault in Under("pictures", Pictures?.Validate() ?? [])) yield return fault;
        if (Blend.Soups != RecipeSoups.None) yield return new("blend.soups", "are for models of texts so far; take it out");
        for (var i = 0; i < Members.Count; i++)
        {
            if (Members[i].Model is { Network: null, Folder: null }) yield return new($"members.{i}.model", "names no network of pictures; expected network, such as small-cnn or resnet18, or the folder of one");
            if (Members[i].Model.Vocabulary is not null) yield return new($"members.{i}.model.vocabulary", "belongs to models of texts");
            foreach (var fault in Under($"members.{i}.pictures", Members[i].Pictures?.Validate() ?? [])) yield return fault;
        }
    }

    /// <summary>Views that rows of the task do not have.</summary>
    IEnumerable<ConfigFault> ValidateTestTime()
    {
        for (var i = 0; i < Members.Count; i++)
        {
            var (key, seen) = (Members[i].TestTime is null ? "test-time" : $"members.{i}.test-time", TestTimeOf(Members[i]));
            if (!seen.Any) continue;
            if (Task is not (RecipeTask.TextClassification or RecipeTask.Ulmfit or RecipeTask.ImageClassification or RecipeTask.ImageMultiTarget)) yield return new(key, $"is for tasks text-classification, image-classification and image-multi-target, not {RecipeJson.Name(Task)}; take it out");
            else if (seen.OfPictures != SeesPictures) yield return new($"{key}.views", $"got {RecipeJson.Name(seen.Views)}, expected {(seen.OfPictures ? "windows or head-tail, which texts have" : "flip, dihedral, crops or augment, which pictures have")}");
            else if (seen.Views == TestTimeViews.Augment && PicturesOf(Members[i]).Augment == new AugmentConfig()) yield return new($"{key}.views", "is augment, but pictures.augment asks for no random changes; ask for some, or take flip");
            else continue;
            if (Members[i].TestTime is null) yield break;     // one fault of the common key
        }
    }

    /// <summary>What belongs to pictures alone.</summary>
    IEnumerable<ConfigFault> ValidateNoPictures()
    {
        if (SeesPictures) yield break;
        foreach (var (key, given) in new[] { ("data.picture", Data.Picture is not null), ("data.errors", Data.Errors is not null), ("data.max-pixels", Data.MaxPixels is not null), ("pictures", Pictures is not null) })
            if (given) yield return new(key, "belongs to task image-classification; add the task, or take it out");
        for (var i = 0; i < Members.Count; i++)
            foreach (var (key, given) in new[] { ("model.network", Members[i].Model.Network is not null), ("pictures", Members[i].Pictures is not null) })
                if (given) yield return new($"members.{i}.{key}", "belongs to task image-classification; add the task, or take it out");
    }

    /// <summary>What a member's pictures become.</summary>
    internal PicturesConfig PicturesOf(MemberConfig member) => member.Pictures ?? Pictures ?? new();

    /// <summary>What only a single class per row has.</summary>
    IEnumerable<ConfigFault> ValidateAnswers()
    {
        if (!Blend.Equals(new BlendConfig { Method = Blend.Method }) || Blend.Method is not (BlendChoice.Mean or BlendChoice.Geometric))
            yield return new("blend", $"learns from one class per row; with task {RecipeJson.Name(Task)} expected mean or geometric alone");
        foreach (var (key, train) in Members.Select((member, i) => ($"members.{i}.train", member.Effective(Train))).Prepend(("train", Train)))
        {
            var (several, classes) = (TargetConfig.IsMultiTarget(Task), TargetConfig.IsMultiTarget(Task) && Data.Targets?.Any(target => target.KindIn(Task) == TargetKind.Class) == true);
            if ((train.LabelSmoothing != 0 && !classes) || !train.ClassWeights.Equals(ClassWeights.None)) yield return new(key, $"has label-smoothing or class-weights, which belong to task {RecipeJson.Name(RecipeTask.TextClassification)}");
            if (train.Loss is { } loss && (several ? "is of one target; name it at the target, as data.targets.N.loss" : Task == RecipeTask.MultiLabel ? loss.FaultOfLabels : "belongs to classes and labels; numbers have the squared error") is { } wrong) yield return new($"{key}.loss", wrong);
            if (train.Balance is { Kind: not BalanceKind.Weights } && (!several || Data.Targets is { Count: < 2 })) yield return new($"{key}.balance", "belongs to task multi-target with two targets or more; take it out");
            if (Task == RecipeTask.TextRegression && train.BestBy is not (BestBy.Loss or BestBy.Last)) yield return new($"{key}.best-by", $"got {RecipeJson.Name(train.BestBy)}, expected loss or last: numbers have no classes to be right or wrong about");
        }
    }

    /// <summary>Losses that are not for one class per row.</summary>
    IEnumerable<ConfigFault> ValidateLosses()
    {
        foreach (var (key, train) in Members.Select((member, i) => ($"members.{i}.train", member.Effective(Train))).Prepend(("train", Train)))
        {
            if (train.Loss?.FaultOfClasses is { } wrong) yield return new($"{key}.loss", wrong);
            if (train.Loss is { Kind: not LossKind.CrossEntropy } && (Distill is not null || Data.Unlabelled is not null)) yield return new($"{key}.loss", $"got {RecipeJson.Name(train.Loss.Kind)}, expected cross-entropy: what a teacher says are probabilities");
            if (train.Balance is not null) yield return new($"{key}.balance", "belongs to task multi-target; take it out");
        }
    }

    IEnumerable<ConfigFault> ValidateSteps()
    {
        if (Pretrain is { File: null }) yield return new("pretrain.file", "is required: the corpus to learn the language from");
        foreach (var fault in Under("pretrain", Pretrain?.Validate(Train) ?? [])) yield return fault;
        foreach (var fault in Under("adapt", Adapt?.Validate(Train) ?? [])) yield return fault;
        if (Data.Pair is not null) yield return new("data.pair", "has no meaning with task ulmfit, whose language model reads one text");
        if (Data.Unlabelled is not null || Distill is not null) yield return new("task", "is ulmfit, which has no teachers; texts without labels are adapt.file");
    }

    IEnumerable<ConfigFault> ValidateLanguage()
    {
        foreach (var (key, given) in new[] { ("data.label", Data.Label is not null), ("data.labels", Data.Labels is not null), ("data.test", Data.Test is not null), ("data.folds", Data.Folds is not null), ("data.pair", Data.Pair is not null), ("submission", Submission is not null) })
            if (given) yield return new(key, "has no meaning with task language-model, which learns from the texts of data.train alone; take it out");
        if (Train.LabelSmoothing != 0 || !Train.ClassWeights.Equals(ClassWeights.None)) yield return new("train", "has label-smoothing or class-weights, which belong to classes");
        if (Train.Loss is not null || Train.Balance is not null) yield return new("train", "has loss or balance, which belong to classes, labels and targets");
        if (Train.BestBy == BestBy.MacroF1) yield return new("train.best-by", "got macro-f1, expected loss, accuracy (of tokens) or last");
        for (var i = 0; i < Members.Count; i++)
            if (Members[i].Model is { Pooling: not null } or { MultiSampleDropout: not null }) yield return new($"members.{i}.model", "names pooling or multi-sample-dropout, which belong to a classifier; name them when it is fine-tuned");
    }

    /// <summary>What a member's rows are predicted as.</summary>
    internal TestTimeConfig TestTimeOf(MemberConfig member) => member.TestTime ?? TestTime;

    /// <summary>Throws what <see cref="Validate"/> finds.</summary>
    /// <exception cref="ConfigException">Names up to five faults.</exception>
    public void Check() => RecipeFile.Throw("recipe", Validate());

    /// <summary>
    /// A hash over everything that decides what a member learns: task, data settings without the test rows and sample, the member's
    /// effective training settings and its model. A finished cell (one seed, one fold) with the same fingerprint need not be trained
    /// again. What does not change the result (device, memory, checkpoint, micro-tokens, the
    /// member's name, the blend) is left out.
    /// </summary>
    /// <param name="member">One of <see cref="Members"/>.</param>
    /// <param name="dataHash">A hash of the training file's contents; given, it stands for its path, so that a moved file is the same file.</param>
    /// <param name="modelHash">The same for the model's folder.</param>
    public string Fingerprint(MemberConfig member, string? dataHash = null, string? modelHash = null)
        => RecipeJson.Hash(FingerprintNode(member, dataHash, modelHash));

    /// <summary>What <see cref="Fingerprint"/> hashes, so that a change can be named: see <see cref="SettingsDifference"/>.</summary>
    internal JsonObject FingerprintNode(MemberConfig member, string? dataHash = null, string? modelHash = null)
        => RecipeJson.Node(new
        {
            Task,
            Data = Data with { Train = dataHash ?? Data.Train, Test = null, Sample = null, Unlabelled = Teachers.Identified(Data.Unlabelled, Data.Test, dataHash) },
            Seed = Data.Folds is null ? Seed : 0,
            Train = member.Effective(Train) with { MicroTokens = 1 },
            Pictures = SeesPictures ? PicturesOf(member) : null,
            Model = modelHash is null ? member.Model : member.Model with { Folder = modelHash, Hub = null },
            Distill = Teachers.Identified(Distill, Data.Test, dataHash),
        });

    /// <summary>The fingerprint without the contents of data and model: what a run folder's recipe alone can tell.</summary>
    internal string Settings(MemberConfig member) => Fingerprint(member, "", "");

    public bool Equals(Recipe? other) => RecipeJson.Same(this, other);
    public override int GetHashCode() => RecipeJson.Text(this).GetHashCode(StringComparison.Ordinal);

    static IEnumerable<ConfigFault> Under(string key, IEnumerable<ConfigFault> faults) => faults.Select(fault => fault with { Path = $"{key}.{fault.Path}" });
}

/// <summary>What to write for the test rows.</summary>
[ShortForm("file")]
public sealed record SubmissionConfig
{
    [Description("Name of the file in the run's folder.")]
    public string File { get; init; } = "submission.csv";

    [Description("A sample submission, whose columns and order of rows are followed (as data.sample).")]
    public string? Sample { get; init; }

    public static implicit operator SubmissionConfig(string file) => new() { File = file };

    static readonly string[] Taken = [.. typeof(RunFolder).GetProperties().Where(property => property.Name is not (nameof(RunFolder.Root) or nameof(RunFolder.Submission)))
        .Select(property => System.IO.Path.GetFileName((string)property.GetValue(new RunFolder("run"))!))];

    internal IEnumerable<ConfigFault> Validate()
    {
        if (File is "" or "." or ".." || File.AsSpan().IndexOfAny('/', '\\', ':') >= 0)
            yield return new("file", $"got '{File}', expected a plain file name; it is written in the run's folder");
        else if (Taken.Contains(File, StringComparer.OrdinalIgnoreCase))
            yield return new("file", $"got '{File}', which is a run's own file; expected another name, such as submission.csv");
    }
}
