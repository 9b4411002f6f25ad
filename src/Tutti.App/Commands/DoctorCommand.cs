using System.CommandLine;
using Spectre.Console;
using Tutti.Torch;

namespace Tutti.App.Commands;

static class DoctorCommand
{
    static readonly Option<bool> distributed = new("--distributed") { Description = "Started by a launcher in every process: whether they reach each other and agree." };
    static readonly Option<double> wait = new("--wait") { Description = "With --distributed: seconds to wait for the others.", HelpName = "s", DefaultValueFactory = _ => 60 };
    static readonly Argument<string?> recipe = new("RECIPE") { Description = "With --distributed: the recipe that all should have alike, with its data.", Arity = ArgumentArity.ZeroOrOne };

    public static Command Make()
    {
        var command = new Command("doctor", "Engine, devices, versions, and what would be used and why.") { distributed, wait, recipe };
        command.SetAction(parsed => Session.Guard(parsed, () =>
        {
            var (file, seconds) = (parsed.GetValue(recipe), parsed.GetValue(wait));
            if (parsed.GetValue(distributed))
                return seconds is >= 1 and <= 86400 ? DoctorTogether.Run(file, TimeSpan.FromSeconds(seconds)) : throw new ConfigException("--wait", FormattableString.Invariant($"got {seconds}, expected seconds from 1 to 86400"));
            if (file is not null) throw new ConfigException("RECIPE", $"got '{file}', which doctor compares between processes only; expected --distributed with it");
            var table = new Table().Border(TableBorder.None).HideHeaders().AddColumn("").AddColumn("");
            foreach (var (name, value) in Diagnosis.All()) table.AddRow(Show.Cells(name, value));
            Show.Out.Write(table);
            return 0;
        }));
        return command;
    }
}
