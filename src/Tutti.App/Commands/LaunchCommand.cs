using System.CommandLine;

namespace Tutti.App.Commands;

static class LaunchCommand
{
    static readonly Option<int> processes = new("--processes") { Description = "How many; each is a rank, with its share of the cores.", HelpName = "n", Required = true };
    static readonly Option<int> restarts = new("--restarts") { Description = "How often all are started again after one of them failed; the run goes on from its newest state.", HelpName = "n" };
    static readonly Option<int> port = new("--port") { Description = "Where they meet, on this machine; default: a free port.", HelpName = "n" };
    static readonly Option<int> patience = new("--patience") { Description = "Seconds that the others have to notice by themselves that a rank is gone, before they are ended.", HelpName = "s", DefaultValueFactory = _ => 60 };
    static readonly Argument<string[]> words = new("COMMAND") { Description = "The command of each rank, such as: train recipe.yaml --run DIR", Arity = ArgumentArity.OneOrMore };

    public static Command Make()
    {
        var command = new Command("launch", "Run one command as several processes of this machine that train together, as torchrun does.") { processes, restarts, port, patience, words };
        command.SetAction(parsed => Session.Guard(parsed, () =>
        {
            var (count, again) = (parsed.GetRequiredValue(processes), parsed.GetValue(restarts));
            Check(processes, count, 1, 1024);
            Check(restarts, again, 0, 1000);
            Check(port, parsed.GetValue(port), 0, 65535);
            Check(patience, parsed.GetValue(patience), 0, 86400);
            var ranks = new RankProcesses(parsed.GetRequiredValue(words), count) { Port = parsed.GetValue(port), Patience = TimeSpan.FromSeconds(parsed.GetValue(patience)) };
            return Run(ranks, again);
        }, "what the ranks say above is kept"));
        return command;
    }

    /// <summary>Marks where the ranks' own command begins, so that its options are not taken for those of <c>launch</c>; as torchrun does it.</summary>
    /// <param name="args">A whole command line.</param>
    public static string[] Marked(string[] args)
    {
        if (args is not ["launch", ..]) return args;
        var first = 1;
        while (first < args.Length && args[first].StartsWith('-'))
        {
            if (args[first] == "--") return args;
            // Every option but those of all commands has a value, behind it or behind '='.
            first += ((Option[])[processes, restarts, port, patience]).Any(option => option.Name == args[first]) ? 2 : 1;
        }
        return first >= args.Length ? args : [.. args[..first], "--", .. args[first..]];
    }

    static int Run(RankProcesses ranks, int restarts)
    {
        for (var left = restarts; ; left--)
        {
            var end = ranks.Run(restarts - left, Session.Cancel);
            if (end.Code == 0) return 0;
            // Wrong input stays wrong, and who interrupts wants an end.
            var final = left == 0 || end.Code is Session.WrongInput or Session.Interrupted;
            if (end.Rank is { } rank)
                Session.Error.WriteLine(FormattableString.Invariant($"tutti: rank {rank} {end.Reason}, so all were ended; {(final ? "the same command goes on from the run's newest state" : $"starting again ({left} of {restarts} restarts left)")}"));
            if (final) return end.Code;
        }
    }

    static void Check(Option<int> option, int value, int least, int most)
    {
        if (value < least || value > most) throw new ConfigException(option.Name, FormattableString.Invariant($"got {value}, expected {least} to {most}"));
    }
}
