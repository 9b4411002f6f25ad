using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Recommend;
using Tutti.Runs;
using Tutti.Tables;
using Tutti.Torch;

namespace Tutti.Recipes;

/// <summary>One member with one seed, trained or read from where an earlier run left it.</summary>
/// <param name="Member">Its settings.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Folder">Where it is kept.</param>
sealed record RatingsCell(RatingsMember Member, int Seed, CellFolder Folder)
{
    static readonly JsonSerializerOptions indented = new() { WriteIndented = true };

    public string Name => FormattableString.Invariant($"{Member.Name} seed {Seed}");

    public RatingModelKind Kind => RatingModels.Named(Member.Model, Member.Name!);

    /// <summary>All cells of a recipe.</summary>
    public static RatingsCell[] Of(RatingsRecipe recipe, RunFolder files) => [.. from member in recipe.Members from seed in member.Seeds select new RatingsCell(member, seed, files.Cell(member.Name!, seed, 0))];

    /// <summary>A hash over everything that decides what the cell learns.</summary>
    string Fingerprint(RatingsRecipe recipe, RatingsOpen data) => RecipeJson.Hash(new
    {
        Data = recipe.Data with { Train = data.Hash, Valid = null, Items = null, Users = null },
        recipe.Seed,
        Member = Member with { Name = null, Seeds = Member.Search is null ? [Seed] : [Member.Seeds[0], Seed] },
    });

    /// <summary>Whether an earlier run has trained it.</summary>
    public bool IsFinished(RatingsRecipe recipe, RatingsOpen data) => File.Exists(Folder.Metrics) && File.Exists(Path.Combine(Folder.Checkpoint, "model.safetensors")) && Metrics()["fingerprint"]?.ToString() == Fingerprint(recipe, data);

    public JsonNode Metrics() => JsonNode.Parse(File.ReadAllText(Folder.Metrics))!;

    public RatingModel Load() => Kind.Load(Folder.Checkpoint);

    /// <summary>Trains it and writes its folder; <c>metrics.json</c> comes last and marks it finished.</summary>
    public RatingModel Train(RatingsRecipe recipe, RatingsOpen data, RatingSettings chosen, Device device, IProgress<RunNews>? news, CancellationToken cancel)
    {
        if (File.Exists(Folder.Metrics)) File.Delete(Folder.Metrics);
        var begun = Stopwatch.GetTimestamp();
        List<double> losses = [];
        var model = Kind.Train(data.Train, chosen with
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
        Kind.Save(model, Folder.Checkpoint);
        var held = ErrorScores.Predictions(model, data.Held);
        TableWriter.Write(Folder.Predictions, ["line", "user", "item", "rating", "prediction"], writer => Rows(writer, data, held));
        AtomicFile.Write(Folder.Metrics, new JsonObject
        {
            ["fingerprint"] = Fingerprint(recipe, data),
            ["chosen"] = JsonSerializer.SerializeToNode(new { chosen.Factors, chosen.Epochs, chosen.LearningRate, chosen.WeightDecay, chosen.Regularization }, RecipeJson.Options),
            ["losses"] = new JsonArray([.. losses.Select(loss => (JsonNode?)(double.IsNaN(loss) ? null : loss))]),
            ["rmse"] = Kind.Ranks ? null : Math.Sqrt(data.Held.Values.Zip(held, (truth, predicted) => ((double)predicted - truth) * (predicted - truth)).Average()),
            ["seconds"] = seconds,
        }.ToJsonString(indented) + "\n");
        return model;
    }

    /// <summary>Writes held-out rows with a prediction each.</summary>
    internal static void Rows(TableWriter writer, RatingsOpen data, float[] predictions)
    {
        string? Name(NameIndex names, int number) => number < 0 ? null : names[number];
        for (var row = 0; row < data.Held.Count; row++)
            writer.Add(data.HeldLines[row]).Add(Name(data.Users, data.Held.Users[row])).Add(Name(data.Items, data.Held.Items[row])).Add(data.Held.Values[row]).Add(predictions[row]).EndRow();
    }

    /// <summary>Progress that is told at once and in order.</summary>
    sealed class Told(Action<RatingEpoch> to) : IProgress<RatingEpoch>
    {
        public void Report(RatingEpoch value) => to(value);
    }
}
