using System.Text;
using Tutti.Tables;

namespace Tutti.Tests.Tables;

/// <summary>What a reader of a broken file is told: one error that names the file, the line and the way out.</summary>
public class BadInputTests
{
    [Fact]
    public void A_missing_file_is_named_with_the_nearest_one()
    {
        using var temp = Shared.Temp();
        temp.Write("train.csv", "a,b\n1,2\n");
        var error = Assert.Throws<DataException>(() => Table.Read(temp.File("trian.csv")));
        Assert.Equal($"{temp.File("trian.csv")}: there is no such file; did you mean 'train.csv'?", error.Message);
        Assert.Contains("folder", Assert.Throws<DataException>(() => Table.Read(temp.File("no/train.csv"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_is_no_file()
    {
        using var temp = Shared.Temp();
        Assert.Contains("this is a folder", Assert.Throws<DataException>(() => Table.Read(temp.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "the file is empty")]
    [InlineData("\uFEFF", "the file is empty")]
    [InlineData("\n\r\n\n", "the file is empty")]
    [InlineData("id,text\n", "a header (id, text) and no rows")]
    [InlineData("id,text", "a header (id, text) and no rows")]
    public void A_file_without_rows_is_refused(string text, string expected) => Expect("t.csv", text, 0, expected);

    [Fact]
    public void A_missing_column_is_named_with_the_nearest_and_all_others()
    {
        using var temp = Shared.Temp();
        var table = Table.Read(temp.Write("t.csv", "id,keyword,text\n1,a,b\n"));
        var error = Assert.Throws<DataException>(() => table[0, "txt"]);
        Assert.EndsWith("there is no column 'txt'; did you mean 'text'? The columns are: id, keyword, text.", error.Message, StringComparison.Ordinal);
        var unlike = Assert.Throws<DataException>(() => table.Column("zebra"));
        Assert.EndsWith("there is no column 'zebra'. The columns are: id, keyword, text.", unlike.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_delimiter_is_told_from_the_right_one()
    {
        using var temp = Shared.Temp();
        var path = temp.Write("t.csv", "id,text\n1,a\n2,b\n");
        var error = Assert.Throws<DataException>(() => Table.Read(path, new() { Delimiter = ";" }));
        Assert.Contains("';' gives a single column; ',' would give 2", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("id,text\n1,a\n2,\"b\n3,c\n", 3, "never closed")]
    [InlineData("id,text\n1,a\n2,\"b\"\"", 3, "never closed")]
    [InlineData("id,text\n1,a\n2,\"b\"\"\n", 3, "never closed")]
    [InlineData("id,text\n1,a\n2,\"", 3, "never closed")]
    [InlineData("id,text\n1,\"a\nb\"\n2,\"b\"c\n3,d\n", 4, "text follows the closing quote")]
    [InlineData("id,text\n1,\"a\" \n2,b\n", 2, "text follows the closing quote")]
    [InlineData("a,b,c\n1,2,3\n1,5\" disk,\"x\"y\n2,b,c\n", 3, "text follows the closing quote")]   // behind a harmless quote
    [InlineData("a,b,c\n1,2,3\n1,5\" disk,\"xy\n2,b,c\n", 3, "never closed")]
    public void Broken_quoting_is_refused_at_the_row_where_it_starts(string text, long line, string expected) => Expect("t.csv", text, line, expected);

    [Fact]
    public void Bytes_that_are_not_utf8_are_named_by_line_and_place()
    {
        using var temp = Shared.Temp();
        var path = temp.Write("t.csv", [.. "id,text\r\n1,für\n2,"u8, 0xE4, .. "rger\n"u8]);   // 9 + 7 bytes, then "2,"
        var error = Assert.Throws<DataException>(() => Table.Read(path));
        Assert.Equal(3, error.Row);
        Assert.Contains("at byte 18 are not utf-8", error.Message, StringComparison.Ordinal);
        Assert.Contains("windows-1252", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_not_utf8_are_found_far_into_a_file()
    {
        using var temp = Shared.Temp();
        var start = Encoding.UTF8.GetBytes("id,text\n" + string.Concat(Enumerable.Range(0, 30_000).Select(i => $"{i},äöü€\n")));
        var path = temp.Write("t.csv", [.. start, .. "x,"u8, 0xE2, 0x82, .. "\n"u8]);   // two bytes of a three-byte character
        var error = Assert.Throws<DataException>(() => Table.Read(path));
        Assert.Equal(30_002, error.Row);
        Assert.Contains($"at byte {start.Length + 2} ", error.Message, StringComparison.Ordinal);
        var cut = temp.Write("cut.csv", [.. start, .. "x,"u8, 0xE2, 0x82]);
        Assert.Equal(30_002, Assert.Throws<DataException>(() => Table.Read(cut)).Row);
    }

    [Theory]
    [InlineData("id,text\n1,a\n2,b,c\n", 3, "this row has 3 cells, the header has 2")]
    [InlineData("id,text\n1,\"a\nb\"\n2\n", 4, "this row has 1 cell, the header has 2")]
    [InlineData("id,text\n1, \"a, b\"\n", 2, "remove the blanks before")]
    [InlineData("{\"id\":1}\n{\"id\":2}\n", 1, "looks like JSON")]
    [InlineData("id,text,id\n1,a,b\n", 1, "names 'id' 2 times")]
    [InlineData("id,text\n1,a\0b\n", 2, "NUL characters")]
    public void A_row_that_is_no_row_of_the_table_is_named(string text, long line, string expected) => Expect("t.csv", text, line, expected);

    [Fact]
    public void Utf16_without_its_mark_is_said_to_be_no_text()
    {
        using var temp = Shared.Temp();
        var path = temp.Write("t.csv", Encoding.Unicode.GetBytes("id,text\n1,a\n"));
        Assert.Contains("utf-16", Assert.Throws<DataException>(() => Table.Read(path)).Message, StringComparison.Ordinal);
        Assert.Equal("a", Table.Read(path, new() { Encoding = "utf-16" })[0, "text"]);
    }

    [Theory]
    [InlineData("{\"a\":1}\n{\"a\":\n", 2, "not a JSON object")]
    [InlineData("{\"a\":1}\n{\"a\":\"\\ud800\"}\n", 2, "not a JSON object")]
    [InlineData("{\"a\":1}\n{\"a\":1,\"a\":2}\n", 2, "not a JSON object")]
    [InlineData("{\"a\":1}\n[1,2]\n", 2, "got a JSON array")]
    [InlineData("{\"a\":1}\n\n{\"a\":{\"b\":1}}\n", 3, "nested JSON object")]
    [InlineData("{\"a\":\"\\u0000\"}\n", 1, "NUL")]
    [InlineData("\n", 0, "no cells")]
    public void A_broken_JSON_line_is_named(string text, long line, string expected) => Expect("t.jsonl", text, line, expected);

    [Fact]
    public void A_cell_that_is_no_number_is_named()
    {
        using var temp = Shared.Temp();
        var table = Table.Read(temp.Write("t.csv", "a,b\n1,x\n\"1,5\",y\n"));
        var error = Assert.Throws<DataException>(() => table.Numbers("a"));
        Assert.Equal((3, "a"), (error.Row, error.Column));
    }

    [Theory]
    [InlineData("utf-9", "format.encoding")]
    public void An_unknown_encoding_is_a_fault_of_the_settings(string encoding, string path)
    {
        using var temp = Shared.Temp();
        var file = temp.Write("t.csv", "a,b\n1,2\n");
        Assert.Equal(path, Assert.Throws<ConfigException>(() => Table.Read(file, new() { Encoding = encoding })).Path);
    }

    [Fact]
    public void Settings_that_no_file_can_have_are_refused()
    {
        using var temp = Shared.Temp();
        var file = temp.Write("t.csv", "a,b\n1,2\n");
        TableFormat[] formats = [new() { Delimiter = "" }, new() { Delimiter = "::" }, new() { Delimiter = "\n" }, new() { Delimiter = "\"", Quote = '"' },
            new() { Quote = ' ' }, new() { Kind = "xls" }, new() { Kind = "jsonl", Header = false }, new() { Columns = ["a", "a"] }];
        foreach (var format in formats)
            Assert.StartsWith("format", Assert.Throws<ConfigException>(() => Table.Read(file, format)).Path, StringComparison.Ordinal);
        var uneven = Assert.Throws<DataException>(() => Table.Read(file, new() { Columns = ["a", "b", "c"] }));
        Assert.Contains("3 columns are named", uneven.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stream_refuses_what_a_table_refuses()
    {
        using var temp = Shared.Temp();
        var path = temp.Write("t.csv", "id,text\n1,a\n2,b\n3,c,d\n");
        Assert.Equal(4, Assert.Throws<DataException>(() => Table.Stream(path, null, 2).Count()).Row);
    }

    static void Expect(string name, string text, long line, string expected)
    {
        using var temp = Shared.Temp();
        var path = temp.Write(name, text);
        var error = Assert.Throws<DataException>(() => Table.Read(path));
        Assert.Equal((path, line), (error.File, error.Row));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.InRange(error.Message.Split('\n').Length, 1, 3);
    }
}
