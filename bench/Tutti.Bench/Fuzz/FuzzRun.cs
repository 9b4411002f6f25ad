using System.Diagnostics;
using Tutti.Torch;

namespace Tutti.Bench.Fuzz;

/// <summary>What became of one changed file.</summary>
/// <param name="Refused">A documented exception; else the file was read.</param>
/// <param name="Seconds">Until then.</param>
/// <param name="Allocated">Bytes of objects and of tensors.</param>
/// <param name="Bytes">Of the files that were there to read.</param>
/// <param name="Fault">What must not happen, or null.</param>
sealed record FuzzOutcome(bool Refused, double Seconds, long Allocated, long Bytes, string? Fault);

/// <summary>
/// Trials of one format in a folder of their own. Beside it lie files that no reader may look at, change or add to. A trial is decided by
/// the seed and its number alone, so that each can be done again.
/// </summary>
sealed class FuzzRun : IDisposable
{
    /// <summary>A trial may take so long, and so many bytes for each of the file's beside the reader's own.</summary>
    public const double MaxSeconds = 1;
    public const int MaxRatio = 10;

    static readonly DateTime unread = new(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    readonly FuzzCase format;
    readonly long seed;
    readonly string root = Directory.CreateTempSubdirectory("tutti-fuzz-").FullName;
    readonly string canary;
    readonly string?[] changed;
    readonly long resident;

    public FuzzRun(FuzzCase format, long seed)
    {
        (this.format, this.seed) = (format, seed);
        changed = new string?[format.Seeds.Count];
        for (var i = 0; i < format.Seeds.Count; i++)
        {
            Directory.CreateDirectory(Folder(i));
            foreach (var (name, bytes) in format.Seeds[i].Files) File.WriteAllBytes(Path.Combine(Folder(i), name), bytes);
        }
        canary = Path.Combine(root, "outside.safetensors");
        File.WriteAllBytes(canary, format.Seeds[0].Files.First().Value);
        File.SetLastAccessTimeUtc(canary, unread);
        File.ReadAllBytes(canary);
        WatchesReads = File.GetLastAccessTimeUtc(canary) != unread;
        File.SetLastAccessTimeUtc(canary, unread);
        for (var i = 0; i < format.Seeds.Count; i++) format.Read(Folder(i));       // a seed that cannot be read would test nothing; also compiles
        resident = Machine.ResidentNow();
    }

    /// <summary>Whether this disk keeps when a file was last read: if not, only writing outside is noticed.</summary>
    public bool WatchesReads { get; }

    /// <summary>Since when the trial in progress runs, as Stopwatch.GetTimestamp; 0 between trials.</summary>
    public long Running { get; private set; }

    /// <summary>The file that the last trial changed, as it was then.</summary>
    public (string Name, byte[] Bytes) Last { get; private set; } = ("", []);

    /// <summary>Bytes taken for each of the files', beside the reader's own.</summary>
    public double Ratio(FuzzOutcome outcome) => Math.Max(0, outcome.Allocated - format.Own) / (double)Math.Max(1, outcome.Bytes);

    public FuzzOutcome Trial(long trial)
    {
        var dice = new Dice(seed, format.Name, trial);
        var which = dice.Below(format.Seeds.Count);
        var one = format.Seeds[which];
        var target = dice.Of(one.Targets);
        if (changed[which] is { } before && before != target) File.WriteAllBytes(Path.Combine(Folder(which), before), one.Files[before]);
        var other = dice.Of(format.Seeds);
        var bytes = one.Change(one.Files[target], other.Files[dice.Of(other.Targets)], dice);
        File.WriteAllBytes(Path.Combine(Folder(which), target), bytes);
        changed[which] = target;
        Last = (target, bytes);
        var outcome = Read(which, one.Files.Sum(file => file.Key == target ? bytes.Length : file.Value.Length));
        // The collector may have worked meanwhile: what is slow by itself is slow every time.
        for (var again = 0; again < 4 && outcome.Fault is null && outcome.Seconds > MaxSeconds; again++)
            if (Read(which, outcome.Bytes) is var quicker && quicker.Seconds < outcome.Seconds) outcome = quicker;
        return Judged(outcome);
    }

    FuzzOutcome Read(int which, long bytes)
    {
        string? fault = null;
        var refused = false;
        var native = Memory.Stats(Device.Cpu, resetPeak: true).InUse;
        var managed = GC.GetAllocatedBytesForCurrentThread();
        var processor = Environment.CpuUsage.TotalTime;
        Running = Stopwatch.GetTimestamp();
        try
        {
            format.Read(Folder(which));
        }
        catch (InputException)
        {
            refused = true;
        }
        catch (Exception e)
        {
            fault = $"{e.GetType().Name}: {e.Message.Split('\n')[0]} {string.Join(" < ", (e.StackTrace ?? "").Split('\n').Take(4).Select(line => line.Trim()))}";
        }
        // On a machine with other work a trial waits for the processor; what never ends is noticed by who watches Running.
        var seconds = Math.Min(Stopwatch.GetElapsedTime(Running).TotalSeconds, (Environment.CpuUsage.TotalTime - processor).TotalSeconds);
        Running = 0;
        var allocated = GC.GetAllocatedBytesForCurrentThread() - managed + Memory.Stats(Device.Cpu).Peak - native;
        return new(refused, seconds, allocated, bytes, fault ?? Outside());
    }

    FuzzOutcome Judged(FuzzOutcome outcome) => outcome with
    {
        Fault = outcome.Fault
            ?? (outcome.Seconds > MaxSeconds ? FormattableString.Invariant($"took {outcome.Seconds:0.00} s") : null)
            ?? (format.Resident > 0 && Machine.ResidentNow() - resident is var grown && grown > format.Resident ? FormattableString.Invariant($"the process grew by {grown} bytes") : null)
            ?? (outcome.Allocated > format.Own + (MaxRatio * outcome.Bytes) ? FormattableString.Invariant($"allocated {outcome.Allocated} bytes for files of {outcome.Bytes}") : null),
    };

    // Nothing may have been added beside or in the folders, nor the file beside them touched.
    string? Outside()
    {
        if (Directory.GetFileSystemEntries(root).Length != format.Seeds.Count + 1) return "made a file outside its folder";
        for (var i = 0; i < format.Seeds.Count; i++)
            if (Directory.GetFileSystemEntries(Folder(i)).Length != format.Seeds[i].Files.Count) return "made a file in its folder";
        return WatchesReads && File.GetLastAccessTimeUtc(canary) != unread ? "read a file outside its folder" : null;
    }

    string Folder(int which) => Path.Combine(root, FormattableString.Invariant($"seed-{which}"));

    public void Dispose() => Directory.Delete(root, recursive: true);
}
