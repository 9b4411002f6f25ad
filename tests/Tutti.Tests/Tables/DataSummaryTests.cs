using Tutti.Tables;

namespace Tutti.Tests.Tables;

public class DataSummaryTests
{
    const string Train = "text,label\nFire  here,1\nfire HERE,0\nsnow,0\nsnow,0\n,1\n  ,0\nrain,1\n";   // lines 2 to 8

    [Fact]
    public void Classes_lengths_and_empty_texts_are_counted()
    {
        using var temp = Shared.Temp();
        var summary = DataSummary.Of(Table.Read(temp.Write("t.csv", Train)), TextTemplate.Parse("text"), label: "label");
        Assert.Equal((7, 2), (summary.Rows, summary.EmptyTexts));
        Assert.Equal([new("0", 4), new("1", 3)], summary.Classes);
        Assert.Equal(new(0, 4, 31 / 7.0, 10, 10), summary.Lengths);   // lengths 0 0 4 4 4 9 10
    }

    [Fact]
    public void Repeats_ignore_case_and_white_space_and_contradictions_are_told()
    {
        using var temp = Shared.Temp();
        var summary = DataSummary.Of(Table.Read(temp.Write("t.csv", Train)), TextTemplate.Parse("text"), label: "label");
        Expect(2, 4, [2, 3, 4, 5], summary.WithinTrain);
        Expect(1, 2, [2, 3], summary.Contradicting);
        Expect(0, 0, [], summary.AcrossFolds);
        Expect(0, 0, [], summary.AcrossTest);
    }

    [Fact]
    public void Repeats_across_the_test_table_and_across_folds_are_told()
    {
        using var temp = Shared.Temp();
        var train = Table.Read(temp.Write("t.csv", Train));
        var test = Table.Read(temp.Write("u.csv", "text\nRAIN\nrain \nSnow\n\nsun\n"));
        // Both "snow" in fold 0, the two fires apart.
        var folds = Folds.Make(new() { Kind = FoldKind.Column, Column = "f" }, 7, groups: ["0", "1", "0", "0", "1", "1", "1"]);
        var summary = DataSummary.Of(train, TextTemplate.Parse("text"), folds: folds, test: test);
        Expect(1, 2, [2, 3], summary.AcrossFolds);
        Expect(2, 3, [4, 5, 8], summary.AcrossTest);
        Assert.Empty(summary.Classes);
    }

    [Fact]
    public void A_pair_repeats_only_as_a_whole()
    {
        using var temp = Shared.Temp();
        var table = Table.Read(temp.Write("t.csv", "a,b\nx,y\nx,z\nx y,\n,x y\nX,Y\n,\n"));
        var summary = DataSummary.Of(table, TextTemplate.Parse("a"), TextTemplate.Parse("b"));
        Expect(1, 2, [2, 6], summary.WithinTrain);
        Assert.Equal((1, 3), (summary.EmptyTexts, summary.Lengths.Max));
    }

    [Fact]
    public void The_tweets_repeat_as_an_independent_count_says()
    {
        var (train, test) = (Table.Read(Shared.Data("disaster_tweets/train.csv")), Table.Read(Shared.Data("disaster_tweets/test.csv")));
        var summary = DataSummary.Of(train, TextTemplate.Parse("text"), label: "target", test: test);
        // Counted with Python's csv module, " ".join(text.split()).lower() and a dictionary; 18 contradictions are in the data's description too.
        Assert.Equal((70, 182), (summary.WithinTrain.Texts, summary.WithinTrain.Rows));
        Assert.Equal((18, 56), (summary.Contradicting.Texts, summary.Contradicting.Rows));
        Assert.Equal((68, 127), (summary.AcrossTest.Texts, summary.AcrossTest.Rows));
        Assert.Equal((7, 107.0, 140, 157), (summary.Lengths.Min, summary.Lengths.Median, summary.Lengths.P95, summary.Lengths.Max));
        Assert.Equal(101.0374, summary.Lengths.Mean, 4);
    }

    static void Expect(int texts, int rows, long[] lines, Repeats repeats)
    {
        Assert.Equal((texts, rows), (repeats.Texts, repeats.Rows));
        Assert.Equal(lines, repeats.Lines);
    }
}
