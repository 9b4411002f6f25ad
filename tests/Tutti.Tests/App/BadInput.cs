using Tutti.Tests.Recipes;

namespace Tutti.Tests.App;

/// <summary>A workplace for one bad input: recipe, data and a finished run, and afterwards the proof that nothing was left behind.</summary>
sealed class BadInput : IDisposable
{
    readonly TempFolder temp = Shared.Temp();
    readonly Stack<MountedDisk> mounts = [];

    public BadInput() => TinyRun.Write(temp);

    /// <summary>A file or folder of the workplace.</summary>
    public string At(string name) => temp.File(name);

    public void Write(string name, string text) => temp.Write(name, text);
    public void Write(string name, byte[] bytes) => temp.Write(name, bytes);

    /// <summary>Changes a text file.</summary>
    public void Edit(string name, Func<string, string> change) => Write(name, change(File.ReadAllText(At(name))));

    /// <summary>A file system of its own, or the test is skipped where none can be mounted.</summary>
    public string Mount(string name, string options)
    {
        mounts.Push(new(At(name), options));
        return At(name);
    }

    /// <summary>The command line is wrong input and leaves every file as it was.</summary>
    public void Refused(string[] args, params string[] naming)
    {
        var before = Snapshot();
        CommandLine.Run(args).IsWrongInput(naming);
        Assert.Equal(before, Snapshot());
    }

    /// <summary>Training the workplace's recipe is refused.</summary>
    public void TrainRefused(IEnumerable<string> settings, params string[] naming) =>
        Refused(["train", At("recipe.yaml"), "--run", At("run"), .. settings.SelectMany(setting => new[] { "--set", setting })], naming);

    public void Dispose()
    {
        while (mounts.TryPop(out var mount)) mount.Dispose();
        temp.Dispose();
    }

    string[] Snapshot() => [.. Directory.EnumerateFileSystemEntries(temp.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        .Select(path => Directory.Exists(path) ? path : $"{path} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path)))}")];
}
