using Tutti.Tables;

namespace Tutti.Recommend;

/// <summary>What a table of items, or of users, says of each of them.</summary>
public static class SideTable
{
    /// <summary>A text for every name: the cells that a template names, such as <c>{title}</c> or <c>{title} ({year})</c>. Where the table has no row, the name itself.</summary>
    /// <param name="path">The file.</param>
    /// <param name="format">How it is written.</param>
    /// <param name="id">The column of names, or its place from 1.</param>
    /// <param name="template">A column, its place from 1, or a template.</param>
    /// <param name="names">Items or users by number.</param>
    /// <returns>The texts, and how many names the table has no row for.</returns>
    /// <exception cref="DataException">The file cannot be read, lacks a column, or names an item twice.</exception>
    public static (string[] Texts, int Missing) Join(string path, TableFormat? format, string id, string template, NameIndex names)
    {
        var table = Table.Read(path, format);
        var ids = table.Ids(RatingColumns.Place(table, id));
        var text = TextTemplate.Parse(template.Contains('{', StringComparison.Ordinal) ? template : RatingColumns.Place(table, template), "title");
        text.Check(table);
        var texts = names.Names.ToArray();
        var found = new bool[texts.Length];
        for (var row = 0; row < ids.Count; row++)
            if (names.Of(ids[row].Trim()) is >= 0 and var number) (texts[number], found[number]) = (text.Render(table, row) is { Length: > 0 } rendered ? rendered : texts[number], true);
        return (texts, found.Count(yes => !yes));
    }
}
