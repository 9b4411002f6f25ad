using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Evaluation;
using Tutti.Predictions;
using Tutti.Runs;
using Tutti.Tables;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>What a model or several cost where they are used.</summary>
/// <param name="Models">Networks that compute a row.</param>
/// <param name="Bytes">Their weights on the disk.</param>
/// <param name="RowsPerSecond">All of them loaded, on the same rows in one process.</param>
public sealed record UseCost(int Models, long Bytes, double RowsPerSecond);

/// <summary>What a student lost and gained beside its teacher; differences are student less teacher, on the same out-of-fold rows.</summary>
/// <param name="Teacher">The teacher's out-of-fold blend.</param>
/// <param name="Student">The student's out-of-fold predictions.</param>
/// <param name="Rows">Timed rows.</param>
/// <param name="OneCell">A single model of the student, as <c>tutti export</c> gives it.</param>
public sealed record DistillReport(EvaluationSummary Teacher, EvaluationSummary Student, PairedResult Accuracy, PairedResult LogLoss, int Rows, UseCost TeacherCost, UseCost StudentCost, UseCost OneCell)
{
    public void Write(string path) => AtomicFile.Write(path, ToJson().ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");

    public JsonObject ToJson() => new()
    {
        ["rows"] = Student.Rows,
        ["accuracy"] = Difference("accuracy", Accuracy),
        ["logLoss"] = Difference("log-loss", LogLoss),
        ["timedRows"] = Rows,
        ["teacher"] = Cost(TeacherCost),
        ["student"] = Cost(StudentCost),
        ["oneCell"] = Cost(OneCell),
    };

    JsonObject Difference(string name, PairedResult result) => new()
    {
        ["teacher"] = Teacher.Scores.First(score => score.Name == name).Score.Value,
        ["student"] = Student.Scores.First(score => score.Name == name).Score.Value,
        ["difference"] = result.Difference.Value,
        ["low"] = result.Difference.Low,
        ["high"] = result.Difference.High,
        ["p"] = result.P,
    };

    static JsonObject Cost(UseCost cost) => new() { ["models"] = cost.Models, ["bytes"] = cost.Bytes, ["rowsPerSecond"] = cost.RowsPerSecond };
}

/// <summary>One small member in place of a whole blend: the recipe that trains it, and what it lost and gained.</summary>
public static class Distillation
{
    /// <summary>Rows that are timed, and how often: the fastest counts, since the machine's other work only slows.</summary>
    const int TimedRows = 256, Repeats = 3;

    const double Smallest = 1e-15;

    /// <summary>The recipe of a student: data, folds and training settings of the teacher, one member and one seed.</summary>
    /// <param name="teacher">The recipe of the teacher's run folder.</param>
    /// <param name="run">That folder.</param>
    /// <param name="student">The member; null for the teacher's with the fewest bytes of weights, whose settings are known to work on these data.</param>
    /// <param name="train">Training settings; null for the teacher's.</param>
    /// <param name="settings">How it learns; its run is <paramref name="run"/>.</param>
    public static Recipe RecipeOf(Recipe teacher, string run, MemberConfig? student = null, TrainConfig? train = null, DistillConfig? settings = null)
    {
        student ??= SmallestOf(run);
        return new()
        {
            Data = teacher.Data with { Unlabelled = null },
            Train = train ?? teacher.Train,
            Device = teacher.Device,
            Memory = teacher.Memory,
            Checkpoint = teacher.Checkpoint,
            Members = [student with { Name = student.Name ?? student.Model.Name, Seeds = [student.Seeds[0]] }],
            Submission = teacher.Submission,
            Seed = teacher.Seed,
            Folder = teacher.Folder,
            Distill = (settings ?? new() { Run = run }) with { Run = Path.GetFullPath(run) },
        };

        MemberConfig SmallestOf(string folder) => teacher.Members[TrainedRun.Open(folder).Members.Index().MinBy(member => Size(member.Item[0])).Index] with { TestTime = null };
    }

