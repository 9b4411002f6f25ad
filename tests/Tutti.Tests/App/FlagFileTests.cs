using System.Text.Json.Nodes;

namespace Tutti.Tests.App;

/// <summary><c>tutti labels --probs</c> of rows that may have several labels, from a file of anybody's.</summary>
public sealed class FlagFileTests
{
    const string Head = "p_red,label_red,p_large,label_large\n";

    static string Rows(int wrong) => Head + string.Concat(Enumerable.Range(0, 20).Select(row => $"{(row % 2 == 0 ? "0.9" : "0.1")},{(row % 2 == 0 != (row == wrong) ? "1" : "0")},{(row < 10 ? "0.8" : "0.2")},{(row < 10 ? "1" : "0")}\n"));

    [Fact]
    public void A_wrong_label_is_found_and_rows_are_numbered_where_there_is_no_id()
    {
        using var folder = Shared.Temp();
        var outcome = CommandLine.Run("labels", "--probs", folder.Write("p.csv", Rows(wrong: 4)), "--json");
        Assert.Equal(0, outcome.Code);
        var issue = Assert.Single(JsonNode.Parse(outcome.Out)!["targets"]![0]!["queue"]!.AsArray())!;
        Assert.Equal(("5", "large", "red, large"), ((string)issue["id"]!, (string)issue["given"]!, (string)issue["suggested"]!));
    }

    [Theory]
    [InlineData("line 3, column 'p_large': got '1.5', expected a probability from 0 to 1", "0.9,1,0.8,1\n0.9,1,1.5,1\n")]
    [InlineData("line 2, column 'label_red': got '2', expected 1 or 0", "0.9,2,0.8,1\n")]
    [InlineData("line 2, column 'p_red': got 'NaN', expected a probability from 0 to 1", "NaN,1,0.8,1\n")]
    public void A_cell_that_cannot_be_is_named(string message, string rows)
    {
        using var folder = Shared.Temp();
        CommandLine.Run("labels", "--probs", folder.Write("p.csv", Head + rows)).IsWrongInput(message, "p.csv");
    }

    [Fact]
    public void A_class_that_no_row_is_labelled_with_is_said()
    {
        using var folder = Shared.Temp();
        var outcome = CommandLine.Run("labels", "--probs", folder.Write("p.csv", "p_a,p_b,p_c,label\n0.8,0.1,0.1,a\n0.1,0.8,0.1,b\n0.2,0.7,0.1,b\n"));
        Assert.Equal(0, outcome.Code);
        Assert.Contains("no row is labelled 'c'", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("'a'", outcome.Error, StringComparison.Ordinal);
    }
}
