using Tutti.Distributed;
using Tutti.Hub;
using Tutti.Runs;
using Tutti.Tables;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>
/// The story of a run of task ulmfit (Howard and Ruder 2018): every member's language model learns a corpus (where one is named), then the texts of this task, labelled or not, and
/// a classifier begins with its weights. Each step is a run of its own, with a recipe and a folder that can be used alone: <c>pretrain</c> and <c>adapt</c> below the run's
/// folder, which itself is that of the classifiers. Repeating a run trains only what is missing or changed.
/// </summary>
/// <param name="recipe">What to do.</param>
/// <param name="folder">The run folder.</param>
/// <param name="device">Where to train; null: where the recipe says.</param>
public sealed class UlmfitRun(Recipe recipe, string folder, Device? device = null)
{
    /// <summary>The names of the steps.</summary>
    public const string Pretrain = "pretrain", Adapt = "adapt", Classify = "classify";

    readonly RunFolder files = new(folder);

    /// <inheritdoc cref="Run.Hub"/>
    public HubSettings? Hub { get; init; }

    /// <inheritdoc cref="Run.Ranks"/>
    public Ranks? Ranks { get; init; }

    /// <summary>How the cells of a step are trained, by the file of its recipe and its folder; null: in this process.</summary>
    public Func<string, string, GridOptions>? Grid { get; init; }

    /// <summary>What the language models of the last <see cref="Train"/> came to, step by step.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<LanguageRow>> Steps => steps;

    readonly Dictionary<string, IReadOnlyList<LanguageRow>> steps = [];

    /// <summary>Trains what is missing of every step, then blends, evaluates and writes the results. Errors as <see cref="Run.Train"/>.</summary>
    public RunResult Train(IProgress<RunNews>? news = null, CancellationToken cancel = default)
    {
        recipe.Check();
        if (recipe.Task != RecipeTask.Ulmfit) throw new ConfigException("task", $"is {RecipeJson.Name(recipe.Task)}, expected {RecipeJson.Name(RecipeTask.Ulmfit)}");
        _ = RunData.Open(Classifiers(recipe.Members));        // what is wrong with the rows is said before hours of language models
        var fresh = !Directory.Exists(files.Root);
        try
        {
            return Story(news, cancel);
        }
        catch (InputException) when (fresh && Directory.Exists(files.Root) && !Directory.EnumerateFiles(files.Root, "metrics.json", SearchOption.AllDirectories).Any())
        {
            Directory.Delete(files.Root, recursive: true);    // nothing was learnt
            throw;
        }
    }

    /// <summary>The recipe of one step as it stands before the run: to look at its schedule, its rates or its memory. Each begins with what the recipe's members name, not with what the step before it learnt.</summary>
    /// <param name="recipe">Of task ulmfit.</param>
    /// <param name="step"><see cref="Pretrain"/>, <see cref="Adapt"/> or <see cref="Classify"/>.</param>
    /// <param name="folder">Where the texts that adapt learns are written; what is returned reads them.</param>
    /// <exception cref="ConfigException">The recipe has no such step.</exception>
    public static Recipe StepOf(Recipe recipe, string step, string folder)
    {
        if (recipe.Task != RecipeTask.Ulmfit) throw new ConfigException("task", $"is {RecipeJson.Name(recipe.Task)}, which has no steps; expected {RecipeJson.Name(RecipeTask.Ulmfit)}");
        var run = new UlmfitRun(recipe, folder);
        return step switch
        {
            Pretrain when recipe.Pretrain is { } pretrain => run.Pretraining(pretrain),
            Pretrain => throw new ConfigException("pretrain", "is not in the recipe: its members begin with weights, or with the texts of this task; look at adapt or classify"),
            Adapt => run.Adapting(run.CorpusOf(null), recipe.Members),
            Classify => run.Classifiers(recipe.Members),
            _ => throw new ConfigException("step", $"got {step}, expected {Pretrain}, {Adapt} or {Classify}"),
        };
    }

    RunResult Story(IProgress<RunNews>? news, CancellationToken cancel)
    {
        var corpus = CorpusOf(news);
        // What one step writes is what the next begins with, in every process.
        if (Ranks is not null && SharedFolder.Blind(Ranks, files) is { } blind) throw new ConfigException("--run", $"got {files.Root}, which {blind} does not see; task ulmfit over several ranks needs a run folder on a file system that all of them share");
        var members = recipe.Members;
        if (recipe.Pretrain is { } pretrain)
            members = Language(Pretrain, Pretraining(pretrain), news, cancel);
        members = Language(Adapt, Adapting(corpus, members), news, cancel);
        AtomicFile.Write(files.Ulmfit, recipe.ToYaml("the whole recipe; recipe.yaml is its last step"));
        var last = Classifiers(members);
        Begin(Classify);
        return new Run(last, folder, device) { Hub = Hub, Grid = Options(Classify, last, folder), Ranks = Ranks }.Train(news, cancel);
    }

    void Begin(string step)
    {
        if (Ranks is not null) CellOrders.Begin(Ranks, step);
    }

