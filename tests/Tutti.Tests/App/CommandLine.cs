using System.Diagnostics;
using System.Globalization;
using Tutti.App;
using Tutti.Tests.Recipes;

namespace Tutti.Tests.App;

/// <summary>What a command line came to.</summary>
sealed record Outcome(int Code, string Out, string Error)
{
    /// <summary>Wrong input as users should meet it: exit code 2, one to three lines, no stack trace, every word that should be named.</summary>
    public void IsWrongInput(params IEnumerable<string> naming)
    {
        Assert.True(Code == 2, $"exit code {Code}: {Error}");
        var lines = Error.TrimEnd().Split('\n');
        Assert.True(lines.Length is >= 1 and <= 3, Error);
        Assert.StartsWith("tutti: ", lines[0], StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", Error, StringComparison.Ordinal);
        Assert.Equal("", Out);
        foreach (var word in naming) Assert.Contains(word, Error, StringComparison.Ordinal);
    }
}

/// <summary>The command line, inside this process or as one of its own.</summary>
static class CommandLine
{
    /// <summary>
    /// Runs a command line here; the progress it prints before an error is no part of the error. Cells are trained here too: a process for each of them would take most of
    /// the tests' time. <see cref="RunProcess"/> runs a command as a user does.
    /// </summary>
    public static Outcome Run(params string[] args)
    {
        if (args is ["train", ..] && !args.Contains("--jobs")) args = [.. args, "--in-process"];
        using var thread = new OneThread();
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = Session.Start(args, output, error);
        return new(code, output.ToString(), error.ToString());
    }

    /// <summary>Starts a command line as a process.</summary>
    public static Process Start(params IEnumerable<string> args) => Start(1, args);

    /// <param name="threads">Of its kernels.</param>
    /// <param name="args">The command line.</param>
    public static Process Start(int threads, params IEnumerable<string> args) => Process.Start(AsProcess(threads, args))!;

    // A shell that starts the tests in the background has them ignore Ctrl-C's signal, and processes hand that on.
    static string[] Program => OperatingSystem.IsLinux() ? ["env", "--default-signal=INT", "dotnet"] : ["dotnet"];

    /// <summary>A command line as a process to be started.</summary>
    public static ProcessStartInfo AsProcess(int threads, params IEnumerable<string> args) => new(Program[0], [.. Program[1..], Path.Combine(AppContext.BaseDirectory, "Tutti.App.dll"), .. args])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        Environment = { ["OMP_NUM_THREADS"] = threads.ToString(CultureInfo.InvariantCulture) },
    };

    /// <summary>Runs a command line as a process.</summary>
    public static async Task<Outcome> RunProcess(params string[] args)
    {
        using var process = Start(args);
        return await Ended(process);
    }

    /// <summary>Waits for a process that was started here, and reads what is left of its output.</summary>
    public static async Task<Outcome> Ended(Process process)
    {
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new(process.ExitCode, await output, await error);
    }
}
