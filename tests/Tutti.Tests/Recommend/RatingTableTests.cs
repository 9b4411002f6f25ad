using System.Text;
using Tutti.Recommend;
using Tutti.Tables;

namespace Tutti.Tests.Recommend;

public sealed class RatingTableTests
{
    static readonly RatingColumns named = new("user", "item", "rating", "time");

    static RatingTable Read(string text, RatingColumns? columns = null, TableFormat? format = null, Duplicates duplicates = Duplicates.Error, (double, double)? range = null, (NameIndex, NameIndex)? known = null)
    {
        using var temp = Shared.Temp();
        return RatingTable.Read(temp.Write("ratings.csv", text), columns ?? named, format, duplicates, range, known);
    }

    static string Refused(string text, RatingColumns? columns = null, TableFormat? format = null, (double, double)? range = null) =>
        Assert.Throws<DataException>(() => Read(text, columns, format, range: range)).Message is var message ? message[(message.IndexOf("ratings.csv", StringComparison.Ordinal) + "ratings.csv".Length)..] : "";

    [Fact]
    public void Users_and_items_are_numbered_as_they_come_and_keep_their_names()
    {
        var table = Read("user,item,rating,time\nann,film 2,4,1998-04-22\n7,film 1,2.5,893286638\nann,film 1,1,12\n");
        Assert.Equal(["ann", "7"], table.Users.Names);
        Assert.Equal(["film 2", "film 1"], table.Items.Names);
        Assert.Equal([0, 1, 0], table.Rows.Users);
        Assert.Equal([0, 1, 1], table.Rows.Items);
        Assert.Equal([4f, 2.5f, 1f], table.Rows.Values);
        Assert.Equal([893203200L, 893286638L, 12L], table.Rows.Times!);
        Assert.Equal([2L, 3L, 4L], table.Lines);
    }

    [Fact]
    public void Columns_of_files_without_a_header_are_given_by_their_place()
    {
        var table = Read("1::10::3\n2::20::4\n".Replace("::", "|", StringComparison.Ordinal), new("1", "2", "3", null), new() { Delimiter = "|", Header = false });
        Assert.Equal(["1", "2"], table.Users.Names);
        Assert.Equal(["10", "20"], table.Items.Names);
        Assert.Null(table.Rows.Times);
        Assert.Equal([3f, 4f], table.Rows.Values);
    }