    /// <summary>Measures a finished student beside its teacher and writes <c>distill.json</c> into its folder.</summary>
    public static DistillReport Report(string teacher, string student, CancellationToken cancel = default)
    {
        var truth = PredictionFile.Read(new RunFolder(student).OutOfFold);
        var other = PredictionFile.Read(new RunFolder(teacher).OutOfFold);
        // The student's order of rows and classes.
        var blend = PredictionSet.Join([new(other.Ids, truth.Classes, Teachers.InOrder(other.Probabilities, other.Classes, truth.Classes), truth.Labels is null ? null : Labels(truth, other.Ids))], truth.Ids);
        var (costs, rows) = Costs(teacher, student, cancel);
        var report = new DistillReport(EvaluationSummary.Of(blend), EvaluationSummary.Of(truth), PairedTest.Bootstrap(Right(truth), Right(blend)), PairedTest.Bootstrap(Losses(truth), Losses(blend)), rows, costs[0], costs[1], costs[2]);
        report.Write(new RunFolder(student).Distilled);
        return report;
    }

    static int[] Labels(PredictionSet set, IReadOnlyList<string> ids)
    {
        var rowOf = set.Ids.Index().ToDictionary(pair => pair.Item, pair => pair.Index, StringComparer.Ordinal);
        return [.. ids.Select(id => rowOf.TryGetValue(id, out var row) ? set.Labels![row] : -1)];
    }

    /// <summary>Teacher, student and one of its cells, by turns on the same rows.</summary>
    static (UseCost[] Costs, int Rows) Costs(string teacher, string student, CancellationToken cancel)
    {
        var (taught, run) = (TrainedRun.Open(teacher), TrainedRun.Open(student));
        var table = Table.Stream(run.Data.Train, run.Data.Format.ToTableFormat(), TimedRows).First();
        string[] Texts(TextTemplate template) => [.. Enumerable.Range(0, table.Count).Select(row => template.Render(table, row))];
        using TextClassifier all = TextClassifier.Load(teacher), small = TextClassifier.Load(student);
        using var single = run.LoadOne(run.Members[0][0]);
        (string[] Texts, string[]? Pairs) theirs = (Texts(taught.Text), taught.Pair is null ? null : Texts(taught.Pair)), own = (Texts(run.Text), run.Pair is null ? null : Texts(run.Pair));
        Action[] ways = [() => all.Probabilities(theirs.Texts, theirs.Pairs), () => small.Probabilities(own.Texts, own.Pairs), () => single.Probabilities(own.Texts, own.Pairs)];
        double[] best = [.. ways.Select(_ => double.PositiveInfinity)];
        for (var repeat = 0; repeat < Repeats; repeat++)
            for (var way = 0; way < ways.Length; way++)
            {
                cancel.ThrowIfCancellationRequested();
                var clock = Stopwatch.GetTimestamp();
                ways[way]();
                best[way] = Math.Min(best[way], Stopwatch.GetElapsedTime(clock).TotalSeconds);
            }
        UseCost Cost(IEnumerable<CellFolder> cells, double seconds) => new(cells.Count(), cells.Sum(Size), table.Count / seconds);
        return ([Cost(taught.Members.SelectMany(cells => cells), best[0]), Cost(run.Members[0], best[1]), Cost([run.Members[0][0]], best[2])], table.Count);
    }

    /// <summary>Bytes of a cell's best weights.</summary>
    static long Size(CellFolder cell) => new FileInfo(Path.Combine(cell.Checkpoint, "model.safetensors")).Length;

    static double[] Right(PredictionSet set) => [.. Labelled(set).Select(row => set.Predicted(row) == set.Labels![row] ? 1.0 : 0)];

    static double[] Losses(PredictionSet set) => [.. Labelled(set).Select(row => -Math.Log(Math.Max(set.Row(row)[set.Labels![row]], Smallest)))];

    static IEnumerable<int> Labelled(PredictionSet set) => Enumerable.Range(0, set.Count).Where(row => set.Labels![row] >= 0);
}
