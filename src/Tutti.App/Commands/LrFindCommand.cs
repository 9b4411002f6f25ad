using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;
using Tutti.Recipes;
using Tutti.Reports.Plots;
using Tutti.Training;

namespace Tutti.App.Commands;

static class LrFindCommand
{
    static readonly RateRange usual = new();
    static readonly JsonSerializerOptions indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    static readonly Argument<string> recipe = new("RECIPE") { Description = "The recipe file (YAML)." };
    static readonly Option<string[]> set = new("--set") { Description = "Change a key of the recipe, such as train.batch=16; may be repeated.", HelpName = "k=v" };
    static readonly Option<string?> member = new("--member") { Description = "One member alone.", HelpName = "NAME" };
    static readonly Option<string?> step = RecipeStep.Option();
    static readonly Option<double> first = new("--first") { Description = "The rate of the first update.", HelpName = "RATE", DefaultValueFactory = _ => usual.First };
    static readonly Option<double> last = new("--last") { Description = "The rate towards which it rises.", HelpName = "RATE", DefaultValueFactory = _ => usual.Last };
    static readonly Option<int> updates = new("--updates") { Description = "Updates of a sweep.", HelpName = "N", DefaultValueFactory = _ => usual.Updates };
    static readonly Option<bool> head = new("--head") { Description = "Only the head learns, as in the first epoch of unfreeze." };
    static readonly Option<string?> output = new("--out") { Description = "Also draw an SVG file; of several members each gets its name in the file's.", HelpName = "FILE.svg" };
    static readonly Option<bool> json = new("--json") { Description = "Print JSON." };

    public static Command Make()
    {
        var command = new Command("lr-find", "Find a learning rate: short trainings with rising rates, three seeds of each member, and what they suggest. No model or run is changed.") { recipe, set, step, member, first, last, updates, head, output, json };
        command.SetAction(parsed => Session.Guard(parsed, () =>
        {
            var range = new RateRange(parsed.GetValue(first), parsed.GetValue(last), parsed.GetValue(updates));
            range.Check();
            var loaded = Recipe.Load(parsed.GetRequiredValue(recipe), parsed.GetValue(set) ?? []);
            Watch.Fetch(loaded);
            return RecipeStep.With(loaded, parsed.GetValue(step), asked => Find(asked, range, parsed));
        }, "nothing was written"));
        return command;
    }

    static int Find(Recipe asked, RateRange range, ParseResult parsed)
    {
        List<JsonNode> all = [];
        foreach (var found in RateFinder.Of(asked, range, parsed.GetValue(member), parsed.GetValue(head), news: new Told(), cancel: Session.Cancel))
        {
            if (parsed.GetValue(json)) all.Add(Json(found, range));
            else Write(found);
            if (parsed.GetValue(output) is not { } path) continue;
            path = parsed.GetValue(member) is not null || asked.Members.Count == 1 ? path : Path.ChangeExtension(path, $"{found.Name}{Path.GetExtension(path)}");
            Draw(found, path);
            if (!parsed.GetValue(json)) Show.Line($"plot: {path}");
        }
        if (parsed.GetValue(json)) Show.Line(new JsonArray([.. all]).ToJsonString(indented));
        return 0;
    }

    static void Write(MemberRates found)
    {
        Show.Line(FormattableString.Invariant($"{found.Name}: {found.Sweeps.Count} sweeps over {found.Rows} rows, {found.Config.Batch} per update"));
        foreach (var line in LinePlot.Lines([.. found.Sweeps.Select((sweep, i) => new LinePlot.Curve((char)('1' + i), [.. Shown(sweep)]))], "learning rate", "smoothed loss", logarithmic: true)) Show.Line(line);
        var table = Show.Table("", "valley", "steepest", "minimum / 10", "slide", "ended at");
        foreach (var (i, sweep) in found.Sweeps.Index())
            table.AddRow(Show.Cells([FormattableString.Invariant($"{i + 1}: seed {sweep.Seed}"), .. Numbers(sweep.Suggestions), $"{(sweep.Rates.Count == 0 ? "once" : LinePlot.Number(sweep.Rates[^1]))}{(sweep.Diverged ? ", diverged" : "")}"]));
        table.AddRow(Show.Cells(["median", .. Numbers(found.Median), ""]));
        Show.Out.Write(table);
        if (found.Median is { } median) Show.Line(FormattableString.Invariant($"to try: --set train.learning-rate={LinePlot.Number(median.Valley)}"));
        else Show.Warning($"{found.Name}: the sweeps ended too early to suggest anything; lower --first, or raise --updates");
    }

    /// <summary>Until the loss is far above where it began: what comes then would flatten the rest.</summary>
    static IEnumerable<(double X, double Y)> Shown(SweepResult sweep)
    {
        if (sweep.Smoothed.Count == 0) return [];
        var (low, begun) = (sweep.Smoothed.Min(), sweep.Smoothed[0]);
        return sweep.Rates.Zip(sweep.Smoothed).TakeWhile(point => point.Second <= begun + (0.6 * Math.Max(begun - low, 0.1 * Math.Abs(begun)))).Select(point => (point.First, point.Second));
    }

    static string[] Numbers(RateSuggestions? of) => of is null ? ["", "", "", ""]
        : [LinePlot.Number(of.Valley), LinePlot.Number(of.Steepest), LinePlot.Number(of.MinimumTenth), of.Slide is { } slide ? LinePlot.Number(slide) : ""];

    static void Draw(MemberRates found, string path) => RatePlots.WriteSweep(path, $"{found.Name}: loss against learning rate",
        [.. found.Sweeps.Select(sweep => new RateCurve(FormattableString.Invariant($"seed {sweep.Seed}"), [.. Shown(sweep)]))], found.Median is { } median ? [("valley", median.Valley), ("steepest", median.Steepest)] : []);

    static JsonObject Json(MemberRates found, RateRange range) => new JsonObject
    {
        ["member"] = found.Name,
        ["rows"] = found.Rows,
        ["batch"] = found.Config.Batch,
        ["range"] = new JsonObject { ["first"] = range.First, ["last"] = range.Last, ["updates"] = range.Updates },
        ["median"] = Json(found.Median),
        ["sweeps"] = new JsonArray([.. found.Sweeps.Select(sweep => (JsonNode)new JsonObject
        {
            ["seed"] = sweep.Seed,
            ["diverged"] = sweep.Diverged,
            ["suggestions"] = Json(sweep.Suggestions),
            ["rates"] = Array(sweep.Rates),
            ["losses"] = Array(sweep.Losses),
            ["smoothed"] = Array(sweep.Smoothed),
        })]),
    };

    static JsonArray Array(IReadOnlyList<double> numbers) => [.. numbers.Select(number => (JsonNode)number)];

    static JsonObject? Json(RateSuggestions? of) => of is null ? null : new() { ["valley"] = of.Valley, ["steepest"] = of.Steepest, ["minimumTenth"] = of.MinimumTenth, ["slide"] = of.Slide };

    /// <summary>One line now and then on standard error.</summary>
    sealed class Told : IProgress<SweepNews>
    {
        public void Report(SweepNews value)
        {
            if (value.Update % 25 == 0) Session.Error.WriteLine(FormattableString.Invariant($"{value.Member} seed {value.Seed}: update {value.Update} of {value.Updates}, rate {LinePlot.Number(value.Rate)}, loss {value.Loss:0.0000}"));
        }
    }
}
