using Tutti.Recipes;
using Tutti.Runs;
using Tutti.Tables;
using Tutti.Tests.App;
using Tutti.Torch;

namespace Tutti.Tests.Recipes;

/// <summary>
/// Runs share the engine's memory counters and limit with the process, and need its cores: these tests run alone, after the others.
/// They share one finished run, and one that was cut short, which they copy when they change it.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class RunCollection : ICollectionFixture<TinyRun>, ICollectionFixture<CutRun>
{
    public const string Name = "runs";
}

/// <summary>A recipe that trains in about a second (members x seeds x folds = (2 + 1) x 2 = 6 cells) on rows of samples/disaster, and its finished run.</summary>
public sealed class TinyRun : IDisposable
{
    public const int TrainRows = 96, TestRows = 30, Cells = 6;

    internal static readonly (string Name, int[] Seeds)[] Members = [("deep", [1, 2]), ("small", [1])];

    readonly TempFolder temp = Shared.Temp();
    readonly Lazy<RunResult> result;

    static TinyRun() => OtherDevice.Other.Load();

    public TinyRun()
    {
        Write(temp);
        result = new(() => Train(Recipe.Load(temp.File("recipe.yaml")), temp.File("run")));
    }

    /// <summary>The folder of the finished run. Only to be read.</summary>
    public string Folder => Result.Files.Root;

    public RunResult Result => result.Value;

    /// <summary>A file beside the finished run's recipe: train.csv, test.csv, sample.csv, recipe.yaml.</summary>
    public string Input(string name) => temp.File(name);

    public Recipe Recipe => Recipe.Load(Input("recipe.yaml"));

    public void Dispose() => temp.Dispose();

    /// <summary>Writes recipe.yaml with its data.</summary>
    internal static void Write(TempFolder to)
    {
        Rows("train.csv", to.File("train.csv"), 0, TrainRows);
        Rows("test.csv", to.File("test.csv"), 0, TestRows);
        // The sample asks for the ids in another order than the test rows have.
        var ids = Table.Read(to.File("test.csv")).Ids("id").OrderBy(id => id[^1]).ThenBy(id => id, StringComparer.Ordinal);
        TableWriter.Write(to.File("sample.csv"), ["id", "target"], writer =>
        {
            foreach (var id in ids) writer.Row(id, "0");
        });
        to.Write("recipe.yaml", """
            data:
              train: train.csv
              test: test.csv
              text: "{keyword} | {location} | {text}"
              label: target
              id: id
              folds: { count: 2, seed: 7 }
              sample: sample.csv
            train: { batch: 16, epochs: 2, learning-rate: 1e-3, max-length: 40 }
            members:
              - { model: { kind: bert, layers: 3, hidden: 32, heads: 2, vocabulary: 300 }, name: deep, seeds: [1, 2] }
              - { model: { kind: bert, layers: 1, hidden: 16, heads: 2, vocabulary: 200 }, name: small }
            submission: submission.csv
            """);
    }

    /// <summary>Rows of the shipped sample, as a csv file.</summary>
    internal static void Rows(string sample, string to, int from, int count)
    {
        var table = Table.Read(Path.Combine(Shared.Root, "samples", "disaster", sample));
        TableWriter.Write(to, table.Columns, writer =>
        {
            for (var row = from; row < from + count; row++) writer.Row([.. table.Columns.Select(column => table[row, column])]);
        });
    }

    /// <summary>A recipe of one member that trains two cells.</summary>
    internal static Recipe Single(Recipe recipe) => recipe with { Members = [recipe.Members[1]] };

    /// <summary>Trains on one thread, so that the machine's other work does not slow it down by orders of magnitude.</summary>
    internal static RunResult Train(Recipe recipe, string folder, IProgress<RunNews>? news = null)
    {
        using var thread = new OneThread();
        return new Run(recipe, folder).Train(news, TestContext.Current.CancellationToken);
    }

    /// <summary>Predicts a file with a finished run.</summary>
    internal static long Predict(string folder, string data, string output)
    {
        using var thread = new OneThread();
        return TrainedRun.Open(folder).Predict(data, output, TestContext.Current.CancellationToken);
    }

    /// <summary>A copy of the finished run in a folder of the test's own.</summary>
    internal string Copy(TempFolder to)
    {
        foreach (var file in Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to.Path, "run", Path.GetRelativePath(Folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
        return Path.Combine(to.Path, "run");
    }

    /// <summary>The cells of the finished recipe in some run folder.</summary>
    internal static CellFolder[] CellsOf(string folder) =>
        [.. from member in Members from seed in member.Seeds from fold in Enumerable.Range(0, 2) select new RunFolder(folder).Cell(member.Name, seed, fold)];
}

/// <summary>One thread for kernels until disposed.</summary>
sealed class OneThread : IDisposable
{
    readonly int before = Engine.Threads;

    public OneThread() => Engine.Threads = 1;

    public void Dispose() => Engine.Threads = before;
}

/// <summary>Keeps the news of a run.</summary>
sealed class KeptNews : IProgress<RunNews>
{
    public List<RunNews> All { get; } = [];

    public void Report(RunNews value) => All.Add(value);

    public string[] Trained => [.. All.OfType<CellDoneNews>().Select(news => news.Cell)];
    public string[] Skipped => [.. All.OfType<SkippedNews>().Select(news => news.Cell)];
    public string[] Notes => [.. All.OfType<NoteNews>().Select(news => news.Text)];
}
