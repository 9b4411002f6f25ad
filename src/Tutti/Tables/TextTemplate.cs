using System.Text;

namespace Tutti.Tables;

/// <summary>
/// Makes one text of several columns: <c>{keyword} | {location} | {text}</c>. A text without braces is the name of a single column;
/// <c>{{</c> and <c>}}</c> stand for braces.
/// </summary>
/// <remarks>
/// Empty cells (or blank ones) leave no trace: a cell takes the literal before it along, and literals between columns are written only
/// between two cells that are written. What stands before the first and after the last column is always written, unless every cell is
/// empty: then the text is empty.
/// </remarks>
public sealed class TextTemplate
{
    readonly string[] literals;   // literals[i] stands before column i, the last one after all columns
    readonly string[] columns;

    TextTemplate(string[] literals, string[] columns) => (this.literals, this.columns) = (literals, columns);

    /// <summary>The columns in the order of the template.</summary>
    public IReadOnlyList<string> Columns => columns;

    /// <param name="template">The template, or a column's name.</param>
    /// <param name="path">The setting it comes from, for errors.</param>
    public static TextTemplate Parse(string template, string path = "data.text")
    {
        if (string.IsNullOrWhiteSpace(template))
            throw new ConfigException(path, "the template is empty; expected a column's name or a template such as \"{title} | {text}\".");
        if (template.AsSpan().IndexOfAny('{', '}') < 0) return new(["", ""], [template.Trim()]);
        var (literals, columns, literal) = (new List<string>(), new List<string>(), new StringBuilder());
        for (var i = 0; i < template.Length; i++)
        {
            var c = template[i];
            if (c is '{' or '}' && i + 1 < template.Length && template[i + 1] == c)
            {
                literal.Append(c);
                i++;
            }
            else if (c == '{')
            {
                var end = template.IndexOfAny(['{', '}'], i + 1);
                if (end < 0 || template[end] == '{')
                    throw new ConfigException(path, $"the brace at character {i + 1} of \"{template}\" is not closed; write {{{{ for a brace that is text.");
                var name = template[(i + 1)..end].Trim();
                if (name.Length == 0) throw new ConfigException(path, $"the braces at character {i + 1} of \"{template}\" name no column.");
                literals.Add(literal.ToString());
                columns.Add(name);
                literal.Clear();
                i = end;
            }
            else if (c == '}')
                throw new ConfigException(path, $"the brace at character {i + 1} of \"{template}\" closes nothing; write }}}} for a brace that is text.");
            else literal.Append(c);
        }
        if (columns.Count == 0) throw new ConfigException(path, $"\"{template}\" names no column; write one in braces, as in \"{{text}}\".");
        return new([.. literals, literal.ToString()], [.. columns]);
    }

    /// <summary>Throws a <see cref="DataException"/> for the first column that the table lacks.</summary>
    public void Check(Table table)
    {
        foreach (var column in columns) table.IndexOf(column);
    }

    /// <summary>The text of one row; see the type's remarks for empty cells.</summary>
    public string Render(Table table, int row)
    {
        if (columns.Length == 1 && literals is ["", ""]) return table[row, columns[0]] is { } only && !string.IsNullOrWhiteSpace(only) ? only : "";
        var text = new StringBuilder();
        var any = false;
        for (var i = 0; i < columns.Length; i++)
        {
            var cell = table[row, columns[i]];
            if (string.IsNullOrWhiteSpace(cell)) continue;
            text.Append(any ? literals[i] : literals[0]).Append(cell);
            any = true;
        }
        return any ? text.Append(literals[^1]).ToString() : "";
    }
}
