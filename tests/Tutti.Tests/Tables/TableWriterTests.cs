using FsCheck;
using FsCheck.Fluent;
using Tutti.Tables;

namespace Tutti.Tests.Tables;

public class TableWriterTests
{
    // Small on purpose: what breaks a csv file is how these few follow one another.
    static readonly Gen<string> Cells = Gen
        .Elements("", "a", " ", "\"", "\"\"", ",", ";", "\t", "'", "\n", "\r", "\r\n", "|", "é", "\U0001F525", "\uFEFF", "=1", "#", "\\", "5\" disk")
        .ListOf().Select(parts => string.Concat(parts.Take(5)));

    static readonly Gen<List<List<string>>> Tables = Gen.Choose(1, 4).SelectMany(columns => Gen.Choose(1, 6).SelectMany(rows =>
        Cells.ListOf(columns).Select(row => row.ToList()).ListOf(rows).Select(table => table.ToList())));

    [Fact]
    public void Any_table_reads_back_as_it_was_written()
    {
        using var temp = Shared.Temp();
        Prop.ForAll(Arb.From(Tables), rows =>
        {
            var columns = rows[0].Select((_, i) => $"c{i}").ToList();
            TableWriter.Write(temp.File("t.csv"), columns, writer => rows.ForEach(row => writer.Row([.. row])));
            var table = Table.Read(temp.File("t.csv"), new() { Delimiter = ",", Quote = '"' });
            var streamed = Table.Stream(temp.File("t.csv"), new() { Delimiter = ",", Quote = '"' }, 2).SelectMany(Rows).ToList();
            return columns.SequenceEqual(table.Columns) && Same(Rows(table), rows) && Same(streamed, rows);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

        static IEnumerable<List<string>> Rows(Table table) =>
            Enumerable.Range(0, table.Count).Select(row => table.Columns.Select(c => table[row, c] ?? "").ToList());
        static bool Same(IEnumerable<List<string>> left, List<List<string>> right) =>
            left.Select(r => string.Join('\u0001', r)).SequenceEqual(right.Select(r => string.Join('\u0001', r)));
    }

    [Fact]
    public void LineOf_agrees_with_counting_the_breaks_of_what_was_written()
    {
        using var temp = Shared.Temp();
        Prop.ForAll(Arb.From(Tables), rows =>
        {
            TableWriter.Write(temp.File("t.csv"), [.. rows[0].Select((_, i) => $"c{i}")], writer => rows.ForEach(row => writer.Row([.. row])));
            var table = Table.Read(temp.File("t.csv"), new() { Delimiter = ",", Quote = '"' });
            long line = 2;
            for (var row = 0; row < rows.Count; row++)
            {
                if (table.LineOf(row) != line) return false;
                line += 1 + rows[row].Sum(cell => cell.ReplaceLineEndings("\n").Count(c => c == '\n'));
            }
            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    [Fact]
    public void Only_cells_that_need_quotes_get_them()
    {
        using var temp = Shared.Temp();
        TableWriter.Write(temp.File("t.csv"), ["id", "text"], writer =>
        {
            writer.Row("1", "plain text");
            writer.Row("2", "with, comma");
            writer.Row("3", "with \"quotes\"");
            writer.Row("4", "two\nlines");
            writer.Row(null, " blank");
        });
        Assert.Equal("id,text\n1,plain text\n2,\"with, comma\"\n3,\"with \"\"quotes\"\"\"\n4,\"two\nlines\"\n,\" blank\"\n",
            File.ReadAllText(temp.File("t.csv")));
    }

    [Fact]
    public void Numbers_read_back_as_the_same_numbers()
    {
        using var temp = Shared.Temp();
        double[] numbers = [0.1, 1.0 / 3, -2.5e-300, 1e21, 123456789.123, double.Epsilon, 0];
        TableWriter.Write(temp.File("t.csv"), ["number", "single", "whole"], writer =>
        {
            foreach (var number in numbers) writer.Add(number).Add((float)0.1).Add(-7).EndRow();
        });
        var table = Table.Read(temp.File("t.csv"));
        Assert.Equal(numbers, table.Numbers("number"));
        Assert.Equal(("0.1", "-7"), (table[0, "single"], table[0, "whole"]));
    }

    [Fact]
    public void When_the_rows_break_the_old_file_stays_and_nothing_else_does()
    {
        using var temp = Shared.Temp();
        var path = temp.Write("t.csv", "old");
        Assert.Throws<InvalidOperationException>(() => TableWriter.Write(path, ["a"], writer =>
        {
            writer.Row("new");
            throw new InvalidOperationException("broken");
        }));
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(temp.Path));
        TableWriter.Write(path, ["a"], writer => writer.Row("new"));
        Assert.Equal("a\nnew\n", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(temp.Path));
    }

    [Fact]
    public void Another_delimiter_is_quoted_where_it_stands_in_a_cell()
    {
        using var temp = Shared.Temp();
        TableWriter.Write(temp.File("t.csv"), ["a", "b"], writer => writer.Row("x;y", "x,y"), ';');
        Assert.Equal("a;b\n\"x;y\";x,y\n", File.ReadAllText(temp.File("t.csv")));
    }

    [Fact]
    public void A_row_of_the_wrong_length_is_refused()
    {
        using var temp = Shared.Temp();
        var path = temp.File("deep/down/t.csv");
        Assert.Throws<ArgumentException>(() => TableWriter.Write(path, ["a", "b"], writer => writer.Row("1")));
        Assert.Throws<ArgumentException>(() => TableWriter.Write(path, ["a", "b"], writer => writer.Add("1")));
        Assert.Throws<ArgumentException>(() => TableWriter.Write(path, ["a", "a"], _ => { }));
        Assert.Throws<ArgumentException>(() => TableWriter.Write(path, ["a", " "], _ => { }));
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void A_saved_table_has_the_rows_it_was_read_with()
    {
        using var temp = Shared.Temp();
        var table = Table.Read(temp.Write("t.tsv", "a\tb\n1\tx,y\n\tz\n"));
        TableWriter.Save(table, temp.File("t.csv"));
        Assert.Equal("a,b\n1,\"x,y\"\n,z\n", File.ReadAllText(temp.File("t.csv")));
    }
}
