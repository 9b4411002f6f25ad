using System.Text.Json.Nodes;
using Tutti.Evaluation;

namespace Tutti.Reports;

/// <summary>Scores, leaderboard and classes of a report, from the files that a run has written.</summary>
static class ReportScores
{
    static readonly (string Key, string Name, bool Higher)[] known =
        [("accuracy", "accuracy", true), ("macroF1", "F1 macro", true), ("logLoss", "log-loss", false), ("perplexity", "perplexity", false), ("rmse", "RMSE", false), ("mae", "MAE", false), ("ndcg", "NDCG", true), ("recall", "recall", true), ("loss", "loss", false)];

    /// <summary>What the report says first: the accuracy of the run's predictions, or the lowest perplexity.</summary>
    public static JsonObject? Headline(JsonNode? leaderboard, JsonNode? metrics, int unlabelled)
    {
        if (leaderboard is not JsonArray { Count: > 0 } rows) return null;
        var baseline = rows.FirstOrDefault(row => Kind(row!) == "baseline");
        if (metrics?["scores"]?["accuracy"] is { } accuracy)
        {
            var own = rows.FirstOrDefault(row => Kind(row!) == "blend") ?? rows.FirstOrDefault(row => Kind(row!) == "member");
            return Headline("accuracy", own, accuracy, metrics["rows"]!.GetValue<int>(), unlabelled, baseline);
        }
        if (metrics?["answers"] is not null)
        {
            var own = rows.FirstOrDefault(row => Kind(row!) == "blend") ?? rows.FirstOrDefault(row => Kind(row!) == "member");
            return own?["loss"] is { } loss ? Headline("loss", own, loss, loss["n"]?.GetValue<int>() ?? 0, 0, baseline) : null;
        }
        foreach (var (key, name, _) in known.Where(column => column.Key is "rmse" or "ndcg"))
            if (metrics?[key] is JsonObject error) return Headline(name, metrics, error, metrics["rows"]?.GetValue<int>() ?? 0, 0, baseline, key);
        return rows[0]!["perplexity"] is { } perplexity ? Headline("perplexity", rows[0], perplexity, perplexity["n"]?.GetValue<int>() ?? 0, 0, null) : null;
    }

    static JsonObject Headline(string metric, JsonNode? row, JsonNode score, int rows, int unlabelled, JsonNode? baseline, string? key = null) => new()
    {
        ["metric"] = metric,
        ["name"] = row?["name"]?.GetValue<string>() ?? "",
        ["score"] = ReportJson.Score(score),
        ["rows"] = rows,
        ["unlabelled"] = unlabelled,
        ["baseline"] = baseline is null ? null : new JsonObject { ["name"] = baseline["name"]?.GetValue<string>(), ["score"] = ReportJson.Score(baseline[key ?? metric]) },
    };

    /// <summary>The usual scores of the run, and the others that its metrics.json has; those of several answers with the answer's name before.</summary>
    public static (JsonArray Usual, JsonArray More) All(JsonNode? metrics)
    {
        var scores = metrics?["answers"] is JsonArray answers ? answers.SelectMany(answer => Named(answer!, $"{answer!["name"]}: ", UsualOf(answer))).ToArray()
            : metrics?["scores"] is null ? [] : [.. Named(metrics, "", UsualScores.Names(ClassesOf(metrics)))];
        return ([.. scores.Where(score => score.Usual).Select(score => (JsonNode?)score.Score)], [.. scores.Where(score => !score.Usual).Select(score => (JsonNode?)score.Score)]);
    }

    static int ClassesOf(JsonNode? classification) => classification?["classes"] is JsonArray classes ? classes.Count : 2;

    static IReadOnlyList<string> UsualOf(JsonNode answer) => answer["kind"]?.GetValue<string>() switch
    {
        "class" => UsualScores.Names(ClassesOf(answer["classification"])),
        "flag" => LabelSums.Names(MetricChoice.Usual),
        _ => NumberSums.Names(MetricChoice.Usual),
    };

    static IEnumerable<(JsonObject Score, bool Usual)> Named(JsonNode metrics, string before, IReadOnlyList<string> usual) => (metrics["scores"] as JsonObject ?? []).Select(pair =>
    {
        var score = ReportJson.Score(pair.Value);
        score.Insert(0, "name", before + pair.Key);
        return (score, usual.Contains(pair.Key));
    });

