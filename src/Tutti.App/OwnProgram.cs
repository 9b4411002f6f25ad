using System.Diagnostics;

namespace Tutti.App;

/// <summary>
/// This program, started again by itself. What it starts is asked to end by closing its standard input, which also happens when the process that started it ends in any way: so
/// nothing outlives a launcher or a run that was killed.
/// </summary>
static class OwnProgram
{
    /// <summary>How to start this program with another command line.</summary>
    public static ProcessStartInfo With(IEnumerable<string> arguments)
    {
        var program = Environment.ProcessPath ?? throw new InvalidOperationException("the system does not say which program this is; use --in-process");
        var library = typeof(OwnProgram).Assembly.Location;
        // A program of its own starts itself; otherwise dotnet runs the library.
        var isItself = Path.GetFileNameWithoutExtension(program) == Path.GetFileNameWithoutExtension(library) || library.Length == 0;
        return new(program, isItself ? arguments : [library, .. arguments]);
    }

    /// <summary>Asks a process that was started with its standard input redirected to end.</summary>
    /// <returns>False where it had ended already.</returns>
    public static bool Ask(Process process)
    {
        try
        {
            process.StandardInput.Close();
            return true;
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>Calls back, on a thread of its own, when the process that started this one closes its standard input or ends.</summary>
    public static void WhenOrphaned(Action then)
    {
        var input = Console.OpenStandardInput();
        var parent = new Thread(() =>
        {
            while (IsOpen(input))
                continue;                                     // nothing is ever written to it
            then();
        });
        (parent.IsBackground, parent.Name) = (true, "parent");
        parent.Start();
    }

    /// <summary>Whether a pipe has its other end; waits until that is closed.</summary>
    static bool IsOpen(Stream input)
    {
        try
        {
            return input.ReadByte() >= 0;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
