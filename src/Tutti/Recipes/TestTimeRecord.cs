using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Evaluation;
using Tutti.Reports;
using Tutti.Runs;

namespace Tutti.Recipes;

/// <summary>In which ways a member's rows are seen, and what that counts for beside the plain prediction.</summary>
sealed record TestTimeShare(TestTimeConfig Settings, double Weight);

/// <summary>What <c>test-time.json</c> keeps: the share that views of rows have, per member, and what it gained.</summary>
static class TestTimeRecord
{
    /// <param name="members">Those that see rows in several ways: their settings, their share, and how many of the scored rows could be seen otherwise.</param>
    public static void Write(string path, IEnumerable<(string Name, TestTimeConfig Config, SeenShare Share, int Cut)> members) => AtomicFile.Write(path, new JsonObject(
        members.Select(member => KeyValuePair.Create(member.Name, (JsonNode?)new JsonObject
        {
            ["settings"] = RecipeJson.Node(member.Config),
            ["weight"] = member.Share.Weight,
            ["weightByFold"] = new JsonObject(member.Share.ByFold.Select(pair => KeyValuePair.Create(pair.Key.ToString(System.Globalization.CultureInfo.InvariantCulture), (JsonNode?)pair.Value))),
            ["fittedToOtherFolds"] = member.Share.Nested,
            ["rows"] = member.Share.Rows,
            ["cut"] = member.Cut,
            ["logLossGain"] = member.Share.Differences is [{ Name: "" } loss] ? Json(loss.Loss.Reversed) : null,
            ["accuracyGain"] = member.Share.Differences is [{ Name: "" } right] ? Json(right.Value) : null,
            ["answers"] = member.Share.Differences is [{ Name: "" }] ? null : GainsJson.Of(member.Share.Differences),
        }))).ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");

    /// <summary>The share of each member of a recipe, in its order; null where rows are seen in the plain way alone.</summary>
    /// <exception cref="DataException">The record is missing, damaged, or of other settings.</exception>
    public static IReadOnlyList<TestTimeShare?> Shares(Recipe recipe, RunFolder files)
    {
        if (recipe.Members.All(member => !recipe.TestTimeOf(member).Any)) return [.. recipe.Members.Select(_ => (TestTimeShare?)null)];
        var record = Read(files.TestTime);
        return [.. recipe.Members.Select(member =>
        {
            var config = recipe.TestTimeOf(member);
            if (!config.Any) return null;
            if (record[member.Name!] is not JsonObject own || own["weight"] is not JsonValue value || !value.TryGetValue<double>(out var weight) || weight is not (>= 0 and <= 1)
                || !JsonNode.DeepEquals(own["settings"], RecipeJson.Node(config)))
                throw new DataException(files.TestTime, $"says nothing of {member.Name} with the recipe's test-time; repeat tutti train to finish the run");
            return weight > 0 ? new TestTimeShare(config, weight) : null;
        })];
    }

    static JsonObject Read(string path)
    {
        if (!File.Exists(path)) throw new DataException(path, "the file does not exist; repeat tutti train to finish the run");
        try
        {
            return JsonNode.Parse(File.ReadAllText(path)) as JsonObject ?? [];
        }
        catch (JsonException e)
        {
            throw new DataException(path, $"is not valid JSON: {e.Message}; repeat tutti train to write it again", inner: e);
        }
    }

    static JsonObject Json(PairedResult result) => new() { ["value"] = result.Difference.Value, ["low"] = result.Difference.Low, ["high"] = result.Difference.High, ["p"] = result.P };
}
