using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Recommend;
using Tutti.Runs;
using Tutti.Tables;
using Tutti.Torch;

namespace Tutti.Recipes;

/// <summary>One member with one seed and, where there are several, of one fold; trained or read from where an earlier run left it.</summary>
/// <param name="Member">Its settings.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Part">Which part of the data it learns, from 0.</param>
/// <param name="Fold">The part's name; null where it is the only one.</param>
/// <param name="Folder">Where it is kept.</param>
sealed record RatingsCell(RatingsMember Member, int Seed, int Part, string? Fold, CellFolder Folder)
{
    static readonly JsonSerializerOptions indented = new() { WriteIndented = true };

    /// <summary>What it shares with the cells of other folds.</summary>
    public string Group => FormattableString.Invariant($"{Member.Name} seed {Seed}");

    public string Name => Fold is null ? Group : $"{Group} fold {Fold}";

    public RatingModelKind Kind => RatingModels.Named(Member.Model, Member.Name!);

    /// <summary>All cells of a recipe, those of a member and a seed side by side.</summary>
    public static RatingsCell[] Of(RatingsRecipe recipe, RunFolder files) =>
        [.. from member in recipe.Members from seed in member.Seeds from part in recipe.Data.Divisions.Index() select new RatingsCell(member, seed, part.Index, part.Item.Fold, files.Cell(member.Name!, seed, part.Index))];

    /// <summary>A hash over everything that decides what the cell learns.</summary>
    string Fingerprint(RatingsRecipe recipe, RatingsOpen data) => RecipeJson.Hash(new
    {
        Data = recipe.Data with { Train = data.Hash, Valid = null, Folds = [], Items = null, Users = null },
        Part,
        recipe.Seed,
        Member = Member with { Name = null, Seeds = Member.Search is null ? [Seed] : [Member.Seeds[0], Seed] },
    });

    /// <summary>Whether an earlier run has trained it.</summary>
    public bool IsFinished(RatingsRecipe recipe, RatingsOpen data) => File.Exists(Folder.Metrics) && RatingModels.IsIn(Folder.Checkpoint) && Metrics()["fingerprint"]?.ToString() == Fingerprint(recipe, data);

    public JsonNode Metrics() => JsonNode.Parse(File.ReadAllText(Folder.Metrics))!;

    public RatingModel Load() => RatingModels.Load(Folder.Checkpoint, Kind.Name);

    /// <summary>Trains it and writes its folder; <c>metrics.json</c> comes last and marks it finished.</summary>
    public RatingModel Train(RatingsRecipe recipe, RatingsOpen data, RatingSettings chosen, Device device, IProgress<RunNews>? news, CancellationToken cancel)
    {
        if (File.Exists(Folder.Metrics)) File.Delete(Folder.Metrics);
        var begun = Stopwatch.GetTimestamp();
        List<double> losses = [];
        var part = data.Parts[Part];
        var model = Kind.Train(part.Train, chosen with
        {
            Seed = Seed,
            Device = device,
            Cancel = cancel,
            Progress = new Told(epoch =>
            {
                losses.Add(epoch.Loss);
                news?.Report(new NoteNews(FormattableString.Invariant($"{Name}: epoch {epoch.Epoch} of {epoch.Of}{(double.IsNaN(epoch.Loss) ? "" : FormattableString.Invariant($", loss {epoch.Loss:0.0000}"))}")));
            }),
        });
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        RatingModels.Save(Folder.Checkpoint, model);
        var held = Kind.Ranks ? ErrorScores.Predictions(model, part.Held) : recipe.Data.Expected(model, part.Held);
        Write(Folder.Predictions, data, [(part, held)]);
        AtomicFile.Write(Folder.Metrics, new JsonObject
        {
            ["fingerprint"] = Fingerprint(recipe, data),
            ["chosen"] = JsonSerializer.SerializeToNode(new { chosen.Factors, chosen.Epochs, chosen.LearningRate, chosen.WeightDecay, chosen.Regularization }, RecipeJson.Options),
            ["losses"] = new JsonArray([.. losses.Select(loss => (JsonNode?)(double.IsNaN(loss) ? null : loss))]),
            ["rmse"] = Kind.Ranks ? null : Math.Sqrt(part.Held.Values.Zip(held, (truth, predicted) => ((double)predicted - truth) * (predicted - truth)).Average()),
            ["seconds"] = seconds,
        }.ToJsonString(indented) + "\n");
        return model;
    }

    /// <summary>Writes held-out rows with a prediction each; which fold held them out, where there are several.</summary>
    internal static void Write(string path, RatingsOpen data, IReadOnlyList<(RatingsPart Part, float[] Predictions)> parts) =>
        TableWriter.Write(path, [.. data.Parts.Count > 1 ? ["fold"] : Array.Empty<string>(), "line", "user", "item", "rating", "prediction"], writer =>
        {
            string? Name(NameIndex names, int number) => number < 0 ? null : names[number];
            foreach (var (part, predictions) in parts)
                for (var row = 0; row < part.Held.Count; row++)
                {
                    if (part.Fold is not null) writer.Add(part.Fold);
                    writer.Add(part.HeldLines[row]).Add(Name(data.Users, part.Held.Users[row])).Add(Name(data.Items, part.Held.Items[row])).Add(part.Held.Values[row]).Add(predictions[row]).EndRow();
                }
        });

    /// <summary>Progress that is told at once and in order.</summary>
    sealed class Told(Action<RatingEpoch> to) : IProgress<RatingEpoch>
    {
        public void Report(RatingEpoch value) => to(value);
    }
}
