using System.Globalization;
using System.Text.Json.Nodes;
using Tutti.Recipes;
using Tutti.Tests.Evaluation;
using Tutti.Training;

namespace Tutti.Tests.Training;

/// <summary>The recorded schedules again, by the keys of a recipe: what a fit of those settings would use, update by update.</summary>
public sealed class ScheduleRecipeParityTests
{
    const double Float32 = 1e-5, Exact = 1e-12;

    public static TheoryData<string> Files => ScheduleParityTests.Files;

    [Theory, MemberData(nameof(Files))]
    public void A_recipe_comes_to_the_recorded_rates(string file)
    {
        var parity = new Parity(file);
        foreach (var (kind, cases) in Parity.Json(file))
        {
            if (kind is "versions" or "note") continue;
            foreach (var (number, item) in cases!.AsArray().Index())
            {
                var (name, c) = ($"{kind}[{number}]", item!.AsObject());
                switch (kind)
                {
                    case "fit_one_cycle" or "one_cycle_discriminative": OneCycle(parity, name, c); break;
                    case "fit_flat_cos": FlatCosine(parity, name, c); break;
                    case "fit_sgdr": Restarts(parity, name, c); break;
                    case "fine_tune": FineTune(parity, name, c); break;
                    case "slanted_triangular": Slanted(parity, name, c); break;
                    case "hf": HuggingFace(parity, $"{name} {c["kind"]}", c); break;
                    default: parity.NotUnderstood(name); break;
                }
            }
        }
        parity.Finish();
    }

    /// <summary>The training settings of a recipe with these keys.</summary>
    internal static TrainConfig Train(params IEnumerable<(string Key, object? Value)> keys) => Recipe.Parse($$"""
        data: { train: train.csv, text: "{text}", label: target }
        train:
        {{string.Join('\n', keys.Where(pair => pair.Value is not null).Select(pair => string.Create(CultureInfo.InvariantCulture, $"  {pair.Key}: {pair.Value}")))}}
        members: [ { model: some-folder } ]
        """, "/recipes").Train;

    static void OneCycle(Parity parity, string name, JsonObject c)
    {
        var (args, groups) = (c["args"]!, (int)c["param_groups"]!);
        var (first, peak) = args["lr_max"] is JsonObject slice ? (slice["slice"]![0]?.GetValue<double>(), (double)slice["slice"]![1]!) : (null, (double)args["lr_max"]!);
        // slice(last): a tenth for all but the head, which is two groups.
        var tenth = args["lr_max"] is JsonObject && first is null;
        var plan = new RatePlan(Train(("epochs", (int)c["epochs"]!), ("learning-rate", peak), ("schedule", "one-cycle"), ("warmup", 0), ("start-share", Number(args["pct_start"])), ("divisor", Number(args["div"])),
            ("final-divisor", Number(args["div_final"])), ("momentum", args["moms"]?.ToJsonString()), ("first-rate", tenth ? peak / 10 : first)), tenth ? 2 : groups, (int)c["batches_per_epoch"]!);
        parity.True($"{name} updates", plan.Updates == (int)c["total"]!);
        double[] rates = [.. Updates(plan).SelectMany(update => Enumerable.Range(0, groups).Select(group => plan.Rates(update)[tenth ? (group == groups - 1 ? 1 : 0) : group]!.Value))];
        parity.Near($"{name} lr", Parity.Doubles(c["lr"]), rates, Float32, relative: true);
        parity.Near($"{name} mom", Parity.Doubles(c["mom"]), [.. Updates(plan).Select(update => plan.Momentum(update))], Float32, relative: true);
    }

    static void FlatCosine(Parity parity, string name, JsonObject c)
    {
        var args = c["args"]!;
        var plan = new RatePlan(Train(("epochs", (int)c["epochs"]!), ("learning-rate", (double)args["lr"]!), ("schedule", "flat-cosine"), ("warmup", 0), ("start-share", Number(args["pct_start"])), ("final-divisor", Number(args["div_final"]))), 1, (int)c["batches_per_epoch"]!);
        parity.Near($"{name} lr", Parity.Doubles(c["lr_closed_form_f64"]), [.. Updates(plan).Select(update => plan.Rate(update))], Exact, relative: true);
        parity.True($"{name} leaves the momentum alone", Updates(plan).All(update => plan.Momentum(update) == 0.9));
    }

