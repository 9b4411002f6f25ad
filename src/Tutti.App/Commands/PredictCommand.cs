using System.CommandLine;
using Tutti.Recipes;

namespace Tutti.App.Commands;

static class PredictCommand
{
    static readonly Option<string> run = new("--run") { Description = "The folder of a finished run.", HelpName = "DIR", Required = true };
    static readonly Option<string> data = new("--data") { Description = "The rows to predict, with the columns of the recipe.", HelpName = "FILE", Required = true };
    static readonly Option<string> output = new("--out") { Description = "The CSV file to write.", HelpName = "FILE.csv", Required = true };

    public static Command Make()
    {
        var command = new Command("predict", "Write a label and probabilities for every row of a file; any size in constant memory.") { run, data, output };
        command.SetAction(parsed => Session.Guard(parsed, () =>
        {
            if (TrainedRatings.IsAt(parsed.GetRequiredValue(run))) return Ratings(TrainedRatings.Open(parsed.GetRequiredValue(run)), parsed.GetRequiredValue(data), parsed.GetRequiredValue(output));
            var rows = TrainedRun.Open(parsed.GetRequiredValue(run)).Predict(parsed.GetRequiredValue(data), parsed.GetRequiredValue(output), Session.Cancel);
            Show.Line(FormattableString.Invariant($"{rows} rows: {parsed.GetRequiredValue(output)}"));
            return 0;
        }));
        return command;
    }

    static int Ratings(TrainedRatings trained, string data, string output)
    {
        var (rows, strangers) = trained.Predict(data, output, Session.Cancel);
        if (strangers > 0) Show.Warning(FormattableString.Invariant($"{strangers} of {rows} rows are of users or items that the run does not know: predicted from what is known of the other, or from the mean"));
        Show.Line(FormattableString.Invariant($"{rows} rows: {output}"));
        return 0;
    }
}
