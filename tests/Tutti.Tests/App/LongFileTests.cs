using System.Diagnostics;
using System.Globalization;
using Tutti.Tests.Recipes;

namespace Tutti.Tests.App;

/// <summary>The command line on files that are too long to be held.</summary>
[Collection(RunCollection.Name)]
public sealed class LongFileTests(TinyRun run)
{
    const int Rows = 1_000_000, WarmUp = Rows / 10;

    [Theory]
    [InlineData("evaluate")]
    [InlineData("predict")]
    [Trait("Category", "Slow")]
    public async Task A_million_rows_take_the_resident_memory_of_a_hundred_thousand_within_5_percent(string command)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "resident memory is read from /proc");
        using var temp = Shared.Temp();
        var recipe = TinyRun.Single(run.Recipe);
        var folder = TinyRun.Train(recipe with { Data = recipe.Data with { Folds = null }, Train = recipe.Train with { MaxLength = 16 } }, temp.File("run")).Files.Root;
        var start = CommandLine.AsProcess(1, [command, "--run", folder, "--data", ShortRows(temp), .. command == "predict" ? ["--out", temp.File("out.csv")] : (string[])[]]);
        start.Environment["TMPDIR"] = Directory.CreateDirectory(temp.File("tmp")).FullName;
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        var samples = new List<(long Rows, long Kilobytes)>();
        try
        {
            for (var rows = 0L; !process.HasExited; await Task.Delay(50, TestContext.Current.CancellationToken))
            {
                rows = Math.Max(rows, RowsSummed(start.Environment["TMPDIR"]!));
                if (rows >= WarmUp && Resident(process.Id) is { } kilobytes) samples.Add((rows, kilobytes));
            }
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
        Assert.True(process.ExitCode == 0, await error);
        Assert.Contains(command == "predict" ? $"{Rows} rows" : $"Scores of {Rows} rows", await output, StringComparison.Ordinal);
        Assert.True(samples.Count > 50 && samples[^1].Rows == Rows, $"{samples.Count} samples");
        var (low, high) = (samples.Min(sample => sample.Kilobytes), samples.Max(sample => sample.Kilobytes));
        var text = FormattableString.Invariant($"{command}: {clock.Elapsed.TotalSeconds:0} s; resident MB at 10 %: {samples[0].Kilobytes / 1024}, 50 %: ")
            + FormattableString.Invariant($"{samples.First(sample => sample.Rows >= Rows / 2).Kilobytes / 1024}, 100 %: {samples[^1].Kilobytes / 1024}; least {low / 1024.0:0.0}, most {high / 1024.0:0.0}, {samples.Count} samples");
        TestContext.Current.TestOutputHelper?.WriteLine(text);
        Assert.True(high <= 1.05 * low, text);
    }

    static string ShortRows(TempFolder temp)
    {
        string[] words = ["fire", "flood", "town", "river", "music", "night", "smoke", "rescue", "coffee", "train", "storm"];
        using var writer = new StreamWriter(temp.File("long.csv"));
        writer.Write("id,keyword,location,text,target\n");
        for (var i = 0; i < Rows; i++) writer.Write(FormattableString.Invariant($"{i},{words[i % 7]},,{words[i % 11]} in the {words[i % 5]} {i},{(i % 3 == 0 ? 1 : 0)}\n"));
        return temp.File("long.csv");
    }

    /// <summary>How many rows the first model has predicted: its file of sums grows with them, two numbers of eight bytes a row.</summary>
    static long RowsSummed(string temporary)
    {
        try
        {
            return Directory.EnumerateFiles(temporary, "sum-*", SearchOption.AllDirectories).Select(file => new FileInfo(file).Length / 16).DefaultIfEmpty().Max();
        }
        catch (IOException)
        {
            return 0;                                         // gone while it was looked at
        }
    }

    /// <summary>Kilobytes, or null when the process has just ended.</summary>
    static long? Resident(int process)
    {
        try
        {
            return File.ReadLines($"/proc/{process}/status").FirstOrDefault(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)) is { } line
                ? long.Parse(line["VmRSS:".Length..^"kB".Length], NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
