using System.CommandLine;
using System.CommandLine.Help;
using System.Runtime.InteropServices;

namespace Tutti.App;

/// <summary>What every command shares: exit codes, errors of one to three lines, cancelling by Ctrl-C.</summary>
/// <remarks>Exit codes: 0 done, 1 a failure at run time, 2 wrong use or wrong input, 130 interrupted.</remarks>
static class Session
{
    public const int Failed = 1, WrongInput = 2, Interrupted = 130;

    static readonly CancellationTokenSource cancelled = new();

    public static Option<bool> Verbose { get; } = new("--verbose") { Description = "Show stack traces of errors.", Recursive = true };

    /// <summary>Set by Ctrl-C or SIGTERM; commands stop at the next safe place.</summary>
    public static CancellationToken Cancel => cancelled.Token;

    public static int Start(RootCommand root, string[] args)
    {
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        var parsed = root.Parse(args.Length == 0 ? ["--help"] : args);
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpAction)
        {
            foreach (var error in parsed.Errors) Console.Error.WriteLine($"tutti: {error.Message}");
            Console.Error.WriteLine($"next: {Usage(parsed)} --help");
            return WrongInput;
        }
        return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
    }

    /// <summary>Runs a command's body, turning what it throws into a message and an exit code.</summary>
    public static int Guard(ParseResult parsed, Func<int> body)
    {
        try
        {
            return body();
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("tutti: interrupted; finished cells are kept, the same command goes on from there");
            return Interrupted;
        }
        catch (Exception e) when (!parsed.GetValue(Verbose))
        {
            Console.Error.WriteLine($"tutti: {e.Message}");
            if (e is not InputException and not Training.TrainingException and not Torch.TorchException) Console.Error.WriteLine($"({e.GetType().Name}; --verbose shows where)");
            return e is InputException ? WrongInput : Failed;
        }
        catch (Exception e)
        {
            Console.Error.WriteLine(e);
            return e is InputException ? WrongInput : Failed;
        }
    }

    static string Usage(ParseResult parsed) => parsed.CommandResult.Command is RootCommand ? "tutti" : $"tutti {parsed.CommandResult.Command.Name}";

    static void Stop(PosixSignalContext context)
    {
        // A second signal ends the process at once: cells are written whole or not at all, so nothing is harmed.
        if (cancelled.IsCancellationRequested) return;
        context.Cancel = true;
        cancelled.Cancel();
    }
}
