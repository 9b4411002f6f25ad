using System.CommandLine;
using Tutti;
using Tutti.Bench;
using Tutti.Bench.Scaling;

if (args is [BenchRanks.Word, ..]) return BenchRanks.Follow(args[1..]);

Measurement[] benchmarks =
[
    TrainBench.All, VisionBench.All, new UpdateBench(), new LossBench(), PredictBench.All, TokenizeBench.All, BaselineBench.All, LabelsBench.All, NeighboursBench.All, LmBench.All, DecodeBench.All, new WikiBench(), AttentionBench.All, OptimizerBench.All, MemoryBench.All, StartupBench.All, OpsBench.All,
    new IntervalsBench(), new BlendsBench(), new NoiseBench(), new RatingsBench(), new UlmfitBench(), new FuzzBench(), new PageBench(),
    ReduceBench.All, new ScalingBench(),
];

var name = new Argument<string?>("NAME") { Description = $"{string.Join(", ", benchmarks.Select(one => one.Name))}; left out: lists them with their cases.", Arity = ArgumentArity.ZeroOrOne };
var only = new Option<string?>("--case") { Description = "Run this case alone.", HelpName = "C" };
var rounds = new Option<int?>("--rounds") { Description = "Measured rounds of each side, after one to warm up; 3 unless said. losses, blends, noise and ulmfit have none. Of wikitext2: passes over its text, 4. Of fuzz: changed files, 100000 unless said; of intervals: repetitions, 2000 unless said.", HelpName = "N" };
var json = new Option<bool>("--json") { Description = "One JSON object a line." };
var markdown = new Option<bool>("--markdown") { Description = "A table to paste into a document." };
rounds.Validators.Add(result =>
{
    if (result.Errors.Any() || result.GetValueOrDefault<int?>() is null or >= 1) return;
    result.AddError($"--rounds: got {result.Tokens[0].Value}, expected a whole number from 1");
});
json.Validators.Add(result =>
{
    if (result.GetResult(markdown) is { Implicit: false } && !result.Implicit) result.AddError("--json and --markdown exclude each other");
});

var root = new RootCommand("Measures Tutti: beside a peer, alternately in one run, or (update) part by part beside what the machine's products allow.") { name, only, rounds, json, markdown };
root.SetAction(parsed =>
{
    try
    {
        var format = parsed.GetValue(json) ? Format.Json : parsed.GetValue(markdown) ? Format.Markdown : Format.Text;
        return Run(parsed.GetValue(name), parsed.GetValue(only), parsed.GetValue(rounds), format);
    }
    catch (InputException e)
    {
        Console.Error.WriteLine($"tutti: {e.Message}");
        return 2;
    }
    catch (FuzzException e)
    {
        Console.Error.WriteLine($"tutti: {e.Message}");
        return 1;
    }
});
var parsed = root.Parse(args);
if (parsed.Errors.Count == 0) return parsed.Invoke();
foreach (var error in parsed.Errors) Console.Error.WriteLine($"tutti: {error.Message}");
Console.Error.WriteLine("next: tutti bench --help");
return 2;

int Run(string? wanted, string? wantedCase, int? measured, Format format)
{
    if (wanted?.StartsWith('-') == true) throw Unknown("bench", "option", wanted, ["--case", "--rounds", "--json", "--markdown", "--help"]);
    if (wanted is null)
    {
        if (wantedCase is not null) throw new ConfigException("--case", $"'{wantedCase}' needs the benchmark's name before it: tutti bench NAME --case {wantedCase}");
        foreach (var benchmark in benchmarks) Console.WriteLine($"{benchmark.Name}: {benchmark.About}\n    {string.Join("\n    ", benchmark.Cases)}");
        return 0;
    }
    var chosen = Array.Find(benchmarks, benchmark => benchmark.Name == wanted) ?? throw Unknown("bench", "benchmark", wanted, [.. benchmarks.Select(benchmark => benchmark.Name)]);
    if (wantedCase is not null && !chosen.Cases.Contains(wantedCase)) throw Unknown("--case", $"case of {wanted}", wantedCase, chosen.Cases);
    chosen.Run([.. chosen.Cases.Where(one => wantedCase is null || one == wantedCase)], measured, format);
    return 0;
}

static ConfigException Unknown(string where, string what, string got, IReadOnlyList<string> known) =>
    new(where, $"there is no {what} '{got}'{Nearest.Hint(got, known, "")}\nexpected one of {string.Join(", ", known)}");
