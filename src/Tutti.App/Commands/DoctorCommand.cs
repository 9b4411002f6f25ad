using System.CommandLine;
using Spectre.Console;
using Tutti.Torch;

namespace Tutti.App.Commands;

static class DoctorCommand
{
    public static Command Make()
    {
        var command = new Command("doctor", "Engine, devices, versions, and what would be used and why.");
        command.SetAction(parsed => Session.Guard(parsed, () =>
        {
            var table = new Table().Border(TableBorder.None).HideHeaders().AddColumn("").AddColumn("");
            foreach (var (name, value) in Diagnosis.All()) table.AddRow(Show.Cells(name, value));
            Show.Out.Write(table);
            return 0;
        }));
        return command;
    }
}
