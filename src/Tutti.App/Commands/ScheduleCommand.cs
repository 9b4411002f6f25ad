using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;
using Tutti.Recipes;
using Tutti.Reports.Plots;

namespace Tutti.App.Commands;

static class ScheduleCommand
{
    const string Marks = "123456789abcdefghijklmnopqrstuvwxyz";

    static readonly JsonSerializerOptions indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    static readonly Argument<string> recipe = new("RECIPE") { Description = "The recipe file (YAML)." };
    static readonly Option<string[]> set = new("--set") { Description = "Change a key of the recipe, such as train.schedule=one-cycle; may be repeated.", HelpName = "k=v" };
    static readonly Option<string?> member = new("--member") { Description = "One member alone.", HelpName = "NAME" };
    static readonly Option<string?> step = RecipeStep.Option();
    static readonly Option<string?> output = new("--out") { Description = "Also draw an SVG file; of several members each gets its name in the file's.", HelpName = "FILE.svg" };
    static readonly Option<bool> json = new("--json") { Description = "Print JSON: the rates of every layer group and the momentum, for every update." };

    public static Command Make()
    {
        var command = new Command("schedule", "Draw the learning rates that training would use: by layer group, with the momentum, and when which layers learn.") { recipe, set, step, member, output, json };
        command.SetAction(parsed => Session.Guard(parsed, () =>
        {
            var loaded = Recipe.Load(parsed.GetRequiredValue(recipe), parsed.GetValue(set) ?? []);
            Watch.Fetch(loaded);
            var members = RecipeStep.With(loaded, parsed.GetValue(step), asked => ScheduleForecast.Of(asked, parsed.GetValue(member), cancel: Session.Cancel));
            if (parsed.GetValue(json)) Show.Line(new JsonArray([.. members.Select(Json)]).ToJsonString(indented));
            else
                foreach (var one in members) Write(one);
            if (parsed.GetValue(output) is { } path)
                foreach (var one in members) Draw(one, members.Count == 1 ? path : Path.ChangeExtension(path, $"{one.Name}{Path.GetExtension(path)}"), parsed.GetValue(json));
            return 0;
        }, "nothing was written"));
        return command;
    }

    static void Write(MemberSchedule member)
    {
        var (plan, config) = (member.Plan, member.Config);
        Show.Line(FormattableString.Invariant($"{member.Name}: {member.Schedule}, learning rate {LinePlot.Number(config.LearningRate)}, {plan.Updates} updates ({config.Epochs} epochs of {plan.PerEpoch})"));
        if (member.Note is { } note) Show.Warning($"{member.Name}: {note}");
        var rates = Updates(plan.Updates, 400).Select(update => (Update: update, Rates: plan.Rates(update), Momentum: plan.Momentum(update))).ToArray();
        // Groups with the same rates throughout are one curve.
        var curves = Enumerable.Range(0, plan.Groups).GroupBy(group => (plan.Factor(group), plan.Begins(group)))
            .Select(same => (Mark: Marks[Math.Min(same.Last(), Marks.Length - 1)], Group: same.Last())).ToArray();
        foreach (var line in LinePlot.Lines([.. curves.Select(curve => new LinePlot.Curve(curve.Mark, [.. rates.Select(at => ((double)at.Update, at.Rates[curve.Group] ?? double.NaN))]))], "update", "learning rate")) Show.Line(line);
        if (rates.Any(at => at.Momentum != rates[0].Momentum))
            foreach (var line in LinePlot.Lines([new('m', [.. rates.Select(at => ((double)at.Update, at.Momentum))])], "update", "momentum (beta1)")) Show.Line(line);
        var table = Show.Table("", "layer group", "weights", "learns from", "share", "highest rate", "last rate");
        table.Columns[1].Alignment = Justify.Left;
        for (var group = plan.Groups - 1; group >= 0; group--)
        {
            var own = rates.Select(at => at.Rates[group]).OfType<double>().ToArray();
            table.AddRow(Show.Cells(Marks[Math.Min(group, Marks.Length - 1)].ToString(), member.Groups[group], FormattableString.Invariant($"{member.Weights[group]}"),
                own.Length == 0 ? "never" : FormattableString.Invariant($"update {plan.Begins(group) + 1}, epoch {(plan.Begins(group) / plan.PerEpoch) + 1}"),
                FormattableString.Invariant($"{plan.Factor(group):0.####}"), own.Length == 0 ? "" : LinePlot.Number(own.Max()), own.Length == 0 ? "" : LinePlot.Number(own[^1])));
        }
        Show.Out.Write(table);
    }

    static void Draw(MemberSchedule member, string path, bool quiet)
    {
        var plan = member.Plan;
        var updates = Updates(plan.Updates, 2000);
        RatePlots.WriteSchedule(path, $"{member.Name}: {member.Schedule}",
            [.. Enumerable.Range(0, plan.Groups).Select(group => new RateCurve(member.Groups[group], [.. updates.Select(update => ((double)update, plan.Rates(update)[group] ?? double.NaN))]))]);
        if (!quiet) Show.Line($"plot: {path}");
    }

    static JsonNode Json(MemberSchedule member)
    {
        var plan = member.Plan;
        var rates = Enumerable.Range(0, (int)plan.Updates).Select(update => plan.Rates(update)).ToArray();
        return new JsonObject
        {
            ["member"] = member.Name,
            ["schedule"] = member.Schedule,
            ["learningRate"] = member.Config.LearningRate,
            ["updates"] = plan.Updates,
            ["updatesPerEpoch"] = plan.PerEpoch,
            ["epochs"] = member.Config.Epochs,
            ["note"] = member.Note,
            ["groups"] = new JsonArray([.. Enumerable.Range(0, plan.Groups).Select(group => (JsonNode)new JsonObject
            {
                ["name"] = member.Groups[group],
                ["weights"] = member.Weights[group],
                ["share"] = plan.Factor(group),
                ["learnsFrom"] = plan.Begins(group) < plan.Updates ? plan.Begins(group) : null,
                ["rates"] = new JsonArray([.. rates.Select(at => (JsonNode?)at[group])]),
            })]),
            ["momentum"] = new JsonArray([.. Enumerable.Range(0, rates.Length).Select(update => (JsonNode)plan.Momentum(update))]),
        };
    }

    /// <summary>At most so many updates, evenly, with the first and the last.</summary>
    static long[] Updates(long all, int most) => all <= most ? [.. Enumerable.Range(0, (int)all).Select(update => (long)update)]
        : [.. Enumerable.Range(0, most).Select(i => (long)Math.Round((double)i / (most - 1) * (all - 1)))];
}
