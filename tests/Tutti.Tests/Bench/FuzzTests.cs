using Tutti.Bench.Fuzz;
using Tutti.Tests.Recipes;
using Tutti.Tests.Torch;

namespace Tutti.Tests.Bench;

/// <summary>A small slice of <c>tutti bench fuzz</c>; alone, because it watches the memory of the process.</summary>
[Collection(RunCollection.Name)]
public sealed class FuzzTests : EngineTest
{
    const int Trials = 400;

    public static TheoryData<string> Cases() => [.. FuzzCase.Names];

    [Theory, MemberData(nameof(Cases))]
    public void Changed_files_are_read_or_refused_and_nothing_else(string name)
    {
        using var run = new FuzzRun(FuzzCase.Of(name), seed: 11);
        var (refused, read) = (0, 0);
        for (var trial = 0; trial < Trials; trial++)
        {
            var outcome = run.Trial(trial);
            Assert.True(outcome.Fault is null, $"{name}: trial {trial}: {outcome.Fault}");
            if (outcome.Refused) refused++;
            else read++;
        }
        Assert.True(refused > Trials / 10 && read > 0, $"{name}: {refused} of {Trials} files were refused: the changes do not reach the reader, or reach nothing else");
    }

    [Fact]
    public void The_same_trial_changes_the_same_bytes()
    {
        using var first = new FuzzRun(FuzzCase.Of("bin"), seed: 3);
        using var second = new FuzzRun(FuzzCase.Of("bin"), seed: 3);
        for (var trial = 0; trial < 20; trial++)
        {
            first.Trial(trial);
            second.Trial(trial);
            Assert.Equal(first.Last.Bytes, second.Last.Bytes);
        }
    }

    /// <summary>Readers that do what must not be done: each must be noticed.</summary>
    [Theory]
    [InlineData("throws", "InvalidOperationException")]
    [InlineData("allocates", "allocated")]
    [InlineData("writes beside", "outside its folder")]
    [InlineData("writes within", "in its folder")]
    [InlineData("reads beside", "read a file outside")]
    public void What_must_not_happen_is_noticed(string what, string fault)
    {
        var first = true;
        var seeds = new FuzzSeed[] { new("a", [1, 2, 3], (file, _, _) => file) };
        using var run = new FuzzRun(new("made", seeds, 4096, folder =>
        {
            if (first) { first = false; return; }                              // the sound file is read once before
            switch (what)
            {
                case "throws": throw new InvalidOperationException("not documented");
                case "allocates": GC.KeepAlive(new byte[1 << 20]); break;
                case "writes beside": File.WriteAllText(Path.Combine(folder, "..", "new"), ""); break;
                case "writes within": File.WriteAllText(Path.Combine(folder, "new"), ""); break;
                default: File.ReadAllBytes(Path.Combine(folder, "..", "outside.safetensors")); break;
            }
        }), 1);
        Assert.SkipWhen(what == "reads beside" && !run.WatchesReads, "this disk does not keep when a file was last read");
        Assert.Contains(fault, run.Trial(0).Fault, StringComparison.Ordinal);
    }
}