    [Fact]
    public void A_place_beyond_the_columns_and_a_name_that_is_none_are_refused()
    {
        Assert.Contains("there is no column number 4; the file has 3", Refused("1\t2\t3\n4\t5\t1\n", new("1", "2", "4", null), new() { Delimiter = "tab", Header = false }), StringComparison.Ordinal);
        Assert.Contains("there is no column 'stars'", Refused("user,item,rating\na,b,1\n", new("user", "item", "stars", null)), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_column_of_ratings_every_row_counts_one() => Assert.Equal([1f, 1f], Read("user,item\na,x\nb,y\n", new("user", "item", null, null)).Rows.Values);

    [Theory]
    [InlineData("NaN", "got 'NaN', expected a rating")]
    [InlineData("inf", "got 'inf', expected a rating")]
    [InlineData("four", "got 'four', expected a rating")]
    [InlineData("", "the cell is empty, expected a rating")]
    [InlineData("6", "the rating 6 is outside of data.range, 1 to 5.")]
    [InlineData("0.5", "the rating 0.5 is outside of data.range, 1 to 5.")]
    public void Ratings_that_are_none_are_named_with_their_line_and_column(string rating, string expected)
    {
        var message = Refused($"user,item,rating,time\na,x,3,1\nb,y,{rating},2\n", range: (1, 5));
        Assert.StartsWith($", line 3, column 'rating': {expected}", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_without_a_user_or_an_item_or_with_a_time_that_is_none_are_refused()
    {
        Assert.StartsWith(", line 2, column 'item': the cell is empty", Refused("user,item,rating,time\na,,3,1\n"), StringComparison.Ordinal);
        Assert.StartsWith(", line 2, column 'time': got 'soon', expected a number that grows with time", Refused("user,item,rating,time\na,x,3,soon\n"), StringComparison.Ordinal);
    }

    const string Twice = "user,item,rating,time\na,x,3,10\nb,x,1,1\na,x,5,30\na,y,2,2\na,x,4,20\n";

    [Fact]
    public void Further_ratings_of_an_item_are_refused_with_both_lines() =>
        Assert.StartsWith(", line 4: user 'a' rates item 'x' again, first in line 2. State data.duplicates: first, last or mean", Refused(Twice), StringComparison.Ordinal);

    [Theory]
    [InlineData(Duplicates.First, 3f, 10L, 2L)]
    [InlineData(Duplicates.Last, 4f, 20L, 6L)]
    [InlineData(Duplicates.Mean, 4f, 30L, 2L)]
    public void Or_a_rule_decides_which_counts(Duplicates rule, float rating, long time, long line)
    {
        var table = Read(Twice, duplicates: rule);
        var row = Enumerable.Range(0, table.Rows.Count).Single(i => table.Rows.Users[i] == 0 && table.Rows.Items[i] == 0);
        Assert.Equal((rating, time, line, 2), (table.Rows.Values[row], table.Rows.Times![row], table.Lines[row], table.Duplicates));
        Assert.Equal(3, table.Rows.Count);
    }

    [Fact]
    public void Where_names_are_given_others_are_unknown_and_are_no_duplicates_of_each_other()
    {
        var (users, items) = (new NameIndex("a", "b"), new NameIndex("x"));
        var table = Read("user,item,rating,time\nb,x,1,1\nb,new,2,1\nb,other,3,1\nc,x,4,1\n", known: (users, items));
        Assert.Equal([1, 1, 1, RatingModel.Unknown], table.Rows.Users);
        Assert.Equal([0, RatingModel.Unknown, RatingModel.Unknown, 0], table.Rows.Items);
        Assert.Equal((2, 1), (table.Rows.UserCount, table.Rows.ItemCount));
    }

    [Theory]
    [InlineData("a,x,1\na,y,2\n", true, "all 2 rows are of one user, 'a'")]
    [InlineData("a,x,1\nb,x,2\n", true, "all 2 rows are of one item, 'x'")]
    [InlineData("a,x,4\nb,y,4\nb,x,4\n", true, "all 3 ratings are 4: there is nothing to predict")]
    public void One_user_one_item_and_constant_ratings_are_nothing_to_learn_from(string rows, bool rated, string expected)
    {
        var table = Read("user,item,rating\n" + rows, new("user", "item", "rating", null));
        Assert.Contains(expected, Assert.Throws<DataException>(() => table.CheckLearnable(rated)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constant_values_are_fine_where_no_column_holds_ratings() => Read("user,item\na,x\nb,y\n", new("user", "item", null, null)).CheckLearnable(rated: false);

    [Fact]
    public void Titles_come_from_a_table_in_another_encoding_and_what_has_none_keeps_its_name()
    {
        using var temp = Shared.Temp();
        var file = temp.Write("u.item", Encoding.Latin1.GetBytes("2|Misérables, Les|1995\n1|Léon|1994\n9|Not rated|1990\n"));
        var format = new TableFormat { Delimiter = "|", Header = false, Encoding = "iso-8859-1" };
        var (titles, missing) = SideTable.Join(file, format, "1", "2", new NameIndex("1", "2", "3"));
        Assert.Equal(["Léon", "Misérables, Les", "3"], titles);
        Assert.Equal(1, missing);
        Assert.Equal("Léon (1994)", SideTable.Join(file, format, "column1", "{column2} ({column3})", new NameIndex("1")).Texts[0]);
        Assert.Contains("is there twice", Assert.Throws<DataException>(() => SideTable.Join(temp.Write("twice.csv", "id,title\n1,a\n1,b\n"), null, "id", "title", new NameIndex("1"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_cross_table_has_the_busiest_users_and_items()
    {
        // Items by ratings: 2 (3), 0 (2), 1 (1); users: 1 (3), 0 (2), 2 (1).
        var table = CrossTable.Of(new([0, 0, 1, 1, 1, 2], [2, 0, 2, 0, 1, 2], [1, 2, 3, 4, 5, 6], 3, 3), 2);
        Assert.Equal([1, 0], table.Users);
        Assert.Equal([2, 0], table.Items);
        Assert.Equal([3f, 4f, 1f, 2f], table.Ratings.Cast<float>());
        Assert.True(float.IsNaN(CrossTable.Of(new([0, 1], [0, 1], [1, 2], 2, 2)).Ratings[0, 1]));
    }

    [Fact]
    public void A_name_has_one_number() => Assert.Throws<ArgumentException>(() => new NameIndex("a", "b", "a"));
}
