using System.CommandLine;
using System.CommandLine.Help;
using System.Runtime.InteropServices;
using Tutti.App.Commands;
using Tutti.Distributed;
using Tutti.Hub;
using Tutti.Recipes;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.App;

/// <summary>What every command shares: where it writes, exit codes, errors of one to three lines, cancelling by Ctrl-C.</summary>
/// <remarks>Exit codes: 0 done, 1 a failure at run time, 2 wrong use or wrong input, 75 another process of the training is lost, 130 interrupted.</remarks>
static class Session
{
    public const int Failed = 1, WrongInput = 2, Interrupted = 130;

    static readonly Option<bool> verbose = new("--verbose") { Description = "Show stack traces of errors.", Recursive = true };
    static CancellationTokenSource cancelled = new();

    /// <summary>Results.</summary>
    public static TextWriter Out { get; private set; } = Console.Out;

    /// <summary>Progress, warnings and errors.</summary>
    public static TextWriter Error { get; private set; } = Console.Error;

    /// <summary>Whether results, and whether progress, go to something that is no terminal.</summary>
    public static (bool Out, bool Error) Redirected { get; private set; } = (Console.IsOutputRedirected, Console.IsErrorRedirected);

    /// <summary>Set by Ctrl-C or SIGTERM; commands stop at the next safe place.</summary>
    public static CancellationToken Cancel => cancelled.Token;

    /// <summary>Runs a command line.</summary>
    /// <returns>The exit code.</returns>
    public static int Start(string[] args)
    {
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        if (Environment.GetEnvironmentVariable(RankProcesses.Variable) is { Length: > 0 }) OwnProgram.WhenOrphaned(cancelled.Cancel);
        var parsed = Root().Parse(args.Length == 0 ? ["--help"] : LaunchCommand.Marked(args));
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpAction) return WrongUse(parsed);
        return parsed.Invoke(new InvocationConfiguration { Output = Out, Error = Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
    }

    /// <summary>As <see cref="Start(string[])"/>, inside a process that is not the command line's; one at a time.</summary>
    public static int Start(string[] args, TextWriter output, TextWriter error)
    {
        var before = (Out, Error, Redirected);
        (Out, Error, Redirected, cancelled) = (output, error, (true, true), new());
        try
        {
            return Start(args);
        }
        finally
        {
            (Out, Error, Redirected) = before;
        }
    }

    /// <summary>Runs a command's body, turning what it throws into a message and an exit code.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="body">The command.</param>
    /// <param name="kept">What stays when it is interrupted.</param>
    public static int Guard(ParseResult parsed, Func<int> body, string kept = "finished cells and the state of this one are kept")
    {
        try
        {
            return body();
        }
        catch (OperationCanceledException) when (Cancel.IsCancellationRequested)
        {
            Error.WriteLine($"tutti: interrupted; {kept}, the same command goes on from there");
            return Interrupted;
        }
        catch (Exception e)
        {
            Error.WriteLine(parsed.GetValue(verbose) ? e.ToString() : $"tutti: {e.Message}{(IsExpected(e) ? "" : $"\n({e.GetType().Name}; --verbose shows where)")}");
            return e is InputException ? WrongInput : e is RankLostException ? RankLostException.ExitCode : Failed;
        }
    }

    static bool IsExpected(Exception e) => e is InputException or TrainingException or IncompleteRunException or RunMemoryException or TorchException or HubException or ExportException or RankLostException;

    static RootCommand Root()
    {
        var root = new RootCommand("Train, ensemble and debug deep-learning models on the memory you have.")
        {
            TrainCommand.Make(), LaunchCommand.Make(), PredictCommand.Make(), EvaluateCommand.Make(), RecommendCommand.Make(), GenerateCommand.Make(), CompareCommand.Make(), LabelsCommand.Make(), ReportCommand.Make(), MemoryCommand.Make(), LrFindCommand.Make(), ScheduleCommand.Make(), GetCommand.Make(), InspectCommand.Make(), ShowCommand.Make(), ExportCommand.Make(), ConvertCommand.Make(), DistillCommand.Make(), SubmissionsCommand.Make(), DemoCommand.Make(), DoctorCommand.Make(),
        };
        root.Options.Add(verbose);
        return root;
    }

    static int WrongUse(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var words = parsed.UnmatchedTokens;
        // The parser also complains of what an unknown word made it miss: the word itself is the fault.
        var message = words.Count == 0 ? parsed.Errors[0].Message.TrimEnd('.')
            : words[0].StartsWith('-') ? $"unknown option {words[0]}{Nearest.Hint(words[0], OptionsOf(parsed), "")}"
            : command is RootCommand ? $"unknown command '{words[0]}'{Nearest.Hint(words[0], command.Subcommands.Select(sub => sub.Name), "")}"
            : $"got '{words[0]}', which {command.Name} does not take";
        Error.WriteLine($"tutti: {message}");
        Error.WriteLine($"next: {(command is RootCommand ? "tutti" : $"tutti {command.Name}")} --help");
        return WrongInput;
    }

    static IEnumerable<string> OptionsOf(ParseResult parsed) => [.. parsed.CommandResult.Command.Options.Select(option => option.Name), verbose.Name, "--help"];

    /// <summary>Stops as a signal would: another process that trains with this one got it.</summary>
    public static void Interrupt() => cancelled.Cancel();

    static void Stop(PosixSignalContext context)
    {
        // A second signal ends the process at once: cells are written whole or not at all, so nothing is harmed.
        if (cancelled.IsCancellationRequested) return;
        context.Cancel = true;
        cancelled.Cancel();
    }
}
