using System.Diagnostics;
using System.Globalization;
using Tutti.Recipes;
using Tutti.Tables;
using Tutti.Text;

namespace Tutti.Bench;

/// <summary>
/// Wall time of whole commands, from the start of the process to its end, the launcher included. Beside the prediction stands what PyTorch takes
/// to be imported and no more: the least that a Python program for the same could take.
/// </summary>
static class StartupBench
{
    const int Long = 100_000;

    /// <param name="Limit">Seconds that it may take, or null.</param>
    /// <param name="Rows">Of the predicted file; 0: no file is predicted.</param>
    /// <param name="Python">The peer's program, or null for none.</param>
    sealed record Case(string Name, double? Limit, int Rows, string? Python);

    static readonly Case[] cases = [new("help", 0.15, 0, null), new("predict-10", 2.5, 10, "import torch"), new("predict-100k", null, Long, null)];

    public static Benchmark All { get; } = new("startup", "wall time of whole commands; peer of the prediction of ten rows: python3 -c 'import torch'", "s", false, [.. cases.Select(one => one.Name)], Run);

    static Outcome Run(string name, int rounds)
    {
        var one = Array.Find(cases, one => one.Name == name)!;
        using var folder = new TemporaryFolder("tutti-bench-");
        string[] command = one.Rows == 0 ? ["--help"] : ["predict", "--run", Trained(folder), "--data", Rows(folder, one.Rows), "--out", folder.File("out.csv")];
        List<Round> ours = [], theirs = [];
        string? skipped = one.Python is null ? "there is none that does the same" : null;
        var watch = new Watch();
        for (var round = 0; round <= rounds; round++)
        {
            Console.Error.WriteLine(round == 0 ? $"{name}: warming up" : FormattableString.Invariant($"{name}: round {round} of {rounds}"));
            if (round == 1) watch.Begin(null);
            ours.Add(watch.Ours(null, () => Timed(Launcher(), command)!));
            if (skipped is not null) continue;
            if (Timed(Peer.Interpreter, "-c", one.Python!) is { } their) theirs.Add(their);
            else (skipped, theirs) = ($"{Peer.Interpreter} -c '{one.Python}' fails", []);
        }
        var facts = new Dictionary<string, string> { ["limit"] = one.Limit is { } limit ? limit.ToString("0.00", CultureInfo.InvariantCulture) : "" };
        return new(name, ours[1..], theirs.Count > 0 ? theirs[1..] : [], $"python3 -c '{one.Python}'", "as installed", skipped, watch.End(null), Facts: facts);
    }

    /// <summary>A process's wall time; null when it fails, unless it is ours.</summary>
    static Round? Timed(string program, params string[] arguments)
    {
        var clock = Stopwatch.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
        if (process.ExitCode == 0) return new(seconds);
        return program == Peer.Interpreter ? null : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: exit code {process.ExitCode}: {error.GetAwaiter().GetResult()}");
    }

    /// <summary>A small run: two layers of 128, trained for one epoch on the shipped rows.</summary>
    static string Trained(TemporaryFolder folder)
    {
        var before = Environment.GetEnvironmentVariable(TokenCache.Variable);
        Environment.SetEnvironmentVariable(TokenCache.Variable, "off");
        try
        {
            File.WriteAllText(folder.File("recipe.yaml"), $$"""
                data: { train: {{Sample("train.csv")}}, text: "{keyword} | {location} | {text}", label: target, id: id, validation: 0.2 }
                train: { batch: 16, epochs: 1, learning-rate: 1e-3, max-length: 96 }
                members: [{ model: { kind: bert, layers: 2, hidden: 128, heads: 2, vocabulary: 1500 } }]
                """);
            new Run(Recipe.Load(folder.File("recipe.yaml")), folder.File("run")).Train();
            return folder.File("run");
        }
        finally
        {
            Environment.SetEnvironmentVariable(TokenCache.Variable, before);
        }
    }

    /// <summary>The shipped test rows, again and again with ids of their own.</summary>
    static string Rows(TemporaryFolder folder, int count)
    {
        var table = Table.Read(Sample("test.csv"));
        TableWriter.Write(folder.File("rows.csv"), table.Columns, writer =>
        {
            for (var row = 0; row < count; row++)
                writer.Row([.. table.Columns.Select(column => column == "id" ? row.ToString(CultureInfo.InvariantCulture) : table[row % table.Count, column])]);
        });
        return folder.File("rows.csv");
    }

    static string Launcher() => Path.Combine(Peer.Root(), "tutti");

    static string Sample(string name) => Path.Combine(Peer.Root(), "samples", "disaster", name);
}
