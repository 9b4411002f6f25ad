using System.Text.Json.Nodes;

namespace Tutti.Predictions;

/// <summary>What an answer says of a row.</summary>
public enum AnswerKind
{
    /// <summary>One of several classes: a probability for each.</summary>
    Class,

    /// <summary>Whether a label belongs to the row: its probability.</summary>
    Flag,

    /// <summary>A number.</summary>
    Number,

    /// <summary>One of several levels that have an order: a probability for each.</summary>
    Ordinal,
}

/// <summary>One thing that a model says of every row; several stand side by side in its outputs.</summary>
/// <param name="Name">Its column, or the label.</param>
/// <param name="Classes">Names of classes, or of levels from the lowest on, in the order of the probabilities; none for flags and numbers.</param>
/// <param name="Weight">What its loss is multiplied by where several kinds are learnt together.</param>
public sealed record Answer(string Name, AnswerKind Kind, IReadOnlyList<string> Classes, double Weight = 1)
{
    /// <summary>Of a number: the model's output is (value - Mean) / Spread, so that a rate of learning fits any unit.</summary>
    public double Mean { get; init; }

    /// <inheritdoc cref="Mean"/>
    public double Spread { get; init; } = 1;

    /// <summary>Numbers that are said of a row.</summary>
    public int Width => HasClasses ? Classes.Count : 1;

    /// <summary>It says one of several names, whether they have an order or not.</summary>
    public bool HasClasses => Kind is AnswerKind.Class or AnswerKind.Ordinal;

    /// <summary>What its numbers are called in files.</summary>
    public IEnumerable<string> Values => HasClasses ? Classes.Select(name => $"{Name}={name}") : [Name];

    /// <summary>What a model's outputs for it are called in its config: as its numbers, but ordered levels have one less, what tells each but the last from those above it.</summary>
    public IEnumerable<string> Outputs => Kind == AnswerKind.Ordinal ? Classes.Take(Classes.Count - 1).Select(name => $"{Name}>{name}") : Values;

    /// <summary>Outputs of a model for it.</summary>
    public int OutputCount => Kind == AnswerKind.Ordinal ? Classes.Count - 1 : Width;

    /// <summary>Of each answer, the place of its first number in a row.</summary>
    public static int[] Places(IReadOnlyList<Answer> answers) => Places(answers, answer => answer.Width);

    /// <summary>The same of its first output.</summary>
    public static int[] OutputPlaces(IReadOnlyList<Answer> answers) => Places(answers, answer => answer.OutputCount);

    static int[] Places(IReadOnlyList<Answer> answers, Func<Answer, int> width)
    {
        var places = new int[answers.Count];
        for (var i = 1; i < places.Length; i++) places[i] = places[i - 1] + width(answers[i - 1]);
        return places;
    }

    /// <summary>What transformers calls such answers, or null where it has no word for several kinds.</summary>
    public static string? ProblemType(IReadOnlyList<Answer> answers) => answers.All(answer => answer.Kind == AnswerKind.Flag) ? "multi_label_classification"
        : answers.All(answer => answer.Kind == AnswerKind.Number) ? "regression" : answers is [{ Kind: AnswerKind.Class }] ? "single_label_classification" : null;

    /// <summary>Answers as a checkpoint's config keeps them.</summary>
    public static JsonArray ToJson(IEnumerable<Answer> answers) => [.. answers.Select(answer => (JsonNode)new JsonObject
    {
        ["name"] = answer.Name,
        ["kind"] = answer.Kind.ToString().ToLowerInvariant(),
        ["classes"] = new JsonArray([.. answer.Classes.Select(name => (JsonNode)name)]),
        ["weight"] = answer.Weight,
        ["mean"] = answer.Mean,
        ["spread"] = answer.Spread,
    })];

    /// <summary>What <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">The value.</param>
    /// <param name="where">The file, for errors.</param>
    /// <exception cref="DataException">It is something else.</exception>
    public static Answer[] FromJson(JsonNode json, string where)
    {
        try
        {
            return [.. json.AsArray().Select(node => new Answer(node!["name"]!.GetValue<string>(), Enum.Parse<AnswerKind>(node["kind"]!.GetValue<string>(), ignoreCase: true),
                [.. node["classes"]!.AsArray().Select(name => name!.GetValue<string>())], node["weight"]!.GetValue<double>())
            {
                Mean = node["mean"]!.GetValue<double>(),
                Spread = node["spread"]!.GetValue<double>(),
            })];
        }
        catch (Exception e) when (e is InvalidOperationException or NullReferenceException or ArgumentException or FormatException)
        {
            throw new DataException(where, "tutti_answers is damaged; expected a list of name, kind, classes, weight, mean and spread; train the cell again", inner: e);
        }
    }
}
