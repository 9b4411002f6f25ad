using System.Globalization;
using System.Text;
using Tutti.Evaluation;
using Tutti.Predictions;

namespace Tutti.Reports;

/// <summary>What a reader of an exported model should know, as the README.md that model hubs show.</summary>
/// <param name="Name">Of the cell.</param>
/// <param name="Architecture">As transformers calls the class.</param>
/// <param name="Weights">Their number.</param>
/// <param name="Classes">In the order of the logits.</param>
/// <param name="Input">How a text is made of a row's columns; with a second one where the model reads pairs.</param>
/// <param name="MaxLength">Tokens that were read of a text.</param>
/// <param name="Scores">Of the rows that this cell held out; one summary where one class is told.</param>
/// <param name="Facts">Versions, and hashes of the data and of the weights that training began with.</param>
/// <param name="Recipe">The recipe in effect.</param>
public sealed record ModelCard(
    string Name, string Architecture, long Weights, IReadOnlyList<string> Classes, IReadOnlyList<string> Input, int MaxLength, IReadOnlyList<AnswerSummary> Scores, IReadOnlyList<string> Facts, string Recipe)
{
    /// <summary>Of a model in the form of ONNX: what it takes and gives. null for one that transformers reads.</summary>
    public string? Onnx { get; init; }

    /// <summary>What the model says where that is not one class, with the means and spreads of its numbers; else null.</summary>
    public IReadOnlyList<Answer>? Answers { get; init; }

    string Purpose => Answers is null ? string.Create(CultureInfo.InvariantCulture, $"to tell {Classes.Count} classes apart: {string.Join(", ", Classes.Select(Code))}")
        : $"to say of a text: {string.Join("; ", Answers.Select(Said))}";

    static string Said(Answer answer) => answer.Kind switch
    {
        AnswerKind.Class => $"{Code(answer.Name)}, one of {string.Join(", ", answer.Classes.Select(Code))} (softmax of as many logits)",
        AnswerKind.Ordinal => $"{Code(answer.Name)}, one of {string.Join(" < ", answer.Classes.Select(Code))} (of the {answer.OutputCount} outputs o the log-odds of being above each level but the last are a = o[0] less the softplus of the outputs that follow, one more for each level)",
        AnswerKind.Flag => $"{Code(answer.Name)}, yes or no (sigmoid of its logit)",
        _ => string.Create(CultureInfo.InvariantCulture, $"{Code(answer.Name)}, a number ({answer.Mean} + {answer.Spread} times the output)"),
    };

    /// <summary>Markdown with the header that hubs read.</summary>
    public override string ToString()
    {
        var text = new StringBuilder($"---\nlibrary_name: {(Onnx is null ? "transformers" : "onnx")}\npipeline_tag: text-classification\ntags:\n- tutti\n---\n\n");
        void Line(string line = "") => text.Append(line).Append('\n');
        Line($"# {Name}");
        Line();
        Line(string.Create(CultureInfo.InvariantCulture, $"A {Architecture} of {Weights} weights, trained with Tutti {Purpose}."));
        Line();
        Line(string.Create(CultureInfo.InvariantCulture, $"Texts were given as {string.Join(" and, as the second of a pair, ", Input.Select(Code))}, cut after {MaxLength} tokens; an empty column leaves no trace."));
        Line();
        if (Onnx is not null)
        {
            Line(Onnx);
            Line();
        }
        Line("## Scores");
        Line();
        Line(string.Create(CultureInfo.InvariantCulture, $"On {Scores[0].Scores[0].Score.N} rows that this model was not trained on, but by which its checkpoint was chosen, which flatters it a little. 95 % intervals."));
        Line();
        Line("| score | value | from | to |");
        Line("|---|---|---|---|");
        foreach (var (name, score) in Scores.SelectMany(answer => answer.Scores.Select(score => (Answers is null ? score.Name : $"{Cell(answer.Name)}: {score.Name}", score.Score)))) Line($"| {name} | {Number(score.Value)} | {Number(score.Low)} | {Number(score.High)} |");
        Line();
        foreach (var answer in Scores) Tables(answer, Line);
        Line("## Where it comes from");
        Line();
        foreach (var fact in Facts) Line($"- {fact}");
        Line();
        Line("`train` and `test` are SHA-256 of the tables' contents. The recipe:");
        Line();
        // A fence longer than any run of backticks within.
        var fence = new string('`', Math.Max(3, 1 + LongestTicks(Recipe)));
        Line(fence + "yaml");
        Line(Recipe.TrimEnd());
        Line(fence);
        return text.ToString();
    }

    static string Number(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);

    // A name of the data as it stands: between more backticks than it has.
    static string Code(string name)
    {
        var ticks = new string('`', 1 + LongestTicks(name));
        var blank = ticks.Length > 1 || name.Length == 0 ? " " : "";
        return $"{ticks}{blank}{name.ReplaceLineEndings(" ")}{blank}{ticks}";
    }

    static void Tables(AnswerSummary answer, Action<string> line)
    {
        var lines = answer.Classes is { } classes ? classes.Classes.Lines.Select(one => (one.Name, one.Precision, one.Recall, one.F1, one.Support)) : answer.Labels.Select(one => (one.Name, one.Precision, one.Recall, one.F1, one.Support));
        if (answer.Classes is null && answer.Labels.Count == 0) return;
        line($"| {(answer.Classes is null ? "label" : "class")} | precision | recall | F1 | rows |");
        line("|---|---|---|---|---|");
        foreach (var (name, precision, recall, f1, support) in lines) line(string.Create(CultureInfo.InvariantCulture, $"| {Cell(Code(name))} | {Number(precision)} | {Number(recall)} | {Number(f1)} | {support} |"));
        line("");
    }

    static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);

    static int LongestTicks(string text) => text.Split(text.Where(c => c != '`').Distinct().ToArray(), StringSplitOptions.RemoveEmptyEntries).Select(run => run.Length).DefaultIfEmpty().Max();
}
