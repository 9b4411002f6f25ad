using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Tutti.Tables;

namespace Tutti.Tests.Tables;

public class TableTests
{
    [Fact]
    public void The_disaster_tweets_read_as_their_source_describes_them()
    {
        var path = Shared.Data("disaster_tweets/train.csv");
        var table = Table.Read(path);
        Assert.Equal(["id", "keyword", "location", "text", "target"], table.Columns);
        Assert.Equal(7613, table.Count);
        Assert.Equal((4342, 3271), (table.Column("target").Count(t => t == "0"), table.Column("target").Count(t => t == "1")));
        Assert.Equal((61, 2533), (table.Column("keyword").Count(k => k is null), table.Column("location").Count(l => l is null)));
        Assert.Equal(435, table.Column("text").Count(t => t!.Contains('\n')));
        var found = table.Detected;
        Assert.Equal((",", '"', "utf-8", true, "csv"), (found.Delimiter, found.Quote, found.Encoding, found.Header, found.Kind));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))), table.ContentHash);
    }

    [Fact]
    public void Plain_text_is_a_row_per_line_that_is_not_blank()
    {
        using var temp = Shared.Temp();
        var table = Table.Read(temp.Write("corpus.txt", "\n = A title = \n \nIt said: \"so, what\".\r\nlast"), new() { Kind = "text" });
        Assert.Equal(["text"], table.Columns);
        Assert.Equal([" = A title = ", "It said: \"so, what\".", "last"], table.Column("text"));
        Assert.Equal([2L, 4L, 5L], Enumerable.Range(0, 3).Select(table.LineOf));
        Assert.Contains("holds no rows", Assert.Throws<DataException>(() => Table.Read(temp.Write("blank.txt", "\n  \n"), new() { Kind = "text" })).Message, StringComparison.Ordinal);
        Assert.Contains("mean nothing for text", Assert.Throws<ConfigException>(() => Table.Read(temp.Write("a.txt", "a"), new() { Kind = "text", Header = false })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_tweet_starts_on_the_line_that_LineOf_names()
    {
        var path = Shared.Data("disaster_tweets/train.csv");
        var (table, lines) = (Table.Read(path), File.ReadAllLines(path));
        for (var row = 0; row < table.Count; row++) Assert.StartsWith(table[row, "id"] + ",", lines[table.LineOf(row) - 1], StringComparison.Ordinal);
    }

    [Fact]
    public void The_test_tweets_and_the_sample_submission_have_as_many_rows_as_stated()
    {
        Assert.Equal(3263, Table.Read(Shared.Data("disaster_tweets/test.csv")).Count);
        Assert.Equal(3263, Table.Read(Shared.Data("disaster_tweets/sample_submission.csv")).Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_German_news_read_with_a_stated_and_with_a_detected_format(bool stated)
    {
        var format = new TableFormat { Header = false, Columns = ["class", "text"] };
        var table = Table.Read(Shared.Data("gnad10/test.csv"), stated ? format with { Delimiter = ";", Quote = '\'' } : format);
        Assert.Equal((";", '\''), (table.Detected.Delimiter, table.Detected.Quote));
        Assert.Equal(1028, table.Count);
        Assert.Equal(["Etat 67", "Inland 102", "International 151", "Kultur 54", "Panorama 168", "Sport 120", "Web 168", "Wirtschaft 141", "Wissenschaft 57"],
            table.Column("class").CountBy(c => c ?? "").Select(c => $"{c.Key} {c.Value}").Order(StringComparer.Ordinal));
        Assert.StartsWith("Die Gewerkschaft GPA-djp lanciert den \"All-in-Rechner\" und", table[0, "text"], StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_ending_in_a_carriage_return_and_a_stated_encoding_are_read()
    {
        var table = Table.Read(Shared.Data("disaster_tweets/crowdflower_original_disaster-tweets.csv"), new() { Encoding = "macintosh" });
        Assert.Equal((10876, 13), (table.Count, table.Columns.Count));
        Assert.Equal((6187, 4673, 16), (Count("Not Relevant"), Count("Relevant"), Count("Can't Decide")));
        int Count(string choice) => table.Column("choose_one").Count(c => c == choice);
    }

    [Fact]
    public void A_bar_separates_and_quotes_mean_nothing_where_it_is_so_stated()
    {
        var table = Table.Read(Shared.Data("movielens100k/u.item"), new() { Header = false, Delimiter = "|", Quote = '\0', Encoding = "iso-8859-1" });
        Assert.Equal((1682, 24), (table.Count, table.Columns.Count));
        Assert.Equal("Toy Story (1995)", table[0, "column2"]);
    }

    [Theory]
    [InlineData("a,b\n1,x\n2,y\n", ",")]
    [InlineData("a;b\n1;x, y\n2;z, w\n", ";")]
    [InlineData("a\tb\n1\tx; y\n2\tz\n", "\t")]
    [InlineData("a|b\n1|x,y\n2|z\n", "|")]
    public void The_delimiter_is_found(string text, string delimiter)
    {
        using var temp = Shared.Temp();
        var table = Table.Read(temp.Write("t.csv", text));
        Assert.Equal(delimiter, table.Detected.Delimiter);
        Assert.Equal(["a", "b"], table.Columns);
        Assert.Equal(2, table.Count);
    }

    [Fact]
    public void Apostrophes_quote_only_where_something_needs_them()
    {
        using var temp = Shared.Temp();
        Assert.Equal("x,y", Table.Read(temp.Write("a.csv", "a,b\n1,'x,y'\n2,'z'\n"))[0, "b"]);
        Assert.Equal("'tis'", Table.Read(temp.Write("b.csv", "a,b\n1,'tis'\n2,z\n"))[0, "b"]);
    }

    [Fact]
    public void A_single_column_of_sentences_needs_no_delimiter()
    {
        using var temp = Shared.Temp();
        var table = Table.Read(temp.Write("t.csv", "text\nHello, world\nOne, two, three\nfour\n"));
        Assert.Equal(["Hello, world", "One, two, three", "four"], table.Column("text"));
    }

    [Fact]
    public void A_quoted_cell_may_hold_line_breaks_and_LineOf_counts_them()
    {
        using var temp = Shared.Temp();
        var table = Table.Read(temp.Write("t.csv", "id,text\r\n1,\"a\r\nb\nc\"\r\n\r\n2,d\r\n"));
        Assert.Equal("a\r\nb\nc", table[0, "text"]);
        Assert.Equal((2L, 6L), (table.LineOf(0), table.LineOf(1)));
    }

    [Fact]
    public void Lone_carriage_returns_end_rows()
    {
        using var temp = Shared.Temp();
        var table = Table.Read(temp.Write("t.csv", "id,text\r1,a\r2,\"b\rc\"\r3,d"));
        Assert.Equal(["a", "b\rc", "d"], table.Column("text"));
        Assert.Equal(5, table.LineOf(2));
    }

    [Fact]
    public void A_quote_inside_an_unquoted_cell_is_text()
    {
        using var temp = Shared.Temp();
        Assert.Equal("5\" disk", Table.Read(temp.Write("t.csv", "id,text\n1,5\" disk\n"))[0, "text"]);
    }

    [Fact]
    public void An_empty_cell_is_null()
    {
        using var temp = Shared.Temp();
        var table = Table.Read(temp.Write("t.csv", "a,b,c\n,\"\",x\n"));
        Assert.Null(table[0, "a"]);
        Assert.Null(table[0, "b"]);
        Assert.Equal("x", table[0, "c"]);
    }

    [Fact]
    public void A_byte_order_mark_tells_the_encoding_and_is_no_text()
    {
        using var temp = Shared.Temp();
        Encoding[] encodings = [new UTF8Encoding(true), new UnicodeEncoding(false, true), new UnicodeEncoding(true, true), new UTF32Encoding(false, true)];
        foreach (var encoding in encodings)
        {
            var table = Table.Read(temp.Write("t.csv", [.. encoding.GetPreamble(), .. encoding.GetBytes("id,text\n1,für\n")]));
            Assert.Equal(["id", "text"], table.Columns);
            Assert.Equal("für", table[0, "text"]);
        }
    }

    [Fact]
    public void A_stated_encoding_is_used()
    {
        using var temp = Shared.Temp();
        var table = Table.Read(temp.Write("t.csv", "a,b\n1,\u0080\n"u8.ToArray().Where(b => b != 0xC2).ToArray()), new() { Encoding = "windows-1252" });
        Assert.Equal("€", table[0, "b"]);   // 0x80 in windows-1252
    }

    [Fact]
    public void A_cell_of_many_megabytes_is_read()
    {
        using var temp = Shared.Temp();
        var cell = string.Concat(Enumerable.Repeat("long, longer\n", 500_000));
        Assert.Equal(cell, Table.Read(temp.Write("t.csv", $"id,text\n1,\"{cell}\"\n2,x\n"))[0, "text"]);
    }

    [Fact]
    public void Columns_without_a_header_are_named_or_numbered()
    {
        using var temp = Shared.Temp();
        var path = temp.Write("t.csv", "1,x\n2,y\n");
        Assert.Equal(["column1", "column2"], Table.Read(path, new() { Header = false }).Columns);
        var named = Table.Read(path, new() { Columns = ["id", "text"] });
        var renamed = Table.Read(path, new() { Header = true, Columns = ["id", "text"] });
        Assert.Equal(["id", "text"], named.Columns);
        Assert.Equal(["id", "text"], renamed.Columns);
        Assert.Equal((2, 1), (named.Count, renamed.Count));
    }

    [Fact]
    public void What_was_detected_reads_the_file_again_to_the_same_cells()
    {
        using var temp = Shared.Temp();
        foreach (var path in new[] { temp.Write("t.tsv", "a\tb\n1\t\"x\ty\"\n"), temp.Write("t.jsonl", "{\"a\":1,\"b\":\"x\\ty\"}\n") })
        {
            var table = Table.Read(path);
            Assert.Equal(table.Column("b"), Table.Read(path, table.Detected).Column("b"));
        }
    }

    [Fact]
    public void A_stream_gives_the_rows_of_the_table_in_parts()
    {
        using var temp = Shared.Temp();
        var path = temp.Write("t.csv", "id,text\n" + string.Concat(Enumerable.Range(0, 25).Select(i => $"{i},\"t\n{i}\"\n")));
        var (whole, parts) = (Table.Read(path), Table.Stream(path, null, 10).ToList());
        Assert.Equal([10, 10, 5], parts.Select(p => p.Count));
        Assert.Equal(whole.Column("text"), parts.SelectMany(p => p.Column("text")));
        Assert.Equal(Enumerable.Range(0, 25).Select(whole.LineOf), parts.SelectMany(p => Enumerable.Range(0, p.Count).Select(p.LineOf)));
    }

    [Fact]
    public void A_stream_reads_no_further_than_asked_and_keeps_nothing_of_what_it_gave()
    {
        using var temp = Shared.Temp();
        var path = temp.Write("t.csv", "id,text\n" + string.Concat(Enumerable.Range(0, 100_000).Select(i => $"{i},some words of a text\n")) + "broken\n");
        using var parts = Table.Stream(path, null, 1000).GetEnumerator();
        var given = new List<WeakReference>();
        for (var i = 0; i < 50; i++) given.Add(Next(parts));
        GC.GetTotalMemory(forceFullCollection: true);
        Assert.InRange(given.Count(part => part.IsAlive), 0, 1);   // the enumerator's current one
        Assert.Equal(100_002, Assert.Throws<DataException>(() => { while (parts.MoveNext()) { } }).Row);

        [MethodImpl(MethodImplOptions.NoInlining)]   // else the caller's frame may keep a part alive
        static WeakReference Next(IEnumerator<Table> parts)
        {
            Assert.True(parts.MoveNext());
            return new(parts.Current);
        }
    }

    [Fact]
    public void Json_lines_give_a_column_for_every_key()
    {
        using var temp = Shared.Temp();
        var table = Table.Read(temp.Write("t.jsonl",
            "{\"text\":\"a\\nb\",\"label\":1.0}\n\n{\"label\":true,\"extra\":null}\r\n{\"text\":\"\",\"label\":-2e3}"));
        Assert.Equal(["text", "label", "extra"], table.Columns);
        Assert.Equal(["1.0", "true", "-2e3"], table.Column("label"));
        Assert.Equal(["a\nb", null, null], table.Column("text"));
        Assert.Equal([1L, 3L, 4L], Enumerable.Range(0, 3).Select(table.LineOf));
    }

    [Fact]
    public void Numbers_are_invariant()
    {
        using var temp = Shared.Temp();
        Assert.Equal([0.5, -2000], Table.Read(temp.Write("t.csv", "a,b\n0.5,x\n-2e3,y\n")).Numbers("a"));
    }
}
