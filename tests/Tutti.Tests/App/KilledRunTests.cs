using Tutti.Runs;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.App;

/// <summary>
/// A run whose process is killed without warning, anywhere: the same command comes to the same bytes. A point is written after every
/// micro-batch, so that much of the time is writing.
/// </summary>
[Collection(ProcessCollection.Name)]
public sealed class KilledRunTests(CutRun run)
{
    /// <summary>Updates of the run's two cells.</summary>
    const int Steps = 2 * CutRun.Updates;

    [Fact]
    public Task Killed_once_it_goes_on_to_the_same_bytes() => KilledOnce(5, seed: 1, threads: 1);

    [Fact]
    public Task Killed_again_and_again_it_comes_to_the_same_bytes() => KilledOften(5, seed: 2, threads: 1);

    [Fact, Trait("Category", "Slow")]
    public Task Killed_once_at_each_of_twenty_moments() => KilledOnce(20, seed: 3, threads: 1);

    [Fact, Trait("Category", "Slow")]
    public Task Killed_twenty_times_in_one_run() => KilledOften(20, seed: 4, threads: 1);

    [Fact, Trait("Category", "Slow")]
    public async Task Killed_with_kernels_of_two_threads()
    {
        await KilledOnce(6, seed: 5, threads: 2);
        await KilledOften(6, seed: 6, threads: 2);
    }

    /// <summary>Each moment in a folder of its own; the moments lie evenly over the run, each somewhere in its share.</summary>
    async Task KilledOnce(int kills, long seed, int threads)
    {
        var (random, phases) = (RandomStream.Of(seed, "kills"), new List<string>());
        for (var i = 0; i < kills; i++)
        {
            using var temp = Shared.Temp();
            phases.Add(await Kill(temp.File("run"), ((i + random.Uniform(i)) / kills * (Steps + 2)) - 1, threads));
            await Complete(temp.File("run"), threads);
            run.Of(threads).IsSame(temp.File("run"), $"kill {i + 1}, {phases[^1]}");
        }
        Print("one kill a run", phases);
    }

    /// <summary>One folder, each process for a share of the run.</summary>
    async Task KilledOften(int kills, long seed, int threads)
    {
        var (random, phases) = (RandomStream.Of(seed, "kills"), new List<string>());
        using var temp = Shared.Temp();
        for (var i = 0; i < kills; i++) phases.Add(await Kill(temp.File("run"), (random.Uniform(i) * 2 * Steps / kills) - 0.2, threads));
        await Complete(temp.File("run"), threads);
        run.Of(threads).IsSame(temp.File("run"), string.Join("; ", phases));
        Print("kills of one run", phases);
    }

    /// <summary>Starts the command and kills it.</summary>
    /// <param name="folder">Of the run.</param>
    /// <param name="after">So many updates of this process, and a share of the next one's usual time; below 0: a share of the time before the first.</param>
    /// <param name="threads">Of its kernels.</param>
    /// <returns>What it was doing.</returns>
    async Task<string> Kill(string folder, double after, int threads)
    {
        var (whole, token, done) = (run.Of(threads), TestContext.Current.CancellationToken, Updates(folder));
        using var process = CommandLine.Start(threads, run.Train(folder));
        var (output, error) = (process.StandardOutput.ReadToEndAsync(token), process.StandardError.ReadToEndAsync(token));
        while (!process.HasExited && Updates(folder) < done + (int)after) await Task.Delay(1, token);
        await Task.Delay(after < 0 ? (1 + after) * whole.Begin : (after - (int)after) / Steps * (whole.Time - whole.Begin), token);
        if (!process.HasExited) process.Kill();
        await process.WaitForExitAsync(token);
        await output;
        if (process.ExitCode == 0) return "after the end";
        Assert.True(process.ExitCode == 128 + 9, $"exit code {process.ExitCode}: {await error}");
        return Phase(folder);
    }

    static int Updates(string folder) => File.Exists(Path.Combine(folder, "events.jsonl")) ? EventLog.Read(Path.Combine(folder, "events.jsonl")).Count(line => line.Kind == "step") : 0;

    async Task Complete(string folder, int threads)
    {
        using var process = CommandLine.Start(threads, run.Train(folder));
        var outcome = await CommandLine.Ended(process);
        Assert.True(outcome.Code == 0, outcome.Error);
        Assert.DoesNotContain("damaged", outcome.Error, StringComparison.Ordinal);
    }

    /// <summary>What a process was doing, by the files that it left.</summary>
    static string Phase(string folder)
    {
        if (!File.Exists(Path.Combine(folder, "recipe.yaml"))) return "before the run's first file";
        CellFolder[] cells = [.. Enumerable.Range(0, 2).Select(fold => new RunFolder(folder).Cell("deep", 1, fold))];
        if (cells.FirstOrDefault(cell => !File.Exists(cell.Metrics)) is not { } cell) return "after the last cell";
        var names = Directory.Exists(cell.Resume) ? Directory.GetFiles(cell.Resume).Select(file => Path.GetFileName(file)).ToArray() : [];
        if (names.Any(name => name.EndsWith(".tmp", StringComparison.Ordinal))) return "in the middle of a file of a resume point";
        if (names.Any(name => name.StartsWith("point-", StringComparison.Ordinal) && !names.Contains(Path.ChangeExtension(name, name.EndsWith(".json", StringComparison.Ordinal) ? ".safetensors" : ".json")))) return "between the files of a resume point";
        if (Directory.Exists(Path.Combine(cell.Checkpoint, "last"))) return "after a fit, before its cell was finished";
        return new ResumeFolder(cell.Resume).Exists ? "between two points" : "before a cell's first point";
    }

    static void Print(string what, List<string> phases)
    {
        foreach (var group in phases.CountBy(phase => phase).OrderBy(pair => pair.Key, StringComparer.Ordinal)) TestContext.Current.TestOutputHelper?.WriteLine($"{what}: {group.Value} x {group.Key}");
    }
}
