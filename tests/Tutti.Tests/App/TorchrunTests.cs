using System.Diagnostics;
using System.Globalization;

namespace Tutti.Tests.App;

/// <summary>torchrun starts the ranks as docs/launching.md says.</summary>
[Collection(ProcessCollection.Name)]
public sealed class TorchrunTests(CutRun cut)
{
    [Fact]
    public async Task Ranks_that_torchrun_starts_come_to_the_same_bytes_as_those_of_launch()
    {
        Assert.SkipUnless(Works(), "torchrun is absent, or does not start; install python3-torch");
        string[] brief = ["--set", "data.folds=null", "--set", "data.validation=0.3"];
        using var temp = Shared.Temp();
        var launched = await CommandLine.RunProcess(["launch", "--processes", "2", .. cut.Train(temp.File("launch"), brief)]);
        Assert.True(launched.Code == 0, launched.Error);
        var plain = CommandLine.AsProcess(1, cut.Train(temp.File("torchrun"), brief));
        // Debian's torchrun fails with Python 3.11 whatever it starts, unless it redirects what is said.
        string[] torchrun = ["--no_python", "-r", "1", "-t", "2", "--log_dir", temp.File("log"), "--nproc_per_node", "2", "--master_addr", "127.0.0.1", "--master_port", RankCommand.FreePort().ToString(CultureInfo.InvariantCulture), plain.FileName, .. plain.ArgumentList];
        using var process = Process.Start(new ProcessStartInfo("torchrun", torchrun) { RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["OMP_NUM_THREADS"] = "1" } })!;
        var outcome = await CommandLine.Ended(process);
        Assert.True(outcome.Code == 0, outcome.Error);
        Assert.Contains("2 processes train together", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(CutRun.Results(temp.File("launch")), CutRun.Results(temp.File("torchrun")));
    }

    static bool Works()
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("torchrun", ["--help"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            _ = process.StandardError.ReadToEndAsync();
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
