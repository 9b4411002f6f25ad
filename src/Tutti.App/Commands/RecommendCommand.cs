using System.CommandLine;
using System.Text.Json.Nodes;
using Tutti.Recipes;
using Tutti.Recommend;

namespace Tutti.App.Commands;

static class RecommendCommand
{
    static readonly Option<string> run = new("--run") { Description = "The folder of a finished run of task ratings.", HelpName = "DIR", Required = true };
    static readonly Option<string?> user = new("--user") { Description = "A user of the data, as the ratings name them.", HelpName = "ID" };
    static readonly Option<string?> ratings = new("--ratings") { Description = "What a newcomer rated: a file with the recipe's columns for items and ratings.", HelpName = "FILE" };
    static readonly Option<int> top = new("--top") { Description = "How many items.", HelpName = "n", DefaultValueFactory = _ => 10 };
    static readonly Option<bool> json = new("--json") { Description = "Print JSON." };

    public static Command Make()
    {
        var command = new Command("recommend", "Items for a user of a run of task ratings, or for a newcomer with a few ratings, and why; nobody is recommended what they have rated.") { run, user, ratings, top, json };
        command.SetAction(parsed => Session.Guard(parsed, () => Recommend(parsed.GetRequiredValue(run), parsed.GetValue(user), parsed.GetValue(ratings), parsed.GetValue(top), parsed.GetValue(json))));
        return command;
    }

    static int Recommend(string folder, string? user, string? file, int count, bool asJson)
    {
        if (user is null == file is null) throw new ConfigException("--user", "state --user ID for a user of the data, or --ratings FILE for a newcomer, and not both");
        if (count < 1) throw new ConfigException("--top", FormattableString.Invariant($"got {count}, expected a whole number from 1"));
        var trained = TrainedRatings.Open(folder);
        var found = user is not null ? trained.Recommender.For(trained.User(user), count) : ForNewcomer(trained, file!, count);
        if (asJson) Show.Line(new JsonArray([.. found.Select(one => (JsonNode)Json(trained, one))]).ToJsonString(new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        else ShowRatings.Recommendations(trained, found);
        return 0;
    }

    static IReadOnlyList<Recommendation> ForNewcomer(TrainedRatings trained, string file, int count)
    {
        var (items, ratings, strangers) = trained.Newcomer(file);
        if (strangers > 0) Show.Warning(FormattableString.Invariant($"{strangers} rows of {file} are of items that the run does not know, and count for nothing"));
        return trained.Recommender.ForNew(items, ratings, count) ?? throw new ConfigException("--ratings", "no model of this run can take newcomers in; train one that can, such as dot-bias");
    }

    static JsonObject Json(TrainedRatings trained, Recommendation one)
    {
        JsonArray Titles(IEnumerable<int> items) => [.. items.Select(item => (JsonNode)trained.Titles[item])];
        return new()
        {
            ["item"] = trained.Items[one.Item],
            ["title"] = trained.Titles[one.Item],
            ["rating"] = one.Rating,
            ["near"] = new JsonArray([.. one.Near.Select(near => (JsonNode)new JsonObject { ["item"] = trained.Items[near.Item], ["title"] = trained.Titles[near.Item], ["similarity"] = near.Similarity, ["rating"] = near.Rating })]),
            ["because"] = new JsonArray([.. one.Because.Select(axis => (JsonNode)new JsonObject { ["axis"] = axis.Axis + 1, ["towards"] = Titles(axis.Towards), ["away"] = Titles(axis.Away), ["adds"] = axis.Adds })]),
        };
    }
}
