namespace Tutti.Bench;

enum Format { Text, Json, Markdown }

/// <summary>A table as text or Markdown.</summary>
static class Grid
{
    /// <param name="rows">The heads, then the rows; a column that no row fills is not shown.</param>
    /// <param name="format">Text or Markdown.</param>
    public static IEnumerable<string> Lines(string[][] rows, Format format)
    {
        int[] shown = [.. Enumerable.Range(0, rows[0].Length).Where(column => rows.Skip(1).Any(row => row[column].Length > 0))];
        var widths = shown.Select(column => rows.Max(row => row[column].Length)).ToArray();
        for (var i = 0; i < rows.Length; i++)
        {
            var cells = shown.Select((column, place) => rows[i][column].PadRight(widths[place]));
            yield return format == Format.Markdown ? $"| {string.Join(" | ", cells)} |" : string.Join("  ", cells).TrimEnd();
            if (i == 0 && format == Format.Markdown) yield return $"|{string.Concat(widths.Select(width => new string('-', width + 2) + "|"))}";
        }
    }

    /// <summary>Prints a table with rows, and an empty line behind it.</summary>
    public static void Print(string[][] rows, Format format)
    {
        if (rows.Length < 2) return;
        foreach (var line in Lines(rows, format)) Console.WriteLine(line);
        Console.WriteLine();
    }

    /// <summary>Prints remarks on a table.</summary>
    public static void Notes(IEnumerable<string> notes, Format format)
    {
        foreach (var note in notes) Console.WriteLine(format == Format.Markdown ? "- " + note : note);
    }
}
