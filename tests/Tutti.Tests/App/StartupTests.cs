using System.Diagnostics;

namespace Tutti.Tests.App;

/// <summary>What a process loads, as the dynamic linker tells it.</summary>
public sealed class StartupTests
{
    [Theory]
    [InlineData(false, "--help")]
    [InlineData(false, "train", "--help")]
    [InlineData(false, "predict", "--run", "r")]
    [InlineData(true, "doctor")]
    public async Task Help_and_wrong_use_load_no_library_of_the_engine(bool loads, params string[] args)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "libraries are listed by the linker of Linux");
        using var temp = Shared.Temp();
        var start = CommandLine.AsProcess(1, args);
        (start.Environment["LD_DEBUG"], start.Environment["LD_DEBUG_OUTPUT"]) = ("files", temp.File("loaded"));
        using var process = Process.Start(start)!;
        var outcome = await CommandLine.Ended(process);
        Assert.Equal(args[^1] == "r" ? 2 : 0, outcome.Code);
        var loaded = string.Concat(Directory.GetFiles(temp.Path).Select(File.ReadAllText));
        Assert.Contains("libcoreclr", loaded, StringComparison.Ordinal);                   // the list is that of our process
        Assert.All(["libtutti_native", "libtorch", "libblas", "libgomp"], library => Assert.Equal(loads, loaded.Contains(library, StringComparison.Ordinal)));
    }
}
