using System.Globalization;
using System.Text;

namespace Tutti.Evaluation;

/// <summary>One class of a <see cref="ClassReport"/>.</summary>
/// <param name="Support">Rows that truly are of the class.</param>
public sealed record ClassLine(string Name, double Precision, double Recall, double F1, int Support);

/// <summary>Precision, recall, F1 and number of rows per class, in the order of the classes.</summary>
public sealed record ClassReport(IReadOnlyList<ClassLine> Lines)
{
    /// <summary>Of a matrix of unweighted rows; what is undefined (no such prediction, no such row) is 0.</summary>
    /// <param name="names">K class names.</param>
    public static ClassReport Of(ConfusionMatrix matrix, IReadOnlyList<string> names)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(names.Count, matrix.Classes);
        var scores = new FScores(matrix);
        return new([.. names.Select((name, k) => new ClassLine(name, scores.PerClass[k].Precision, scores.PerClass[k].Recall, scores.PerClass[k].F,
            (int)scores.Support[k]))]);
    }

    /// <summary>A table: a line per class, numbers aligned to the right.</summary>
    public string ToText()
    {
        var first = Math.Max("class".Length, Lines.Max(line => line.Name.Length));
        var text = new StringBuilder("class".PadRight(first)).Append("  precision  recall      F1  rows\n");
        foreach (var line in Lines)
            text.Append(line.Name.PadRight(first))
                .Append(CultureInfo.InvariantCulture, $"  {line.Precision,9:0.0000}  {line.Recall,6:0.0000}  {line.F1,6:0.0000}  {line.Support,4}\n");
        return text.ToString();
    }
}
