using System.Globalization;
using System.Text;
using Tutti.Evaluation;

namespace Tutti.Reports;

/// <summary>What a reader of an exported model should know, as the README.md that model hubs show.</summary>
/// <param name="Name">Of the cell.</param>
/// <param name="Architecture">As transformers calls the class.</param>
/// <param name="Weights">Their number.</param>
/// <param name="Classes">In the order of the logits.</param>
/// <param name="Input">How a text is made of a row's columns; with a second one where the model reads pairs.</param>
/// <param name="MaxLength">Tokens that were read of a text.</param>
/// <param name="Scores">Of the rows that this cell held out.</param>
/// <param name="Facts">Versions, and hashes of the data and of the weights that training began with.</param>
/// <param name="Recipe">The recipe in effect.</param>
public sealed record ModelCard(
    string Name, string Architecture, long Weights, IReadOnlyList<string> Classes, IReadOnlyList<string> Input, int MaxLength, EvaluationSummary Scores, IReadOnlyList<string> Facts, string Recipe)
{
    /// <summary>Of a model in the form of ONNX: what it takes and gives. null for one that transformers reads.</summary>
    public string? Onnx { get; init; }

    /// <summary>Markdown with the header that hubs read.</summary>
    public override string ToString()
    {
        var text = new StringBuilder($"---\nlibrary_name: {(Onnx is null ? "transformers" : "onnx")}\npipeline_tag: text-classification\ntags:\n- tutti\n---\n\n");
        void Line(string line = "") => text.Append(line).Append('\n');
        Line($"# {Name}");
        Line();
        Line(string.Create(CultureInfo.InvariantCulture, $"A {Architecture} of {Weights} weights, trained with Tutti to tell {Classes.Count} classes apart: {string.Join(", ", Classes.Select(Code))}."));
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
        Line(string.Create(CultureInfo.InvariantCulture, $"On {Scores.Rows} rows that this model was not trained on, but by which its checkpoint was chosen, which flatters it a little. 95 % intervals."));
        Line();
        Line("| score | value | from | to |");
        Line("|---|---|---|---|");
        foreach (var (name, score) in Scores.Scores) Line($"| {name} | {Number(score.Value)} | {Number(score.Low)} | {Number(score.High)} |");
        Line();
        Line("| class | precision | recall | F1 | rows |");
        Line("|---|---|---|---|---|");
        foreach (var line in Scores.Classes.Lines) Line(string.Create(CultureInfo.InvariantCulture, $"| {Code(line.Name).Replace("|", "\\|", StringComparison.Ordinal)} | {Number(line.Precision)} | {Number(line.Recall)} | {Number(line.F1)} | {line.Support} |"));
        Line();
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

    static int LongestTicks(string text) => text.Split(text.Where(c => c != '`').Distinct().ToArray(), StringSplitOptions.RemoveEmptyEntries).Select(run => run.Length).DefaultIfEmpty().Max();
}
