using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Tutti.Recipes;
using Tutti.Runs;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.App.Commands;

static class DistillCommand
{
    static readonly Option<string> run = new("--run") { Description = "The folder of a finished run: the teacher, trained with folds.", HelpName = "DIR", Required = true };
    static readonly Option<string?> output = new("--out") { Description = "The run folder of the student; default: the teacher's with -student.", HelpName = "DIR" };
    static readonly Option<string?> model = new("--model") { Description = "The student: a member of the teacher by its name, a model's folder or name on the hub, or a mapping as in recipes; left out: the teacher's smallest member.", HelpName = "MODEL" };
    static readonly Option<string?> recipe = new("--recipe") { Description = "A recipe whose one member and train are the student's; the data stay the teacher's.", HelpName = "FILE" };
    static readonly Option<string[]> set = new("--set") { Description = "Change a key of the student's recipe, such as train.epochs=4; may be repeated.", HelpName = "k=v" };
    static readonly Option<string?> alpha = new("--alpha") { Description = "The labels' part of the loss, from 0 to 1; the rest is the teacher's. 0.5 unless said.", HelpName = "NUMBER" };
    static readonly Option<string?> temperature = new("--temperature") { Description = "Above 1 the teacher's lesser probabilities tell more. 2 unless said.", HelpName = "NUMBER" };
    static readonly Option<string?> unlabelled = new("--unlabelled") { Description = "Rows without labels that the teacher predicts and the student learns too.", HelpName = "FILE" };
    static readonly Option<bool> json = new("--json") { Description = "Print JSON." };

    public static Command Make()
    {
        var command = new Command("distill", "Train one small model on what a finished run says of every row; report what was lost, and what was gained in speed and size.") { run, output, model, recipe, set, alpha, temperature, unlabelled, json };
        command.SetAction(parsed => Session.Guard(parsed, () => Distill(parsed)));
        return command;
    }

    static int Distill(ParseResult parsed)
    {
        var teacher = Path.TrimEndingDirectorySeparator(parsed.GetRequiredValue(run));
        var files = new RunFolder(teacher);
        _ = TrainedRun.Open(teacher);
        var folder = parsed.GetValue(output) ?? teacher + "-student";
        if (Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)) == Path.GetFullPath(teacher)) throw new ConfigException("--out", "is the teacher's own folder; name another one");
        var settings = new DistillConfig { Run = teacher };
        settings = settings with { Alpha = Number(parsed, alpha, settings.Alpha), Temperature = Number(parsed, temperature, settings.Temperature), Unlabelled = parsed.GetValue(unlabelled) is { } file ? Path.GetFullPath(file) : null };
        var of = Recipe.Load(files.Recipe);
        if (of.Data.Unlabelled is not null) Show.Warning("the teacher learnt rows without labels of its own (data.unlabelled); the student does not, unless --unlabelled names them");
        var (member, train) = Student(of, parsed.GetValue(model), parsed.GetValue(recipe));
        var student = Distillation.RecipeOf(of, teacher, member, train, settings);
        // Through YAML once more: changes are read and checked as those of any recipe.
        student = Recipe.Parse(student.ToYaml(), student.Folder ?? ".", parsed.GetValue(set) ?? []);
        if (student.Members is not [{ Seeds.Count: 1 }]) throw new ConfigException("--set", "a student is one member with one seed");
        var result = Watch.Run(news => new Run(student, folder).Train(news, Session.Cancel));
        var report = Distillation.Report(teacher, folder, Session.Cancel);
        if (parsed.GetValue(json)) Show.Line(report.ToJson().ToJsonString(new() { WriteIndented = true }));
        else Print(report, teacher, result);
        return 0;
    }

    static (MemberConfig? Member, TrainConfig? Train) Student(Recipe teacher, string? model, string? file)
    {
        if (model is not null && file is not null) throw new ConfigException("--recipe", "is given together with --model; keep one of them");
        if (file is not null)
        {
            var own = Recipe.Load(file);
            return own.Members is [{ Seeds.Count: 1 } only] ? (only, own.Train) : throw new ConfigException("--recipe", $"{file} has {own.Members.Count} members; a student is one member with one seed");
        }
        if (model is null) return (null, null);
        if (teacher.Members.FirstOrDefault(member => member.Name == model) is { } known) return (known, null);
        // A folder, a name on the hub or a mapping, read as in any recipe.
        const string least = "data: { train: t, text: \"{t}\", label: l }\nmembers: [ { model: m } ]";
        return (Recipe.Parse(least, Directory.GetCurrentDirectory(), $"members.0.model={model}").Members[0] with { Name = null }, null);
    }

    static double Number(ParseResult parsed, Option<string?> option, double otherwise) => parsed.GetValue(option) is not { } text ? otherwise
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? value
        : throw new ConfigException(option.Name, $"got '{text}', expected a number");

    static void Print(DistillReport report, string teacher, RunResult result)
    {
        var scores = Show.Table("", "accuracy", "log-loss");
        string Of(Evaluation.EvaluationSummary summary, string name) => Interval(summary.Scores.First(score => score.Name == name).Score);
        scores.AddRow(Show.Cells("teacher", Of(report.Teacher, "accuracy"), Of(report.Teacher, "log-loss")));
        scores.AddRow(Show.Cells("student", Of(report.Student, "accuracy"), Of(report.Student, "log-loss")));
        scores.AddRow(Show.Cells("student less teacher", Interval(report.Accuracy.Difference), Interval(report.LogLoss.Difference)));
        Show.Line(FormattableString.Invariant($"{report.Student.Rows} rows, each predicted by models that did not see it; 95 % intervals, the difference paired by rows"));
        Show.Out.Write(scores);
        var costs = Show.Table("", "models", "size", "rows/s", "faster", "smaller");
        foreach (var (name, cost) in new[] { ("teacher", report.TeacherCost), ("student", report.StudentCost), ("one model of it", report.OneCell) })
            costs.AddRow(Show.Cells(name, cost.Models.ToString(CultureInfo.InvariantCulture), MemoryStats.Text(cost.Bytes), cost.RowsPerSecond.ToString("0", CultureInfo.InvariantCulture),
                Times(cost.RowsPerSecond / report.TeacherCost.RowsPerSecond), Times((double)report.TeacherCost.Bytes / cost.Bytes)));
        Show.Line(FormattableString.Invariant($"{report.Rows} rows computed by turns in this process, models loaded"));
        Show.Out.Write(costs);
        Show.Line("The teacher's probabilities of a row come from models that saw other rows' labels, those of the student's held-out fold among them: the student's score is a little flattered.");
        Show.Line($"student: {result.Files.Root}, taught by {teacher}");
    }

    static string Interval(Evaluation.Score score) => FormattableString.Invariant($"{score.Value:0.000} ({score.Low:0.000} to {score.High:0.000})");
    static string Times(double ratio) => FormattableString.Invariant($"{ratio:0.0} x");
}
