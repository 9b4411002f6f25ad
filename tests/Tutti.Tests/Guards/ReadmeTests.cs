using System.Diagnostics;

namespace Tutti.Tests.Guards;

/// <summary>
/// Every command of README.md in a block marked <c>&lt;!-- runnable --&gt;</c> runs as a reader would type it, one after the other, in a fresh
/// folder that has the launcher, samples/, and the files whose blocks are marked <c>&lt;!-- file: NAME --&gt;</c>. Neither ./tutti test nor
/// ./tutti bench may be marked: this is a test.
/// </summary>
public sealed class ReadmeTests
{
    static readonly TimeSpan limit = TimeSpan.FromMinutes(10);
    static readonly IReadOnlyList<ReadmeBlock> blocks = ReadmeBlock.Of(Repository.Read("README.md"));

    static IEnumerable<(int Line, string Command)> Commands => blocks.Where(block => block.Mark == "runnable")
        .SelectMany(block => block.Lines.Select((line, i) => (block.Line + 1 + i, line)).Where(item => item.line.Length > 0 && !item.line.StartsWith('#')));

    [Fact]
    public async Task Every_runnable_command_ends_well()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the launcher is a bash script for Linux");
        Assert.SkipUnless(File.Exists(Path.Combine(Shared.Root, "artifacts", "stamps", "Tutti.App")), "the launcher has not built the program; start the tests with ./tutti test");
        using var folder = Shared.Temp();
        foreach (var name in new[] { "tutti", "samples" }) File.CreateSymbolicLink(folder.File(name), Path.Combine(Shared.Root, name));
        foreach (var block in blocks.Where(block => block.Mark.StartsWith("file: ", StringComparison.Ordinal))) folder.Write(block.Mark[6..], string.Join('\n', block.Lines) + "\n");
        foreach (var (line, command) in Commands)
        {
            var (code, output) = await Run(command, folder.Path);
            TestContext.Current.TestOutputHelper?.WriteLine($"README.md:{line}: {command}: exit code {code}");
            Assert.True(code == 0, $"README.md:{line}: {command}: exit code {code}\n{output}");
        }
    }

    [Fact]
    public void The_two_commands_of_the_first_screen_are_there()
    {
        Assert.Contains(Commands, item => item.Command == "./tutti demo");
        Assert.DoesNotContain(Commands, item => item.Command.StartsWith("./tutti test", StringComparison.Ordinal) || item.Command.StartsWith("./tutti bench", StringComparison.Ordinal));
        Assert.Contains("./tutti test", Repository.Read("README.md"), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_mark_is_known() => Assert.All(blocks, block => Assert.True(block.Mark == "runnable" || block.Mark.StartsWith("file: ", StringComparison.Ordinal)
        || block.Mark.StartsWith("printed by: ", StringComparison.Ordinal), $"README.md:{block.Line - 1}: the mark '{block.Mark}' is not known"));

    [Fact]
    public void Every_local_link_leads_somewhere()
    {
        foreach (var page in Repository.Files(["docs"], ".md").Append("README.md"))
        {
            var links = System.Text.RegularExpressions.Regex.Matches(Repository.Read(page), @"\]\((?!https?:|#)([^)#\s]+)").Select(match => match.Groups[1].Value);
            Assert.All(links, link => Assert.True(Path.Exists(Path.Combine(Shared.Root, Path.GetDirectoryName(page)!, link)), $"{page} links to {link}, which does not exist"));
        }
    }

    static async Task<(int Code, string Output)> Run(string command, string folder)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        stop.CancelAfter(limit);
        var start = new ProcessStartInfo("bash", ["-c", command]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(stop.Token);
            var error = process.StandardError.ReadToEndAsync(stop.Token);
            await process.WaitForExitAsync(stop.Token);
            return (process.ExitCode, await output + await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
