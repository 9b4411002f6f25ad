using Tutti.Tables;

namespace Tutti.Tests.Tables;

public class TextTemplateTests
{
    [Theory]
    [InlineData("{keyword} | {location} | {text}", 0, "fire | Oslo | It burns")]
    [InlineData("{keyword} | {location} | {text}", 1, "fire | It burns")]      // no location
    [InlineData("{keyword} | {location} | {text}", 2, "It burns")]             // neither
    [InlineData("{keyword} | {location} | {text}", 3, "fire | Oslo")]          // no text
    [InlineData("{keyword} | {location} | {text}", 4, "")]                     // nothing
    [InlineData("<{keyword}> {text}!", 0, "<fire> It burns!")]
    [InlineData("<{keyword}> {text}!", 2, "<It burns!")]                       // what stands before the first and after the last column stays
    [InlineData("{{{text}}}", 0, "{It burns}")]
    [InlineData("text", 0, "It burns")]
    [InlineData(" text ", 4, "")]
    [InlineData("{text} {text}", 0, "It burns It burns")]
    [InlineData("{ keyword }", 0, "fire")]
    public void A_row_renders_and_empty_cells_leave_no_trace(string template, int row, string expected)
    {
        using var temp = Shared.Temp();
        var table = Table.Read(temp.Write("t.csv", "keyword,location,text\nfire,Oslo,It burns\nfire,,It burns\n,  ,It burns\nfire,Oslo,\n,,\n"));
        Assert.Equal(expected, TextTemplate.Parse(template).Render(table, row));
    }

    [Fact]
    public void The_columns_are_listed_in_order() => Assert.Equal(["b", "a"], TextTemplate.Parse("{b}-{a}").Columns);

    [Theory]
    [InlineData("", "empty")]
    [InlineData("{text", "not closed")]
    [InlineData("{te{xt}", "not closed")]
    [InlineData("text}", "closes nothing")]
    [InlineData("a {} b", "name no column")]
    [InlineData("a {{b}}", "names no column")]
    public void A_broken_template_is_a_fault_of_the_settings(string template, string expected)
    {
        var error = Assert.Throws<ConfigException>(() => TextTemplate.Parse(template, "data.text"));
        Assert.Equal("data.text", error.Path);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_column_is_named_with_the_nearest()
    {
        using var temp = Shared.Temp();
        var table = Table.Read(temp.Write("t.csv", "keyword,text\na,b\n"));
        var error = Assert.Throws<DataException>(() => TextTemplate.Parse("{keyword} {txt}").Check(table));
        Assert.Contains("'txt'; did you mean 'text'? The columns are: keyword, text.", error.Message, StringComparison.Ordinal);
    }
}
