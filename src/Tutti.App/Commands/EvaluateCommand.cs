using System.CommandLine;
using Tutti.Evaluation;
using Tutti.Recipes;
using Tutti.Reports;

namespace Tutti.App.Commands;

static class EvaluateCommand
{
    static readonly Option<string> run = new("--run") { Description = "The folder of a finished run.", HelpName = "DIR", Required = true };
    static readonly Option<string> data = new("--data") { Description = "Labelled rows, with the columns of the recipe.", HelpName = "FILE", Required = true };
    static readonly Option<bool> json = new("--json") { Description = "Print JSON." };

    public static Command Make()
    {
        var command = new Command("evaluate", "Metrics with intervals, confusion matrix and per-class table on labelled rows; warns on rows seen in training.") { run, data, json };
        command.SetAction(parsed => Session.Guard(parsed, () => Evaluate(parsed.GetRequiredValue(run), parsed.GetRequiredValue(data), parsed.GetValue(json))));
        return command;
    }

    static int Evaluate(string folder, string file, bool asJson)
    {
        var (predictions, seen) = TrainedRun.Open(folder).Score(file, Session.Cancel);
        var count = seen.Count(known => known);
        var all = EvaluationSummary.Of(predictions);
        var unseen = count > 0 && count < seen.Length ? EvaluationSummary.Of(predictions.Rows([.. Enumerable.Range(0, seen.Length).Where(row => !seen[row])])) : null;
        if (count > 0) Show.Warning(FormattableString.Invariant($"{count} of {seen.Length} rows were trained on: scores on them say nothing about new texts"));
        if (asJson)
        {
            var node = EvaluationJson.Of(all);
            node["seenInTraining"] = count;
            if (unseen is not null) node["unseenRows"] = EvaluationJson.Of(unseen);
            Show.Line(node.ToJsonString(new() { WriteIndented = true }));
            return 0;
        }
        if (unseen is not null)
        {
            Show.Line(FormattableString.Invariant($"the {seen.Length - count} rows that were not trained on:"));
            Show.Summary(unseen, predictions.Classes);
            Show.Line(FormattableString.Invariant($"all {seen.Length} rows:"));
        }
        Show.Summary(all, predictions.Classes);
        return 0;
    }
}
