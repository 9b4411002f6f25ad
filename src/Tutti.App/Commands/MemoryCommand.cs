using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;
using Tutti.Hub;
using Tutti.Recipes;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.App.Commands;

static class MemoryCommand
{
    const long Page = 4096;

    static readonly JsonSerializerOptions indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    static readonly Argument<string> recipe = new("RECIPE") { Description = "The recipe file (YAML)." };
    static readonly Option<string[]> set = new("--set") { Description = "Change a key of the recipe, such as memory=2GB; may be repeated.", HelpName = "k=v" };
    static readonly Option<string?> step = RecipeStep.Option();
    static readonly Option<bool> measure = new("--measure") { Description = "Run one update of each member and compare." };
    static readonly Option<bool> offline = new("--offline") { Description = "Fetch no model: those of the hub are in the cache, or it is an error." };
    static readonly Option<bool> json = new("--json") { Description = "Print JSON." };

    public static Command Make()
    {
        var command = new Command("memory", "What training each member takes: predicted peak, chosen micro-batch, and what would save how much.") { recipe, set, step, measure, offline, json };
        command.SetAction(parsed => Session.Guard(parsed, () => Forecast(Recipe.Load(parsed.GetRequiredValue(recipe), parsed.GetValue(set) ?? []), parsed.GetValue(step), parsed.GetValue(measure), parsed.GetValue(json), parsed.GetValue(offline))));
        return command;
    }

    static int Forecast(Recipe loaded, string? ofStep, bool measured, bool asJson, bool withoutFetching)
    {
        var hub = withoutFetching ? HubSettings.OfUser(offline: true) : null;
        Watch.Run(news =>
        {
            HubModels.Fetch(loaded, hub, news, cancel: Session.Cancel);
            return true;
        });
        var members = RecipeStep.With(loaded, ofStep, asked => MemoryForecast.Of(asked, measured, hub, Session.Cancel).ToArray());
        if (asJson) Show.Line(new JsonArray([.. members.Select(Json)]).ToJsonString(indented));
        else
        {
            foreach (var member in members) Write(member);
            if (members.Any(member => member.Picture is not null)) Show.Out.Write(Cuts(members));
        }
        return 0;
    }

    static void Write(MemberMemory member)
    {
        var m = member.Memory;
        Show.Line(FormattableString.Invariant($"{member.Name}: {member.Weights} weights, batch {member.Config.Batch}, {(member.Picture is null ? FormattableString.Invariant($"longest text {member.Longest} tokens") : $"pictures {Sides(member)}")}, {member.Config.Precision.ToString().ToLowerInvariant()}"));
        Show.Line($"  weights {MemoryStats.Text(m.Weights)}, gradients {MemoryStats.Text(m.Gradients)}, optimizer {MemoryStats.Text(m.Optimizer)}, activations {(member.Picture is null ? $"{MemoryStats.Text(m.ActivationsPerThousand)} per 1000 tokens" : $"{MemoryStats.Text(m.ActivationsPerThousand * member.Longest / 1000)} per picture")}");
        Show.Line($"  predicted peak {MemoryStats.Text(m.Plan.PredictedPeak)} of {MemoryStats.Text(member.Limit)}: {(member.Picture is null ? m.Plan.ToString() : m.Plan.Described(MemoryPlan.Count(member.Pictures)))}");
        if (member.Measured is { } peak) Show.Line(FormattableString.Invariant($"  measured peak {MemoryStats.Text(peak)}: the prediction is {Math.Round(100.0 * (m.Plan.PredictedPeak - peak) / peak, 1):+0.0;-0.0;0.0} % off"));
        Show.Line($"  along one micro-batch, forward and back: {MemoryBars.Of(m.Timeline)}");
        var table = Show.Table("  what would save memory", "peak", "saves", "");
        foreach (var option in member.Options)
            table.AddRow(Show.Cells("  " + option.Change, option.Peak is { } p ? MemoryStats.Text(p) : "does not fit", option.Peak is { } q ? Saved(m.Plan.PredictedPeak - q) : "", option.Note));
        table.Columns[^1].Alignment = Justify.Left;
        Show.Out.Write(table);
    }

    static string Sides(MemberMemory member) => member.Picture is var (width, height) ? FormattableString.Invariant($"{width} x {height}") : "";

    /// <summary>Which networks need what cut, at a glance.</summary>
    static Table Cuts(MemberMemory[] members)
    {
        var table = Show.Table(FormattableString.Invariant($"within {MemoryStats.Text(members[0].Limit)}"), "pictures", "weights", "an update whole, about", "as planned", "an update is");
        foreach (var member in members)
            table.AddRow(Show.Cells(member.Name, Sides(member), FormattableString.Invariant($"{member.Weights / 1e6:0.0} M"), MemoryStats.Text(member.Whole), MemoryStats.Text(member.Memory.Plan.PredictedPeak),
                (member.Pictures >= member.Config.Batch ? FormattableString.Invariant($"{member.Config.Batch} pictures, not cut") : FormattableString.Invariant($"{member.Config.Batch} pictures, {member.Pictures} at a time"))
                + (member.Memory.Plan.Checkpointing ? ", activations again" : "") + (member.Memory.Plan.PagedOptimizer ? ", optimizer in a file" : "")));
        table.Columns[^1].Alignment = Justify.Left;
        return table;
    }

    // The allocator counts pages: less than one is no saving.
    static string Saved(long bytes) => bytes switch { > Page => MemoryStats.Text(bytes), < -Page => $"-{MemoryStats.Text(-bytes)}", _ => "nothing" };

    static JsonNode Json(MemberMemory member) => new JsonObject
    {
        ["member"] = member.Name,
        ["parameters"] = member.Weights,
        ["longest"] = member.Longest,
        ["picture"] = member.Picture is var (width, height) ? new JsonObject { ["width"] = width, ["height"] = height, ["perMicroBatch"] = member.Pictures, ["wholeUpdate"] = member.Whole } : null,
        ["limit"] = member.Limit,
        ["weights"] = member.Memory.Weights,
        ["gradients"] = member.Memory.Gradients,
        ["optimizer"] = member.Memory.Optimizer,
        ["activationsPerThousandTokens"] = member.Memory.ActivationsPerThousand,
        ["plan"] = JsonSerializer.SerializeToNode(member.Memory.Plan, indented),
        ["measuredPeak"] = member.Measured,
        ["options"] = JsonSerializer.SerializeToNode(member.Options, indented),
        ["timeline"] = JsonSerializer.SerializeToNode(member.Memory.Timeline, indented),
    };
}