    public static JsonObject? Leaderboard(JsonNode? leaderboard)
    {
        if (leaderboard is not JsonArray { Count: > 0 } rows) return null;
        // Accuracy of masked tokens stands beside perplexity.
        var columns = known.Where(column => rows.All(row => row![column.Key] is JsonObject)).OrderByDescending(column => column.Key == "perplexity").ToArray();
        // Of several answers the first score of each.
        var answers = rows.All(row => row!["answers"] is JsonArray) ? rows[0]!["answers"]!.AsArray().Select((answer, i) => (Name: answer!["name"]!.GetValue<string>(), Score: First(rows[0]!, i).Key)).ToArray() : [];
        return new()
        {
            ["columns"] = new JsonArray([.. columns.Select(column => (column.Name, column.Higher)).Concat(answers.Select(answer => ($"{answer.Name}: {answer.Score}", answer.Score is not ("RMSE" or "levels off"))))
                .Select(column => (JsonNode?)new JsonObject { ["name"] = column.Item1, ["higher"] = column.Item2 })]),
            ["rows"] = new JsonArray([.. rows.Select(row => (JsonNode?)new JsonObject
            {
                ["name"] = row!["name"]?.GetValue<string>(),
                ["kind"] = Kind(row),
                ["scores"] = new JsonArray([.. columns.Select(column => (JsonNode?)ReportJson.Score(row[column.Key])), .. answers.Select((_, i) => (JsonNode?)ReportJson.Score(First(row, i).Value))]),
                ["cells"] = row["cells"]?.DeepClone() ?? 1,
                ["seconds"] = ReportJson.Rounded(ReportJson.Number(row["seconds"])),
                ["peakBytes"] = row["peakBytes"]?.DeepClone(),
                ["folds"] = new JsonArray([.. (row["folds"] as JsonArray ?? []).Select(fold => (JsonNode?)Fold(fold!))]),
            })]),
        };
    }

    static KeyValuePair<string, JsonNode?> First(JsonNode row, int answer) => row["answers"]![answer]!["scores"]!.AsObject().First();

    /// <summary>What the blend and test-time views brought, a line for each answer.</summary>
    public static JsonArray Gains(JsonNode? metrics) => metrics?["gains"] is not JsonArray gains ? [] : [.. gains.SelectMany(gain => gain!["differences"]!.AsArray().Select(one => (JsonNode?)new JsonObject
    {
        ["of"] = gain["of"]?.DeepClone(),
        ["over"] = gain["over"]?.DeepClone(),
        ["name"] = one!["name"]?.DeepClone(),
        ["measure"] = one["measure"]?.DeepClone(),
        ["difference"] = ReportJson.Score(one["difference"]),
        ["loss"] = ReportJson.Score(one["loss"]),
    }))];

    /// <summary>What a row of a leaderboard has of one fold.</summary>
    static JsonObject Fold(JsonNode fold) => new()
    {
        ["name"] = fold["name"]?.GetValue<string>(),
        ["rmse"] = ReportJson.Score(fold["rmse"]),
        ["mae"] = ReportJson.Score(fold["mae"]),
        ["seconds"] = ReportJson.Rounded(ReportJson.Number(fold["seconds"])),
    };

    public static JsonArray PerClass(JsonNode? metrics) => metrics?["classes"] is not JsonArray classes ? [] : [.. classes.Select(line => (JsonNode?)new JsonObject
    {
        ["name"] = line!["name"]?.GetValue<string>(),
        ["precision"] = ReportJson.Rounded(ReportJson.Number(line["precision"])),
        ["recall"] = ReportJson.Rounded(ReportJson.Number(line["recall"])),
        ["f1"] = ReportJson.Rounded(ReportJson.Number(line["f1"])),
        ["support"] = line["support"]?.DeepClone(),
    })];

    // A blend is called after its method; baselines have no cells.
    static string Kind(JsonNode row) => row["name"]?.GetValue<string>().StartsWith("blend (", StringComparison.Ordinal) == true ? "blend"
        : row["cells"] is not JsonValue cells || cells.GetValue<int>() > 0 ? "member" : "baseline";
}
