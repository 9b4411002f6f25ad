using System.Text;
using Tutti.Tables;

namespace Tutti.Tests.Tables;

/// <summary>Copies of files with other cells in one column: every other byte stays.</summary>
public sealed class TableEditTests
{
    [Theory]
    [InlineData("id,label,text\na,ham,\"x, \"\"y\"\"\"\nb,spam,z\n", "id,label,text\na,spam,\"x, \"\"y\"\"\"\nb,spam,z\n")]
    [InlineData("id;label;text\r\na;\"ham\";\"two\r\nlines\"\r\n\r\nb; ham ;z", "id;label;text\r\na;\"spam\";\"two\r\nlines\"\r\n\r\nb; ham ;z")]
    [InlineData("\"id\"\t\"label\"\t\"text\"\n\n\"a\"\t\"ham\"\t5\" disk\nb\tham\tz\n\n\n", "\"id\"\t\"label\"\t\"text\"\n\n\"a\"\t\"spam\"\t5\" disk\nb\tham\tz\n\n\n")]
    [InlineData("id,text,label\ra,x,ham\rb,y,ham\r", "id,text,label\ra,x,spam\rb,y,ham\r")]
    public void Only_the_cell_changes(string before, string after)
    {
        using var folder = Shared.Temp();
        Assert.Equal(after, Changed(folder.Write("t.csv", before), null, new() { [0] = "spam" }));
    }

    [Theory]
    [InlineData("id,label\na,ham\nb,spam\nc,ham", "id,label\na,ham\nc,ham")]
    [InlineData("id,label\r\na,ham\r\nb,\"spam\"\r\nc,ham\r\n", "id,label\r\na,ham\r\nc,ham\r\n")]
    public void A_row_that_is_left_out_goes_with_its_line_end(string before, string after)
    {
        using var folder = Shared.Temp();
        Assert.Equal(after, Changed(folder.Write("t.csv", before), null, [], 1));
    }

    [Fact]
    public void A_label_with_a_delimiter_or_a_quote_is_quoted_as_the_file_does()
    {
        using var folder = Shared.Temp();
        Assert.Equal("id,label\na,\"x, \"\"y\"\"\"\nb,n\n", Changed(folder.Write("t.csv", "id,label\na,m\nb,n\n"), null, new() { [0] = "x, \"y\"" }));
        Assert.Equal("k;t\n'it''s';'a;b'\nn;z\n", Changed(folder.Write("s.csv", "k;t\nm;'a;b'\nn;z\n"), null, new() { [0] = "it's" }, column: "k"));
    }

    [Fact]
    public void A_file_without_a_header_is_one_afterwards()
    {
        using var folder = Shared.Temp();
        var format = new TableFormat { Delimiter = ";", Quote = '\'', Columns = ["label", "text"] };
        Assert.Equal("spam;'a;b'\nham;c\n", Changed(folder.Write("t.csv", "ham;'a;b'\nham;c\n"), format, new() { [0] = "spam" }));
    }

    [Fact]
    public void Encodings_and_byte_order_marks_stay()
    {
        using var folder = Shared.Temp();
        var latin = Encoding.Latin1.GetBytes("id,label\né,groß\nb,klein\n");
        var format = new TableFormat { Encoding = "iso-8859-1" };
        Assert.Equal(Encoding.Latin1.GetBytes("id,label\né,groß\nb,groß\n"), Bytes(folder.Write("l.csv", latin), format, new() { [1] = "groß" }));
        byte[] wide = [0xFF, 0xFE, .. Encoding.Unicode.GetBytes("id,label\né,ham\nb,spam\n")];
        Assert.Equal([0xFF, 0xFE, .. Encoding.Unicode.GetBytes("id,label\né,spam\nb,spam\n")], Bytes(folder.Write("w.csv", wide), null, new() { [0] = "spam" }));
        byte[] marked = [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes("id,label\na,ham\nb,spam\n")];
        Assert.Equal([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes("id,label\na,spam\nb,spam\n")], Bytes(folder.Write("m.csv", marked), null, new() { [0] = "spam" }));
        Assert.Contains("cannot write the new labels", Assert.Throws<DataException>(() => Bytes(folder.File("l.csv"), format, new() { [0] = "Ω" })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_of_json_keep_their_keys_and_blanks_and_a_number_stays_a_number()
    {
        using var folder = Shared.Temp();
        Assert.Equal("""
            { "id": "a",  "label" : 1, "note": null, "text": "é \u00e9" }

            {"label":"0","id":"b"}

            """, Changed(folder.Write("t.jsonl", """
            { "id": "a",  "label" : 0, "note": null, "text": "é \u00e9" }

            {"label":"1","id":"b"}

            """), null, new() { [0] = "1", [1] = "0" }));
        Assert.Equal("{\"id\":\"b\",\"label\":\"y\"}", Changed(folder.Write("u.jsonl", "{\"id\":\"a\",\"label\":\"x\"}\r\n{\"id\":\"b\",\"label\":\"y\"}"), null, [], 0));
    }

    static string Changed(string path, TableFormat? format, Dictionary<int, string> cells, int left = -1, string column = "label") => Encoding.UTF8.GetString(Bytes(path, format, cells, left, column));

    static byte[] Bytes(string path, TableFormat? format, Dictionary<int, string> cells, int left = -1, string column = "label")
    {
        var before = File.ReadAllBytes(path);
        var bytes = TableEdit.Of(Table.Read(path, format), format, column, cells, left < 0 ? new HashSet<int>() : [left]);
        Assert.Equal(before, File.ReadAllBytes(path));
        return bytes;
    }
}
