using System.Diagnostics;
using System.Globalization;
using Tutti.Recipes;

namespace Tutti.App;

/// <summary>
/// A cell in a process of its own: this program, started again. It tells its news as lines of JSON on standard output, and is asked to end by closing its standard input,
/// which also happens when the process that started it ends in any way.
/// </summary>
static class CellProcess
{
    const int KeptLines = 20, ShownLines = 3;

    /// <summary>Starts the command line of a cell and waits for its end.</summary>
    /// <param name="command">What trains the whole run in this process, without the cell's name.</param>
    public static CellRunner Of(string[] command) => (order, news, stop) =>
    {
        using var process = Start([.. command, "--cell", order.Cell], order.Threads);
        using var asked = stop.Register(() => _ = OwnProgram.Ask(process));
        var said = Task.Run(() => LastLines(process.StandardError));
        while (process.StandardOutput.ReadLine() is { } line)
            if (RunNews.FromJson(line) is { } told) news.Report(told);
        process.WaitForExit();
        return End(process.ExitCode, said.GetAwaiter().GetResult(), stop.IsCancellationRequested);
    };

    /// <summary>Cancels when the process that started this one closes its standard input or ends.</summary>
    public static CancellationToken Orphaned(CancellationToken cancel)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        OwnProgram.WhenOrphaned(source.Cancel);
        return source.Token;
    }

    /// <summary>Tells news to the process that started this one; when that is gone there is nobody to tell.</summary>
    public static IProgress<RunNews> Teller(TextWriter output) => new ToParent(output);

    static Process Start(string[] arguments, int threads)
    {
        var start = OwnProgram.With(arguments);
        (start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (true, true, true);
        start.Environment["OMP_NUM_THREADS"] = threads.ToString(CultureInfo.InvariantCulture);
        return Process.Start(start)!;
    }

    static CellEnd End(int code, List<string> said, bool asked)
    {
        var words = string.Join('\n', said.TakeLast(ShownLines));
        return code switch
        {
            0 => new(CellFate.Finished),
            Session.Interrupted when asked => new(CellFate.Stopped),
            Session.WrongInput => new(CellFate.WrongInput, words.StartsWith("tutti: ", StringComparison.Ordinal) ? words["tutti: ".Length..] : words),
            137 => new(CellFate.Failed, "its process was killed (signal 9); the system does so when memory runs out"),
            > 128 and not Session.Interrupted => new(CellFate.Failed, FormattableString.Invariant($"its process was ended by signal {code - 128}{Said(words)}")),
            _ => new(CellFate.Failed, FormattableString.Invariant($"its process ended with exit code {code}{Said(words)}")),
        };
    }

    static string Said(string words) => words.Length == 0 ? "" : $": {(words.StartsWith("tutti: ", StringComparison.Ordinal) ? words["tutti: ".Length..] : words)}";

    static List<string> LastLines(StreamReader error)
    {
        List<string> lines = [];
        while (error.ReadLine() is { } line)
        {
            if (lines.Count == KeptLines) lines.RemoveAt(0);
            if (line.Length > 0) lines.Add(line);
        }
        return lines;
    }

    sealed class ToParent(TextWriter output) : IProgress<RunNews>
    {
        readonly Lock gate = new();
        bool gone;

        public void Report(RunNews value)
        {
            if (gone || value.ToJson() is not { } line) return;
            try
            {
                lock (gate)
                {
                    output.WriteLine(line);
                    output.Flush();
                }
            }
            catch (IOException)
            {
                gone = true;                                  // standard input is closed then, too, which ends the training
            }
        }
    }
}
