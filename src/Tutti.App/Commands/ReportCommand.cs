using System.CommandLine;
using Tutti.Recipes;
using Tutti.Runs;

namespace Tutti.App.Commands;

static class ReportCommand
{
    static readonly Option<string> run = new("--run") { Description = "A finished run.", HelpName = "DIR", Required = true };
    static readonly Option<string?> output = new("--out") { Description = "The page to write; default: report.html in the run folder.", HelpName = "FILE.html" };
    static readonly Option<int?> explain = new("--explain") { Description = "Rows whose predictions are explained token by token, however long it takes; 0: none; default: as the recipe says.", HelpName = "N" };
    static readonly Option<string?> plots = new("--plots") { Description = "Also write the plots as SVG files for papers.", HelpName = "DIR" };

    public static Command Make()
    {
        var command = new Command("report", "Write report.html of a finished run again: one page that opens offline.") { run, output, explain, plots };
        command.SetAction(parsed => Session.Guard(parsed, () =>
        {
            if (parsed.GetValue(explain) is < 0) throw new ConfigException("--explain", $"got {parsed.GetValue(explain)}, expected a whole number from 0");
            var folder = parsed.GetRequiredValue(run);
            var path = parsed.GetValue(output) ?? new RunFolder(folder).Report;
            var report = RunReport.Open(folder);
            report.Write(path, parsed.GetValue(explain), Session.Cancel);
            Show.Line($"report: {path}");
            if (parsed.GetValue(plots) is { } to)
                foreach (var file in report.Plot(to)) Show.Line($"plot: {file}");
            return 0;
        }));
        return command;
    }
}
