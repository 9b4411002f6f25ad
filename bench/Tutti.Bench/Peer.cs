using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tutti.Bench;

/// <summary>The peer cannot be started, or ended before it answered; the message says why and what to do.</summary>
sealed class PeerException(string message) : Exception(message);

/// <summary>
/// A Python program of bench/peers as a co-process: its first line says what is in effect, then every JSON line it is given is answered with
/// one. Between answers it waits on its input and computes nothing.
/// </summary>
sealed class Peer : IDisposable
{
    const string Python = "/usr/bin/python3";

    readonly Process process;
    readonly List<string> errors = [];

    /// <param name="script">A file of bench/peers.</param>
    /// <param name="arguments">Its command line.</param>
    /// <exception cref="PeerException">No Python, or it cannot import what the peer needs.</exception>
    public Peer(string script, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Interpreter)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in (IEnumerable<string>)[Path.Combine(Folder(), script), .. arguments]) start.ArgumentList.Add(argument);
        AtItsBest(start.Environment);
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new PeerException($"{start.FileName} cannot be started ({e.Message}); {Install}");
        }
        process.ErrorDataReceived += (_, line) =>
        {
            lock (errors) errors.Add(line.Data ?? "");
        };
        process.BeginErrorReadLine();
        try
        {
            Ready = Answer();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The Python that peers run in.</summary>
    public static string Interpreter => Environment.GetEnvironmentVariable("TUTTI_PYTHON") is { Length: > 0 } other ? other : Python;

    static string Install => "install it: apt-get install python3-torch python3-sklearn libopenblas0-openmp libtcmalloc-minimal4";

    /// <summary>What is in effect: the peer's first line.</summary>
    public JsonObject Ready { get; }

    /// <summary>Processor seconds it has used.</summary>
    public double CpuSeconds
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime.TotalSeconds;
        }
    }

    /// <summary>"1.13" of the torch it runs.</summary>
    public string Torch => string.Join('.', ((string?)Ready["torch"] ?? "?").Split('.').Take(2));

    /// <summary>How it was run, for a table's foot.</summary>
    public string Conditions => FormattableString.Invariant($"{(int?)Ready["threads"]} threads, {(string?)Ready["blas"]}, {(string?)Ready["allocator"]}");

    /// <summary>Gives it one command and waits for its answer.</summary>
    /// <exception cref="PeerException">It ended instead.</exception>
    public JsonObject Ask(JsonObject command)
    {
        process.StandardInput.WriteLine(command.ToJsonString());
        process.StandardInput.Flush();
        return Answer();
    }

    public void Dispose()
    {
        process.StandardInput.Close();                        // the end of its input ends it
        if (!process.WaitForExit(TimeSpan.FromSeconds(5))) process.Kill(entireProcessTree: true);
        process.Dispose();
    }

    JsonObject Answer()
    {
        if (process.StandardOutput.ReadLine() is { } line)
        {
            try
            {
                if (JsonNode.Parse(line) is JsonObject answer) return answer;
            }
            catch (JsonException)
            {
                throw new PeerException($"the peer answered '{line}', expected a JSON object");
            }
        }
        process.WaitForExit();                                // also waits for the rest of its errors
        string last;
        lock (errors) last = errors.LastOrDefault(text => text.Length > 0) ?? "";
        throw new PeerException(last.StartsWith("ModuleNotFoundError", StringComparison.Ordinal)
            ? $"{process.StartInfo.FileName}: {last}; {Install}"
            : FormattableString.Invariant($"the peer ended with code {process.ExitCode}{(last.Length > 0 ? ": " + last : process.ExitCode == 137 ? " (killed: not enough memory?)" : "")}"));
    }

    // What a default installation lacks: see bench/peers/README.md.
    static void AtItsBest(IDictionary<string, string?> environment)
    {
        if (Find("openblas-openmp") is { } blas) environment["LD_LIBRARY_PATH"] = blas;
        environment.Remove("GOMP_SPINCOUNT");                 // the launcher's choice for ours; the peer has its default
        if (Find("libtcmalloc_minimal.so.4") is { } allocator) environment["LD_PRELOAD"] = allocator;
    }

    static string? Find(string name) => Directory.Exists("/usr/lib")
        ? Directory.EnumerateDirectories("/usr/lib", "*-linux-gnu").Select(folder => Path.Combine(folder, name)).FirstOrDefault(Path.Exists) : null;

    static string Folder() => Path.Combine(Root(), "bench", "peers");

    /// <summary>The repository: the program lies somewhere below it.</summary>
    public static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Directory.Exists(Path.Combine(folder.FullName, "bench", "peers"))) return folder.FullName;
        throw new PeerException($"there is no folder bench/peers above {AppContext.BaseDirectory}");
    }
}
