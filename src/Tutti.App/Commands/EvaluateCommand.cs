using System.CommandLine;
using System.Text.Json.Nodes;
using Tutti.Evaluation;
using Tutti.Recipes;
using Tutti.Reports;

namespace Tutti.App.Commands;

static class EvaluateCommand
{
    static readonly Option<string> run = new("--run") { Description = "The folder of a finished run.", HelpName = "DIR", Required = true };
    static readonly Option<string> data = new("--data") { Description = "Labelled rows, with the columns of the recipe.", HelpName = "FILE", Required = true };
    static readonly Option<string> metrics = new("--metrics") { Description = "Which scores: usual, or all of them, those of each class, and the reliability table.", HelpName = "usual|all", DefaultValueFactory = _ => "usual" };
    static readonly Option<bool> json = new("--json") { Description = "Print JSON." };

    public static Command Make()
    {
        var command = new Command("evaluate", "Metrics with intervals, confusion matrix and per-class table on labelled rows; warns on rows seen in training.") { run, data, metrics, json };
        command.SetAction(parsed => Session.Guard(parsed, () => Evaluate(parsed.GetRequiredValue(run), parsed.GetRequiredValue(data), Choice(parsed.GetValue(metrics)!), parsed.GetValue(json))));
        return command;
    }

    static MetricChoice Choice(string given) => given switch
    {
        "usual" => MetricChoice.Usual,
        "all" => MetricChoice.All,
        _ => throw new ConfigException("--metrics", $"got '{given}', expected usual or all"),
    };

    static int Evaluate(string folder, string file, MetricChoice metrics, bool asJson)
    {
        if (TrainedRatings.IsAt(folder)) return EvaluateRatings(TrainedRatings.Open(folder), file, asJson);
        if (TrainedLanguage.IsAt(folder)) return EvaluateLanguage(TrainedLanguage.Open(folder), file, asJson);
        var run = TrainedRun.Open(folder);
        if (run.Answers is not null) return EvaluateAnswers(run, file, metrics, asJson);
        var scores = run.Score(file, metrics, Session.Cancel);
        var rows = scores.All.Rows;
        if (scores.Seen > 0) Show.Warning(FormattableString.Invariant($"{scores.Seen} of {rows} rows were trained on: scores on them say nothing about new ones"));
        if (asJson)
        {
            var node = EvaluationJson.Of(scores.All);
            node["seenInTraining"] = scores.Seen;
            if (scores.Unseen is { } others) node["unseenRows"] = EvaluationJson.Of(others);
            Show.Line(node.ToJsonString(new() { WriteIndented = true }));
            return 0;
        }
        if (scores.Unseen is { } unseen)
        {
            Show.Line(FormattableString.Invariant($"the {unseen.Rows} rows that were not trained on:"));
            ShowScores.Summary(unseen, run.Classes);
            Show.Line(FormattableString.Invariant($"all {rows} rows:"));
        }
        ShowScores.Summary(scores.All, run.Classes);
        return 0;
    }

    static int EvaluateRatings(TrainedRatings run, string file, bool asJson)
    {
        var found = run.Score(file, Session.Cancel);
        if (found.Seen > 0) Show.Warning(FormattableString.Invariant($"{found.Seen} of {found.Rows} rows were learnt from and are left out"));
        if (asJson) Show.Line(RatingsJson.Of(found).ToJsonString(new() { WriteIndented = true }));
        else ShowRatings.Evaluation(found);
        return 0;
    }

    static int EvaluateLanguage(TrainedLanguage run, string file, bool asJson)
    {
        var (scores, seen) = run.Score(file, cancel: Session.Cancel);
        if (seen) Show.Warning("the models learnt from this file: scores on it say nothing about new texts");
        if (asJson) Show.Line(new JsonArray([.. scores.Select(item => LanguageJson.Of(item.Name, item.Scores))]).ToJsonString(new() { WriteIndented = true }));
        else Show.Perplexities(scores);
        return 0;
    }

    static int EvaluateAnswers(TrainedRun run, string file, MetricChoice metrics, bool asJson)
    {
        var scores = run.ScoreAnswers(file, metrics, Session.Cancel);
        if (scores.Seen > 0) Show.Warning(FormattableString.Invariant($"{scores.Seen} of {scores.Rows} rows were trained on: scores on them say nothing about new ones"));
        if (asJson)
        {
            var node = new JsonObject { ["rows"] = scores.Rows, ["answers"] = AnswersJson.Of(scores.All), ["seenInTraining"] = scores.Seen };
            if (scores.Unseen is { } others) node["unseenRows"] = AnswersJson.Of(others);
            Show.Line(node.ToJsonString(new() { WriteIndented = true }));
            return 0;
        }
        if (scores.Unseen is { } unseen)
        {
            Show.Line(FormattableString.Invariant($"the {scores.Rows - scores.Seen} rows that were not trained on:"));
            ShowAnswers.Scores(unseen);
            Show.Line(FormattableString.Invariant($"all {scores.Rows} rows:"));
        }
        ShowAnswers.Scores(scores.All);
        return 0;
    }
}
