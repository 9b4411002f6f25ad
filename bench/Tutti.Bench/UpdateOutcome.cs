using System.Text.Json.Nodes;
using Tutti.Training;

namespace Tutti.Bench;

/// <summary>What the update benchmark found for one case, and how it is printed.</summary>
sealed record UpdateOutcome(TrainCase Case, UpdateWork Work, IReadOnlyList<UpdateRound> Rounds, Surroundings Surroundings)
{
    static readonly (string Head, Func<UpdateRound, double> Of)[] columns =
    [
        ("update by Learner", round => round.Learner), ("update under the clock", round => round.Parts.Update), ("forward", round => round.Parts.Forward), ("backward", round => round.Parts.Backward),
        ("optimizer", round => round.Parts.Optimizer), ("preparation", round => round.Parts.Preparation), ("other", round => round.Parts.Other),
    ];

    static readonly (string Name, Func<UpdateRound, Sweep> Of)[] types = [("fp32", round => round.Fp32), ("bf16", round => round.Bf16)];

    /// <summary>Prints the tables of several cases.</summary>
    public static void Print(IReadOnlyList<UpdateOutcome> outcomes, Format format)
    {
        Console.WriteLine("update, ms on average over a pass of updates; median of the rounds (least..most)\n");
        Grid.Print([["case", .. columns.Select(column => column.Head)], .. outcomes.Select(one => (string[])[one.Case.Name, .. columns.Select(column => one.Spread(column.Of))])], format);
        Console.WriteLine("rates of the update's matrix products, attention's included, in GFLOP/s\n");
        Grid.Print([["case", "GFLOP per update", "forward", "backward", "whole update"], .. outcomes.Select(one => one.Rates())], format);
        Console.WriteLine("the linear layers' products alone, at the same shapes; share: their time over that of Learner's whole update\n");
        Grid.Print([["case", "products in", "ms per update", "forward y = x W^T", "dX = dY W", "dW = dY^T X", "share", "2048^3 GFLOP/s", "share of 2048^3"],
            .. outcomes.SelectMany(one => types.Select(type => one.Ceiling(type.Name, type.Of)))], format);
        Console.WriteLine("GFLOP/s of the products alone, over all rows of a layer's shape: forward, dX, dW\n");
        Grid.Print([["case", "rows", "inputs x outputs", .. types.Select(type => type.Name)], .. outcomes.SelectMany(one => one.Shapes())], format);
        Grid.Notes([.. Machine.Notes(), .. outcomes.Select(one => FormattableString.Invariant($"{one.Case.Name}: measured rounds {one.Rounds.Count}; cores kept busy by other processes {one.Surroundings.Others:0.00}"))], format);
    }

    public JsonObject Json()
    {
        var own = Case.Precision == Precision.Bf16 ? types[1].Of : types[0].Of;
        var json = new JsonObject { ["bench"] = "update", ["case"] = Case.Name, ["unit"] = "ms", ["rounds"] = Rounds.Count };
        foreach (var (head, of) in columns) json[head.Replace(' ', '_')] = Figures.Rounded(Median(of));
        json["gflop_per_update"] = Figures.Rounded(Work.Gflop);
        json["forward_gflops"] = Figures.Rounded(Median(round => 1000 * Work.Forward / round.Parts.Forward));
        json["backward_gflops"] = Figures.Rounded(Median(round => 1000 * Work.Backward / round.Parts.Backward));
        json["update_gflops"] = Figures.Rounded(Median(round => 1000 * Work.Gflop / round.Learner));
        json["share_of_products"] = Figures.Rounded(Median(round => own(round).Products.Sum / round.Learner));
        json["share_of_large_product"] = Figures.Rounded(Median(round => 1000 * Work.Gflop / round.Learner / own(round).Large));
        foreach (var (name, of) in types)
        {
            json[$"products_{name}_ms"] = Figures.Rounded(Median(round => of(round).Products.Sum));
            json[$"large_product_{name}_gflops"] = Figures.Rounded(Median(round => of(round).Large));
        }
        if (double.IsFinite(Surroundings.Others)) json["cores_busy_by_others"] = Math.Round(Surroundings.Others, 2);
        return json;
    }

    double Median(Func<UpdateRound, double> of) => Figures.Median(Rounds.Select(of));

    string Spread(Func<UpdateRound, double> of) => Figures.Spread([.. Rounds.Select(of)]);

    string[] Rates() =>
    [
        Case.Name, Figures.Number(Work.Gflop), Spread(round => 1000 * Work.Forward / round.Parts.Forward), Spread(round => 1000 * Work.Backward / round.Parts.Backward),
        Spread(round => 1000 * Work.Gflop / round.Learner),
    ];

    string[] Ceiling(string name, Func<UpdateRound, Sweep> of) =>
    [
        Case.Name, name, Spread(round => of(round).Products.Sum), Spread(round => of(round).Products.Forward), Spread(round => of(round).Products.Inputs), Spread(round => of(round).Products.Weights),
        Figures.Percent(Median(round => of(round).Products.Sum / round.Learner)), Spread(round => of(round).Large), Figures.Percent(Median(round => 1000 * Work.Gflop / round.Learner / of(round).Large)),
    ];

    /// <summary>Layers that differ in their rows alone, together.</summary>
    IEnumerable<string[]> Shapes()
    {
        foreach (var group in Work.Layers.Select((layer, i) => (layer.Shape, layer.Count, Index: i)).GroupBy(layer => (layer.Shape.Inputs, layer.Shape.Outputs, Head: layer.Shape.Rows <= Case.Batch)))
        {
            if (group.Key.Head) continue;                     // the pooler and the classifier, a thousandth of the work
            var (least, most) = (group.Min(layer => layer.Shape.Rows), group.Max(layer => layer.Shape.Rows));
            yield return
            [
                Case.Name, least == most ? FormattableString.Invariant($"{least}") : FormattableString.Invariant($"{least}..{most}"), FormattableString.Invariant($"{group.Key.Inputs} x {group.Key.Outputs}"),
                .. types.Select(type => $"{Rate(type.Of, time => time.Forward)}, {Rate(type.Of, time => time.Inputs)}, {Rate(type.Of, time => time.Weights)}"),
            ];

            string Rate(Func<UpdateRound, Sweep> of, Func<ProductTimes, double> part) =>
                Figures.Number(Median(round => group.Sum(layer => layer.Count * layer.Shape.Flops) / group.Sum(layer => layer.Count * part(of(round).Times[layer.Index])) / 1e6));
        }
    }
}