    /// <inheritdoc cref="Run.Follow"/>
    public string Follow(CancellationToken cancel = default)
    {
        var ranks = Ranks ?? throw new InvalidOperationException("Ranks says whom to follow");
        recipe.Check();
        var members = recipe.Members;
        var order = CellOrders.Next(ranks);
        while (true)
            switch (order.Word)
            {
                case CellOrders.Mark:
                    SharedFolder.Look(ranks, files, order.Of);
                    order = CellOrders.Next(ranks);
                    break;
                case CellOrders.Step when order.Of == Classify:
                    order = new Run(Classifiers(members), folder, device) { Hub = Hub, Ranks = ranks }.FollowCells(cancel);
                    break;
                case CellOrders.Step:
                    var (step, language) = (order.Of, order.Of == Pretrain ? Pretraining(recipe.Pretrain!) : Adapting(Corpus, members));
                    order = new LanguageRun(language, files.Step(step).Root, device) { Hub = Hub, Ranks = ranks }.FollowCells(cancel);
                    members = After(step);
                    break;
                default: return order.Word;
            }
    }

    Recipe Pretraining(StepConfig step) => LanguageRecipe(step, step.File!, step.Text ?? recipe.Data.Text, step.Format ?? recipe.Data.Format, recipe.Members);

    Recipe Adapting(string corpus, IReadOnlyList<MemberConfig> members) => LanguageRecipe(recipe.Adapt ?? new(), corpus, "{text}", new(), members);

    Recipe Classifiers(IReadOnlyList<MemberConfig> members) => recipe with { Task = RecipeTask.TextClassification, Pretrain = null, Adapt = null, Members = members };

    /// <summary>The texts that the second step learns: those of the training rows, of the test rows and of the step's file.</summary>
    string CorpusOf(IProgress<RunNews>? news)
    {
        var (text, _) = RunData.Templates(recipe.Data);
        List<string> texts = [];
        void Add(string file, TextTemplate template, FormatConfig format)
        {
            var table = Table.Read(file, format.ToTableFormat());
            template.Check(table);
            texts.AddRange(TextData.Texts(table, template));
        }
        Add(recipe.Data.Train, text, recipe.Data.Format);
        if (recipe.Data.Test is { } test) Add(test, text, recipe.Data.Format);
        if (recipe.Adapt?.File is { } file) Add(file, recipe.Adapt.Text is { } own ? TextTemplate.Parse(own, "adapt.text") : text, recipe.Adapt.Format ?? recipe.Data.Format);
        string[] distinct = [.. texts.Where(each => !string.IsNullOrWhiteSpace(each)).Distinct(StringComparer.Ordinal)];
        if (distinct.Length == 0) throw new DataException(recipe.Data.Train, "has no text to adapt a language model to");
        news?.Report(new NoteNews(FormattableString.Invariant($"the language model learns the texts of training{(recipe.Data.Test is null ? "" : " and test")} rows{(recipe.Adapt?.File is null ? "" : " and of adapt.file")}: {distinct.Length} different ones, without their labels")));
        var path = Corpus;
        Directory.CreateDirectory(files.Step(Adapt).Root);
        TableWriter.Write(path, ["text"], table =>
        {
            foreach (var each in distinct) table.Row(each);
        });
        return path;
    }

    /// <summary>Where the texts of the second step are written.</summary>
    string Corpus => Path.Combine(files.Step(Adapt).Root, "texts.csv");

    /// <summary>The run of a step; a member's own settings are its classifier's.</summary>
    Recipe LanguageRecipe(StepConfig step, string file, string text, FormatConfig format, IReadOnlyList<MemberConfig> members)
    {
        return new()
        {
            Task = RecipeTask.LanguageModel,
            Data = new() { Train = file, Text = text, Format = format, Validation = step.Validation },
            Train = step.Effective(recipe.Train),
            Members = [.. members.Select(member => member with { Seeds = [member.Seeds[0]], Train = null, TestTime = null })],
            Device = recipe.Device,
            Memory = recipe.Memory,
            Limit = recipe.Limit,
            Checkpoint = recipe.Checkpoint,
            Seed = recipe.Seed,
            Folder = recipe.Folder,
        };
    }

    /// <summary>Trains a step's language models; the members of the next step, which begin with them.</summary>
    MemberConfig[] Language(string step, Recipe language, IProgress<RunNews>? news, CancellationToken cancel)
    {
        news?.Report(new NoteNews($"step {step}"));
        Begin(step);
        var rows = new LanguageRun(language, files.Step(step).Root, device) { Hub = Hub, Grid = Options(step, language, files.Step(step).Root), Ranks = Ranks }.Train(news, cancel);
        steps[step] = rows;
        return After(step);
    }

    /// <summary>The members of the step behind another one, which begin with what that learnt.</summary>
    MemberConfig[] After(string step) => [.. recipe.Members.Select(member => member with { Model = Begun(member.Model, step, Path.GetFullPath(files.Step(step).Cell(member.Name!, member.Seeds[0], 0).Checkpoint)) })];

    // What belongs to a classifier stays, and behind pretraining the vocabulary, which is learnt anew from the texts of this task; the rest is the folder's.
    static ModelSpec Begun(ModelSpec model, string step, string folder) => new() { Folder = folder, Vocabulary = step == Pretrain && model.Vocabulary is { Kind: null or VocabularyKind.Words } own && model.Kind == EncoderKind.AwdLstm ? own : null, Pooling = model.Pooling, MultiSampleDropout = model.MultiSampleDropout, ReinitializeLayers = model.ReinitializeLayers };

    GridOptions Options(string step, Recipe of, string root)
    {
        if (Grid is null) return new();
        Directory.CreateDirectory(files.Root);
        AtomicFile.Write(files.RecipeOf(step), of.ToYaml($"step {step} of a run of task ulmfit"));
        return Grid(files.RecipeOf(step), root);
    }
}
