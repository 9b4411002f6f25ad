using System.Diagnostics;

namespace Tutti.Tests.Samples;

/// <summary>
/// A file-based app of samples/, compiled as <c>dotnet run</c> would and run in a folder that looks like the repository's root. Compiling with
/// the SDK's compiler takes a few seconds; <c>dotnet run</c> itself restores and builds the whole library again, which a test marked slow does.
/// </summary>
static class Sample
{
    // What ImplicitUsings stands for.
    const string Usings = "global using System; global using System.IO; global using System.Linq; global using System.Collections.Generic; "
        + "global using System.Threading; global using System.Threading.Tasks; global using System.Net.Http;";

    static readonly DirectoryInfo dotnet = new FileInfo(typeof(object).Assembly.Location).Directory!.Parent!.Parent!.Parent!;

    /// <summary>Compiles a sample into a folder beside links to the library's files, and returns the program.</summary>
    public static async Task<string> Compile(string file, TempFolder to)
    {
        var compiler = Newest("sdk", Path.Combine("Roslyn", "bincore", "csc.dll"));
        var reference = Newest(Path.Combine("packs", "Microsoft.NETCore.App.Ref"), Path.Combine("ref", "net10.0"));
        Assert.SkipWhen(compiler is null || reference is null, $"the .NET 10 SDK is not in {dotnet.FullName}, only a runtime");
        foreach (var part in Directory.EnumerateFiles(AppContext.BaseDirectory, "*").Where(part => part.EndsWith(".dll", StringComparison.Ordinal) || part.Contains(".so", StringComparison.Ordinal)))
            if (!File.Exists(to.File(Path.GetFileName(part)))) File.CreateSymbolicLink(to.File(Path.GetFileName(part)), part);
        var program = to.File(Path.GetFileNameWithoutExtension(file) + ".sample.dll");
        var (code, output) = await Run(to.Path, "dotnet", [compiler!, "-nologo", "-nostdlib", "-langversion:latest", "-nullable:enable", "-warnaserror", "-features:FileBasedProgram",
            $"-out:{program}", .. Directory.EnumerateFiles(reference!, "*.dll").Select(dll => $"-r:{dll}"), $"-r:{to.File("Tutti.dll")}",
            to.Write("Usings.cs", Usings), Path.Combine(Shared.Root, "samples", file)]);
        Assert.True(code == 0, $"{file} does not compile\n{output}");
        return program;
    }

    /// <summary>Runs a compiled sample; fails when it does not end with 0.</summary>
    public static async Task<string> Start(string program, string workingFolder, params string[] args)
    {
        var settings = Path.Combine(AppContext.BaseDirectory, "Tutti.Tests.runtimeconfig.json");
        var (code, output) = await Run(workingFolder, "dotnet", ["exec", "--runtimeconfig", settings, program, .. args]);
        Assert.True(code == 0, $"{Path.GetFileName(program)} ended with exit code {code}\n{output}");
        return output;
    }

    public static async Task<(int Code, string Output)> Run(string folder, string program, IEnumerable<string> args)
    {
        var start = new ProcessStartInfo(program is "dotnet" ? Path.Combine(dotnet.FullName, "dotnet") : program, args)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        try
        {
            var cancel = TestContext.Current.CancellationToken;
            var (output, error) = (process.StandardOutput.ReadToEndAsync(cancel), process.StandardError.ReadToEndAsync(cancel));
            await process.WaitForExitAsync(cancel);
            return (process.ExitCode, await output + await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    // The newest version 10 of a part of the SDK.
    static string? Newest(string folder, string part) => new DirectoryInfo(Path.Combine(dotnet.FullName, folder)) is { Exists: true } found
        ? found.EnumerateDirectories("10.*").OrderBy(version => Version.TryParse(version.Name.Split('-')[0], out var number) ? number : new())
            .Select(version => Path.Combine(version.FullName, part)).LastOrDefault(Path.Exists) : null;
}
