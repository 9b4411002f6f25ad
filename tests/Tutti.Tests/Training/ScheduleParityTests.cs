using System.Text.Json.Nodes;
using Tutti.Tests.Evaluation;
using Tutti.Training;

namespace Tutti.Tests.Training;

/// <summary>Every case of 04_schedules/*.json; a kind, key or argument nobody understands fails.</summary>
public sealed class ScheduleParityTests
{
    // fastai computes positions in float32; its closed form in float64 is recorded beside it.
    const double Float32 = 1e-5;
    const double Exact = 1e-12;

    public static TheoryData<string> Files => Parity.Files("04_schedules", "*.json");

    [Theory]
    [MemberData(nameof(Files))]
    public void Schedules_equal_the_recorded_reference(string file)
    {
        var parity = new Parity(file);
        foreach (var (kind, cases) in Parity.Json(file))
        {
            if (kind is "versions" or "note") continue;
            foreach (var (number, item) in cases!.AsArray().Index())
            {
                var (name, @case) = ($"{kind}[{number}]", item!.AsObject());
                var understood = kind switch
                {
                    "fit_one_cycle" or "one_cycle_discriminative" => OneCycleCase(parity, name, @case),
                    "fit_flat_cos" => FlatCosineCase(parity, name, @case),
                    "fit_sgdr" => WarmRestartsCase(parity, name, @case),
                    "fine_tune" => FineTuneCase(parity, name, @case),
                    "slanted_triangular" => SlantedCase(parity, name, @case),
                    "hf" => HuggingFaceCase(parity, $"{name} {@case["kind"]}", @case),
                    _ => false,
                };
                if (!understood) parity.NotUnderstood(name);
            }
        }
        parity.Finish();
    }

    static bool OneCycleCase(Parity parity, string name, JsonObject c)
    {
        if (!OnlyKeys(c, "name", "method", "batches_per_epoch", "epochs", "total", "args", "param_groups", "lr", "mom", "pct_train",
                "lr_closed_form_f64", "mom_closed_form_f64", "max_rel_diff_to_closed_form")
            || !OnlyKeys(c["args"]!.AsObject(), "lr_max", "div", "div_final", "pct_start", "moms")) return false;
        var args = c["args"]!;
        var published = new OneCycle();
        var cycle = new OneCycle(Value(args["pct_start"], published.Start), Value(args["div"], published.Divisor),
            Value(args["div_final"], published.FinalDivisor));
        if (args["moms"] is JsonArray moms) cycle = cycle with { Momentum = (Value(moms[0]), Value(moms[1]), Value(moms[2])) };
        var (total, groups) = ((long)Value(c["total"]), (int)Value(c["param_groups"]));
        var peaks = args["lr_max"] is JsonObject slice
            ? Schedule.Groups(slice["slice"]![0]?.GetValue<double>(), Value(slice["slice"]![1]), groups)
            : [Value(args["lr_max"])];
        double[] rates = [.. Steps(c["lr"]).SelectMany(step => peaks.Select(peak => peak * cycle.Factor(step, total)))];
        double[] momenta = [.. Steps(c["mom"]).Select(step => cycle.MomentumAt(step, total))];
        parity.Near($"{name} lr", Parity.Doubles(c["lr"]), rates, Float32, relative: true);
        parity.Near($"{name} mom", Parity.Doubles(c["mom"]), momenta, Float32, relative: true);
        if (c["lr_closed_form_f64"] is { } exact) parity.Near($"{name} closed form", Parity.Doubles(exact), rates, Exact, relative: true);
        if (c["mom_closed_form_f64"] is { } exactMomentum) parity.Near($"{name} closed form mom", Parity.Doubles(exactMomentum), momenta, Exact,
            relative: true);
        if (args.AsObject().Count == 1 && peaks.Length == 1)
            parity.Near($"{name} by kind", rates, [.. Steps(c["lr"]).Select(step => peaks[0] * Schedule.Factor(ScheduleKind.OneCycle, step, total, 0))], 0);
        return true;
    }

    static bool FlatCosineCase(Parity parity, string name, JsonObject c)
    {
        if (!OnlyKeys(c, "name", "method", "batches_per_epoch", "epochs", "total", "args", "param_groups", "lr", "mom", "pct_train", "lr_closed_form_f64",
            "max_rel_diff_to_closed_form")
            || !OnlyKeys(c["args"]!.AsObject(), "lr", "pct_start", "div_final")) return false;
        var (args, total) = (c["args"]!, (long)Value(c["total"]));
        double[] rates = [.. Steps(c["lr"]).Select(step => Value(args["lr"]) * Schedule.FlatCosine(step, total, Value(args["pct_start"], 0.75),
            Value(args["div_final"], 1e5)))];
        parity.Near($"{name} lr", Parity.Doubles(c["lr"]), rates, Float32, relative: true);
        parity.Near($"{name} closed form", Parity.Doubles(c["lr_closed_form_f64"]), rates, Exact, relative: true);
        parity.True($"{name} leaves the momentum alone", Parity.Doubles(c["mom"]).Distinct().Count() == 1);
        return true;
    }

