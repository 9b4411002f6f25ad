using Tutti.Tests.Recipes;

namespace Tutti.Tests.App;

/// <summary>A disk that is full at some moment of a run, and has room again for the same command.</summary>
[Collection(RunCollection.Name)]
public sealed class FullDiskTests(CutRun run)
{
    /// <summary>More than a run takes at any moment.</summary>
    const int DiskKilobytes = 8192;

    [Fact]
    public void Whenever_the_disk_is_full_it_is_said_and_with_room_again_the_same_command_comes_to_the_same_bytes()
    {
        using var temp = Shared.Temp();
        using var disk = new MountedDisk(temp.File("disk"), $"size={DiskKilobytes}k");
        var (filler, folder) = (Path.Combine(disk.Path, "filler"), Path.Combine(disk.Path, "new", "run"));
        var (full, wentOn) = (0, 0);
        foreach (var free in (int[])[64, 400, 700, 1000, 1300, 1600, 1900, 2200, 2500, 2800, 3200, 3600])
        {
            var what = $"with {free} KB";
            File.WriteAllBytes(filler, new byte[(DiskKilobytes - free) * 1024]);
            var outcome = CommandLine.Run(run.Train(folder));
            File.Delete(filler);
            if (outcome.Code != 0)
            {
                full++;
                IsSaid(outcome, disk.Path, what);
                if (!Directory.Exists(folder)) Assert.False(Directory.Exists(Path.GetDirectoryName(folder)), what);
                else if (CutRun.Point(folder) is { } updates)
                {
                    wentOn++;
                    outcome = CommandLine.Run(run.Train(folder));
                    Assert.Contains($"goes on after update {updates} of {CutRun.Updates}\n", outcome.Error, StringComparison.Ordinal);
                }
                if (outcome.Code != 0) outcome = CommandLine.Run(run.Train(folder));
            }
            Assert.True(outcome.Code == 0, $"{what}: {outcome.Error}");
            run.Of(1).IsSame(folder, what);
            Directory.Delete(Path.GetDirectoryName(folder)!, recursive: true);
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"the disk was full {full} times; {wentOn} runs went on from a resume point");
        Assert.True(full >= 5 && wentOn >= 3, $"the disk was full {full} times, {wentOn} runs went on");
    }

    /// <summary>One to three lines, after what the run had said until then.</summary>
    static void IsSaid(Outcome outcome, string disk, string what)
    {
        Assert.True(outcome.Code == 2, $"{what}: exit code {outcome.Code}: {outcome.Error}");
        var lines = outcome.Error.TrimEnd().Split('\n').SkipWhile(line => !line.StartsWith("tutti: ", StringComparison.Ordinal)).ToArray();
        Assert.True(lines.Length is >= 1 and <= 3, $"{what}: {outcome.Error}");
        Assert.Contains(disk, lines[0], StringComparison.Ordinal);
        Assert.Contains("space", string.Join('\n', lines), StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", string.Join('\n', lines), StringComparison.Ordinal);
    }
}
