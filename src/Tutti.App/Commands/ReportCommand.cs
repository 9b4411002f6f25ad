using System.CommandLine;
using Tutti.Recipes;
using Tutti.Reports.Plots;
using Tutti.Runs;

namespace Tutti.App.Commands;

static class ReportCommand
{
    static readonly Option<string> run = new("--run") { Description = "A finished run.", HelpName = "DIR", Required = true };
    static readonly Option<string?> output = new("--out") { Description = "The page to write; default: report.html in the run folder.", HelpName = "FILE.html" };
    static readonly Option<int?> explain = new("--explain") { Description = "Rows whose predictions are explained, by tokens or by where in the picture a model looked, however long it takes; 0: none; default: as the recipe says.", HelpName = "N" };
    static readonly Option<string?> plots = new("--plots") { Description = "Also write the plots as files for papers.", HelpName = "DIR" };
    static readonly Option<string?> format = new("--format") { Description = "Of the plots: svg (vectors) or png (pixels); default: svg.", HelpName = "svg|png" };
    static readonly Option<double?> scale = new("--scale") { Description = "Of PNG: pixels for one unit of the picture; default: 2.", HelpName = "N" };

    public static Command Make()
    {
        var command = new Command("report", "Write report.html of a finished run again: one page that opens offline.") { run, output, explain, plots, format, scale };
        command.SetAction(parsed => Session.Guard(parsed, () =>
        {
            if (parsed.GetValue(explain) is < 0) throw new ConfigException("--explain", $"got {parsed.GetValue(explain)}, expected a whole number from 0");
            var how = Format(parsed.GetValue(plots), parsed.GetValue(format), parsed.GetValue(scale));
            var folder = parsed.GetRequiredValue(run);
            var path = parsed.GetValue(output) ?? new RunFolder(folder).Report;
            if (TrainedRatings.IsAt(folder))
            {
                if (parsed.GetValue(plots) is not null || parsed.GetValue(explain) is not null) throw new ConfigException(parsed.GetValue(plots) is not null ? "--plots" : "--explain", "is not for a run of task ratings, whose picture of items is items.svg in the run folder");
                RatingsReport.Write(folder, path);
                Show.Line($"report: {path}");
                return 0;
            }
            var report = RunReport.Open(folder);
            report.Write(path, parsed.GetValue(explain), Session.Cancel);
            Show.Line($"report: {path}");
            if (parsed.GetValue(plots) is { } to)
                foreach (var file in report.Plot(to, how)) Show.Line($"plot: {file}");
            return 0;
        }));
        return command;
    }

    static PlotFormat Format(string? plots, string? format, double? scale)
    {
        if (plots is null && (format is not null || scale is not null)) throw new ConfigException(format is not null ? "--format" : "--scale", "says how plots are written, but --plots DIR is not there");
        if (format is not (null or "svg" or "png")) throw new ConfigException("--format", $"got '{format}', expected svg or png");
        if (scale is not null && format != "png") throw new ConfigException("--scale", "got a number of pixels, but only --format png has pixels");
        if (scale is { } given && !(given is > 0 and <= 100)) throw new ConfigException("--scale", FormattableString.Invariant($"got {given}, expected a number above 0, at most 100"));
        return new(format == "png", scale ?? 2);
    }
}
