using Tutti.Ensembling;

namespace Tutti.Tests.Ensembling;

public sealed class OutOfFoldRowsTests
{
    static readonly string[] ids = ["a", "b", "c", "d"], classes = ["no", "yes"];

    static BlendMember Member(string name, int[]? folds, int rows = 4, int[]? labels = null) => new(name, new(ids[..rows], classes, [.. Enumerable.Repeat(0.5, 2 * rows)], labels ?? [.. Enumerable.Range(0, rows).Select(row => row % 2)], folds?[..rows]));

    static string Refused(params BlendMember[] members) => Assert.Throws<DataException>(() => OutOfFoldRows.Of(members)).Message;

    [Fact]
    public void Members_with_different_folds_cannot_be_blended_and_it_is_said_why()
    {
        var message = Refused(Member("first", [0, 0, 1, 1]), Member("second", [0, 1, 1, 0]));
        Assert.StartsWith("second: has other folds than first: 2 of 4 rows were held out elsewhere ('b' in fold 1, not 0)", message, StringComparison.Ordinal);
        Assert.Contains("Members with different folds cannot be blended", message, StringComparison.Ordinal);
        Assert.Contains("would have been seen in training", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_member_whose_rows_are_incomplete_is_named_with_what_is_missing()
    {
        var message = Refused(Member("first", [0, 0, 1, 1]), Member("second", [0, 0, 1, 1], rows: 3));
        Assert.Contains("second: its out-of-fold predictions are incomplete: 1 of 4 held-out rows are missing ('d')", message, StringComparison.Ordinal);
        Assert.Contains("repeat tutti train", message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_expected_of_all_may_be_given()
    {
        var expected = ids.Index().ToDictionary(pair => pair.Item, pair => pair.Index / 2);
        Assert.Contains("1 of 4 held-out rows are missing", Assert.Throws<DataException>(() => OutOfFoldRows.Of([Member("only", [0, 0, 1, 1], rows: 3)], expected)).Message, StringComparison.Ordinal);
        Assert.Contains("has other folds than the run", Assert.Throws<DataException>(() => OutOfFoldRows.Of([Member("only", [1, 0, 1, 1])], expected)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_without_folds_or_labels_are_refused()
    {
        Assert.Contains("name no folds", Refused(Member("m", null)), StringComparison.Ordinal);
        Assert.Contains("without a label", Refused(Member("m", [0, 0, 1, 1], labels: [0, 1, -1, 0])), StringComparison.Ordinal);
    }

    [Fact]
    public void Parts_are_the_folds_or_fifths_of_a_single_holdout_in_which_equal_texts_stay_together()
    {
        Assert.Equal([0, 0, 1, 1], OutOfFoldRows.Of([Member("m", [0, 0, 1, 1])]).Parts);
        Assert.Equal([0, 1, 2, 3], OutOfFoldRows.Of([Member("m", [0, 0, 0, 0])]).Parts);
        Assert.Equal([2, 3, 2, 4], OutOfFoldRows.Of([Member("m", [0, 0, 0, 0])], groups: new Dictionary<string, UInt128> { ["a"] = 7, ["b"] = 8, ["c"] = 7, ["d"] = 9 }).Parts);
    }
}