    static bool WarmRestartsCase(Parity parity, string name, JsonObject c)
    {
        if (!OnlyKeys(c, "batches_per_epoch", "n_cycles", "cycle_len", "cycle_mult", "lr_max", "lr")) return false;
        var first = (long)(Value(c["cycle_len"]) * Value(c["batches_per_epoch"]));
        double[] rates = [.. Steps(c["lr"]).Select(step => Value(c["lr_max"]) * Schedule.WarmRestarts(step, first, (int)Value(c["cycle_mult"])))];
        parity.Near($"{name} lr", Parity.Doubles(c["lr"]), rates, Float32, relative: true);
        return true;
    }

    static bool FineTuneCase(Parity parity, string name, JsonObject c)
    {
        if (!OnlyKeys(c, "batches_per_epoch", "epochs", "base_lr", "freeze_epochs", "lr_mult", "steps")) return false;
        var batches = (long)Value(c["batches_per_epoch"]);
        var tune = new FineTune(Value(c["base_lr"]), batches * (long)Value(c["freeze_epochs"]), batches * (long)Value(c["epochs"]), Value(c["lr_mult"]));
        foreach (var (step, item) in c["steps"]!.AsArray().Index())
        {
            if (!OnlyKeys(item!.AsObject(), "lr", "mom", "requires_grad")) return false;
            bool[] trained = [.. item["requires_grad"]!.AsArray().Select(flag => flag!.GetValue<bool>())];
            parity.Near($"{name} lr", Parity.Doubles(item["lr"]), tune.Rates(step, trained.Length), Float32, relative: true);
            parity.Near($"{name} mom", [Value(item["mom"])], [tune.Momentum(step)], Float32, relative: true);
            parity.True($"{name} frozen groups", trained.SequenceEqual(trained.Select((_, g) => g == trained.Length - 1 || !tune.OnlyLastGroup(step))));
        }
        return true;
    }

    static bool SlantedCase(Parity parity, string name, JsonObject c)
    {
        if (!OnlyKeys(c, "name", "total", "lr_max", "cut_frac", "ratio", "cut", "lr_t0_to_T", "formula")) return false;
        double[] rates = [.. Steps(c["lr_t0_to_T"]).Select(step =>
            Value(c["lr_max"]) * Schedule.SlantedTriangle(step, (long)Value(c["total"]), Value(c["cut_frac"]), Value(c["ratio"])))];
        parity.Near($"{name} lr", Parity.Doubles(c["lr_t0_to_T"]), rates, Exact, relative: true);
        return true;
    }

    static bool HuggingFaceCase(Parity parity, string name, JsonObject c)
    {
        if (!OnlyKeys(c, "kind", "total", "warmup", "lr", "args", "lr_used_at_step")
            || !OnlyKeys(c["args"]!.AsObject(), "num_cycles", "power", "lr_end", "timescale")) return false;
        var (args, peak, total, warmup) = (c["args"]!, Value(c["lr"]), (long)Value(c["total"]), (long)Value(c["warmup"]));
        Func<long, double>? factor = c["kind"]!.GetValue<string>() switch
        {
            "constant" => step => Schedule.Constant(step, 0),
            "constant_with_warmup" => step => Schedule.Constant(step, warmup),
            "linear" => step => Schedule.Linear(step, total, warmup),
            "cosine" => step => Schedule.Cosine(step, total, warmup, Value(args["num_cycles"], 0.5)),
            "cosine_with_restarts" => step => Schedule.CosineRestarts(step, total, warmup, (int)Value(args["num_cycles"], 1)),
            "polynomial" => step => Schedule.Polynomial(step, total, warmup, Value(args["power"], 1), Value(args["lr_end"], 1e-7) / peak),
            "inverse_sqrt" => step => Schedule.InverseSquareRoot(step, warmup, (long)Value(args["timescale"], 0)),
            _ => null,
        };
        if (factor is null) return false;
        var recorded = Parity.Doubles(c["lr_used_at_step"]);
        parity.Near($"{name} lr", recorded, [.. Steps(c["lr_used_at_step"]).Select(step => peak * factor(step))], Exact, relative: true);
        ScheduleKind? kind = c["kind"]!.GetValue<string>() switch
        {
            "constant_with_warmup" => ScheduleKind.Constant,
            "linear" => ScheduleKind.Linear,
            "cosine" => ScheduleKind.Cosine,
            _ => null
        };
        if (kind is { } named && args.AsObject().Count == 0)
            for (var step = 0; step <= total; step++) parity.Near($"{name} by kind", recorded[step], peak * Schedule.Factor(named, step, total, warmup),
                Exact, relative: true);
        return true;
    }

    static IEnumerable<long> Steps(JsonNode? list) => Enumerable.Range(0, list!.AsArray().Count).Select(step => (long)step);

    static double Value(JsonNode? node, double missing = double.NaN) => node?.GetValue<double>() ?? missing;

    static bool OnlyKeys(JsonObject found, params string[] known) => found.All(pair => known.Contains(pair.Key));
}
