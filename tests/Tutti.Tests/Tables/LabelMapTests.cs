using Tutti.Tables;

namespace Tutti.Tests.Tables;

public class LabelMapTests
{
    [Fact]
    public void Numbers_are_ordered_as_numbers_and_words_ordinally()
    {
        Assert.Equal(["-1", "2", "10"], LabelMap.From(["10", "2", "-1", "2"]).Names);
        Assert.Equal(["10", "2", "B", "a"], LabelMap.From(["a", "B", "2", "10"]).Names);
    }

    [Fact]
    public void Labels_are_compared_as_trimmed_text()
    {
        var map = LabelMap.From(["1", "1.0", " 1 "]);
        Assert.Equal(["1", "1.0"], map.Names);
        Assert.Equal((0, 1, -1), (map.IndexOf(" 1"), map.IndexOf("1.0"), map.IndexOf("1.00")));
    }

    [Fact]
    public void One_class_only_is_refused()
    {
        Assert.Contains("only one class, 'a'", Assert.Throws<DataException>(() => LabelMap.From(["a", "a"])).Message, StringComparison.Ordinal);
        Assert.Contains("no labels", Assert.Throws<DataException>(() => LabelMap.From([])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Empty_labels_are_named_by_their_first_lines_and_number()
    {
        using var temp = Shared.Temp();
        var table = Table.Read(temp.Write("t.csv", "text,label\na,x\nb,\nc, \nd,y\ne,\nf,\n"));
        var error = Assert.Throws<DataException>(() => LabelMap.From(table, "label"));
        Assert.Equal((3, "label"), (error.Row, error.Column));
        Assert.Contains("empty in 4 of 6 rows (lines 3, 4, 6, ...)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_label_unseen_in_training_is_named_with_its_row()
    {
        using var temp = Shared.Temp();
        var map = LabelMap.From(["positive", "negative"]);
        var table = Table.Read(temp.Write("t.csv", "text,label\na,negative\nb,positve\n"));
        var error = Assert.Throws<DataException>(() => map.IndicesOf(table, "label"));
        Assert.Equal((3, "label"), (error.Row, error.Column));
        Assert.Contains("'positve' is none of the classes of training; did you mean 'positive'? The classes are: negative, positive.",
            error.Message, StringComparison.Ordinal);
        Assert.Equal([0, 1], map.IndicesOf(Table.Read(temp.Write("u.csv", "text,label\na,negative\nb,positive\n")), "label"));
    }

    [Fact]
    public void A_stated_order_is_kept() => Assert.Equal(["b", "a"], LabelMap.InOrder(["b", "a"]).Names);
}