    static void Restarts(Parity parity, string name, JsonObject c)
    {
        var (cycles, length, multiple) = ((int)c["n_cycles"]!, (int)c["cycle_len"]!, (int)c["cycle_mult"]!);
        var epochs = Enumerable.Range(0, cycles).Sum(cycle => length * (int)Math.Pow(multiple, cycle));
        var plan = new RatePlan(Train(("epochs", epochs), ("learning-rate", (double)c["lr_max"]!), ("schedule", "sgdr"), ("warmup", 0), ("cycle-epochs", length), ("cycle-multiple", multiple)), 1, (int)c["batches_per_epoch"]!);
        parity.Near($"{name} lr", Parity.Doubles(c["lr"]), [.. Updates(plan).Select(update => plan.Rate(update))], Float32, relative: true);
    }

    static void FineTune(Parity parity, string name, JsonObject c)
    {
        var (rate, head, spread, steps) = ((double)c["base_lr"]!, (int)c["freeze_epochs"]!, (double)c["lr_mult"]!, c["steps"]!.AsArray());
        var plan = new RatePlan(Train(("epochs", head + (int)c["epochs"]!), ("learning-rate", rate), ("schedule", "one-cycle"), ("unfreeze", $"{{ head-epochs: {head} }}"),
            ("first-rate", spread == 100 ? null : rate / 2 / spread)), steps[0]!["lr"]!.AsArray().Count, (int)c["batches_per_epoch"]!);
        parity.True($"{name} updates", plan.Updates == steps.Count);
        foreach (var (update, step) in steps.Index())
        {
            bool[] trained = [.. step!["requires_grad"]!.AsArray().Select(flag => flag!.GetValue<bool>())];
            var rates = plan.Rates(update);
            parity.True($"{name} learning groups", trained.SequenceEqual(rates.Select(one => one is not null)));
            foreach (var (group, value) in Parity.Doubles(step["lr"]).Index())
                if (trained[group]) parity.Near($"{name} lr", value, rates[group] ?? double.NaN, Float32, relative: true);
            parity.Near($"{name} mom", (double)step["mom"]!, plan.Momentum(update), Float32, relative: true);
        }
    }

    static void Slanted(Parity parity, string name, JsonObject c)
    {
        var (peak, ratio, recorded) = ((double)c["lr_max"]!, (double)c["ratio"]!, Parity.Doubles(c["lr_t0_to_T"]));
        var plan = new RatePlan(Train(("epochs", 1), ("learning-rate", peak), ("schedule", "slanted-triangular"), ("cut-fraction", (double)c["cut_frac"]!), ("ratio", ratio)), 1, (int)c["total"]!);
        // The formula ends below its own lowest rate where total * cut_frac is no whole number: a fit stays at that.
        foreach (var update in Updates(plan)) parity.Near($"{name} lr", Math.Max(peak / ratio, recorded[update]), plan.Rate(update), Exact, relative: true);
    }

    static void HuggingFace(Parity parity, string name, JsonObject c)
    {
        var (args, peak, kind) = (c["args"]!, (double)c["lr"]!, (string)c["kind"]!);
        (string Key, object? Value)[]? keys = kind switch
        {
            "constant" => [("schedule", "constant")],
            "constant_with_warmup" => [("schedule", "constant")],
            "linear" => [("schedule", "linear")],
            "cosine" when args["num_cycles"] is null => [("schedule", "cosine")],
            "cosine" => [],                                    // waves that rise again are no recipe's
            "cosine_with_restarts" => [("schedule", "cosine-restarts"), ("cycles", Number(args["num_cycles"]))],
            "polynomial" => [("schedule", "polynomial"), ("power", Number(args["power"])), ("final-divisor", peak / (Number(args["lr_end"]) ?? 1e-7))],
            "inverse_sqrt" => [("schedule", "inverse-sqrt"), ("timescale", Number(args["timescale"]))],
            _ => null,
        };
        if (keys is null) parity.NotUnderstood(name);
        if (keys is null or []) return;
        var plan = new RatePlan(Train([("epochs", 1), ("learning-rate", peak), ("warmup", (int)c["warmup"]!), .. keys]), 1, (int)c["total"]!);
        parity.Near($"{name} lr", [.. Parity.Doubles(c["lr_used_at_step"]).Take((int)plan.Updates)], [.. Updates(plan).Select(update => plan.Rate(update))], Exact, relative: true);
    }

    static int[] Updates(RatePlan plan) => [.. Enumerable.Range(0, (int)plan.Updates)];

    static double? Number(JsonNode? node) => node?.GetValue<double>();
}
