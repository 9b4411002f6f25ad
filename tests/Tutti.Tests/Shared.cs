namespace Tutti.Tests;

/// <summary>Where the data live that are read but never committed.</summary>
static class Shared
{
    /// <summary>The repository's root: the nearest folder above the test binary that holds Tutti.slnx.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Recorded values of reference implementations: TUTTI_FIXTURES, else ../shared/fixtures, else the committed copies.</summary>
    public static string Fixtures { get; } = Environment.GetEnvironmentVariable("TUTTI_FIXTURES") is { Length: > 0 } set ? set
        : Directory.Exists(Path.Combine(Root, "..", "shared", "fixtures")) ? Path.GetFullPath(Path.Combine(Root, "..", "shared", "fixtures"))
        : Path.Combine(Root, "tests", "Tutti.Tests", "Fixtures");

    /// <summary>The path of a real data file, or a skipped test with the reason.</summary>
    public static string Data(string name)
    {
        var path = Path.GetFullPath(Path.Combine(Root, "..", "shared", "data", name));
        Assert.SkipUnless(File.Exists(path) || Directory.Exists(path), $"real data are not committed and {path} is absent");
        return path;
    }

    /// <summary>A fresh folder that the test may fill; removed when disposed.</summary>
    public static TempFolder Temp() => new();

    static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Tutti.slnx"))) return folder.FullName;
        throw new DirectoryNotFoundException($"no folder above {AppContext.BaseDirectory} holds Tutti.slnx");
    }
}

sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("tutti-").FullName;
    public string File(string name) => System.IO.Path.Combine(Path, name);
    public string Write(string name, string text) { System.IO.File.WriteAllText(File(name), text); return File(name); }
    public string Write(string name, byte[] bytes) { System.IO.File.WriteAllBytes(File(name), bytes); return File(name); }
    public void Dispose() => Directory.Delete(Path, recursive: true);
}
