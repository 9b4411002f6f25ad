using System.Diagnostics;

namespace Tutti.Tests.Launcher;

/// <summary>
/// A small copy of the project with the real launcher, on a machine of stubs: a dotnet that logs its calls and "builds" by
/// writing the programs, a package manager that writes files under a system folder of its own, and only the tools named here.
/// </summary>
sealed class Sandbox : IDisposable
{
    static readonly string[] tools =
        ["bash", "env", "readlink", "dirname", "find", "sort", "sha256sum", "flock", "mkdir", "rm", "mv", "cat", "grep", "head", "tail", "sed", "awk", "touch", "sleep"];

    static readonly string[] places = ["/usr/bin", "/bin", "/usr/local/bin"];

    readonly TempFolder folder = Shared.Temp();

    public Sandbox()
    {
        foreach (var path in new[] { "tree/src/Tutti.App", "tree/tests", "bin", "home", "caller" }) Directory.CreateDirectory(folder.File(path));
        File.Copy(Path.Combine(Shared.Root, "tutti"), folder.File("tree/tutti"));
        folder.Write("tree/Tutti.slnx", "<Solution/>");
        folder.Write("tree/src/Tutti.App/Program.cs", "return 0;");
        foreach (var tool in tools) File.CreateSymbolicLink(folder.File($"bin/{tool}"), Find(tool));
        Stub("dotnet", $"""
            echo "$*" >> {folder.File("calls")}
            case $1 in
                --list-sdks) echo "10.0.100 [/sdk]" ;;
                build)
                    sleep 0.2
                    for name in Tutti.App Tutti.Tests Tutti.Bench; do
                        mkdir -p artifacts/bin/$name/release; touch artifacts/bin/$name/release/$name.dll
                    done ;;
                *Tutti.App.dll) pwd; echo "LD_LIBRARY_PATH=$LD_LIBRARY_PATH"; echo "$(env | grep ^GOMP_SPINCOUNT= || echo GOMP_SPINCOUNT=unset)"; exit 7 ;;
            esac
            """);
        foreach (var tool in new[] { "cmake", "g++", "node", "npm" }) Stub(tool, "");
        foreach (var file in SystemFiles.Keys) Install(file);
        Install(Renderer);
        Install(Pictures);
    }

    /// <summary>What draws plots as PNG; only that needs it.</summary>
    public static string Renderer => $"usr/lib/{Machine}-linux-gnu/librsvg-2.so.2";

    /// <summary>What reads pictures; only they need it.</summary>
    public static string Pictures => "usr/include/vips/vips.h";

    /// <summary>File that the launcher looks for, and its package.</summary>
    public static Dictionary<string, string> SystemFiles { get; } = new()
    {
        [$"usr/lib/{Machine}-linux-gnu/cmake/Torch/TorchConfig.cmake"] = "libtorch-dev",
        ["usr/include/oneapi/dnnl/dnnl.hpp"] = "libdnnl-dev",
        ["usr/include/gloo/config.h"] = "libgloo-dev",
        [$"usr/lib/{Machine}-linux-gnu/openblas-openmp/libblas.so.3"] = "libopenblas0-openmp",
    };

    public static string Machine => System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture
        is System.Runtime.InteropServices.Architecture.Arm64 ? "aarch64" : "x86_64";

    public string Tree => folder.File("tree");
    public string Caller => folder.File("caller");
    public string SystemRoot => folder.File("system");
    public Dictionary<string, string> Environment { get; } = [];

    /// <summary>The arguments of each call of dotnet, one per line, without the look at its SDKs.</summary>
    public string[] Calls => File.Exists(folder.File("calls"))
        ? [.. File.ReadLines(folder.File("calls")).Where(line => line != "--list-sdks")] : [];

    public string[] Builds => [.. Calls.Where(line => line.StartsWith("build ", StringComparison.Ordinal))];

    public void Stub(string name, string body)
    {
        if (OperatingSystem.IsWindows()) throw new PlatformNotSupportedException("the launcher is a bash script");
        var path = folder.Write($"bin/{name}", $"#!{Find("bash")}\n{body}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public void Forget(string tool) => File.Delete(folder.File($"bin/{tool}"));

    public void Install(string file)
    {
        var path = Path.Combine(SystemRoot, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "");
    }

    public void Uninstall(string file) => File.Delete(Path.Combine(SystemRoot, file));

    public Task<Outcome> Run(params string[] arguments) => RunAs(Path.Combine(Tree, "tutti"), arguments);

    /// <summary>Starts the launcher by this path, from a folder that is not the project's.</summary>
    public async Task<Outcome> RunAs(string path, params string[] arguments)
    {
        var start = new ProcessStartInfo(path, arguments)
        {
            WorkingDirectory = Caller,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment.Clear();
        start.Environment["PATH"] = folder.File("bin");
        start.Environment["HOME"] = folder.File("home");
        start.Environment["TUTTI_SYSTEM"] = SystemRoot;
        foreach (var (name, value) in Environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new(process.ExitCode, await output, await error);
    }

    public void Dispose() => folder.Dispose();

    static string Find(string tool) => places.Select(place => Path.Combine(place, tool)).FirstOrDefault(File.Exists)
        ?? throw new FileNotFoundException($"the launcher needs {tool}, which is in none of the usual places");
}

sealed record Outcome(int Code, string Output, string Error)
{
    public string LastLine => Output.TrimEnd().Split('\n')[^1];
}
