using Tutti.Recipes;
using Tutti.Tables;

namespace Tutti.Tests.Recipes;

public sealed class RowIdsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1000)]
    public void A_repeated_id_is_found_however_the_file_is_cut(int chunk)
    {
        using var temp = Shared.Temp();
        var file = Ids(temp, "a", "b", "c", "d", "b", "e");
        var error = Assert.Throws<DataException>(() => RowIds.Check(() => Table.Stream(file, null, chunk), "id"));
        Assert.Equal((6, "id"), (error.Row, error.Column));
        Assert.Contains("the id 'b' is there twice, first in line 3", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_many_repeated_ids_the_first_row_is_named()
    {
        using var temp = Shared.Temp();
        var file = Ids(temp, "a", "b", "c", "d", "d", "c", "a", "b");
        Assert.Equal(6, Assert.Throws<DataException>(() => RowIds.Check(() => Table.Stream(file, null, 2), "id")).Row);
    }

    [Fact]
    public void Different_ids_of_equal_hashes_are_no_fault_and_equal_ones_among_them_are()
    {
        using var temp = Shared.Temp();
        var file = Ids(temp, "a", "b", "c", "d");
        RowIds.Check(() => Table.Stream(file, null, 2), "id", _ => 5);
        file = Ids(temp, "a", "b", "c", "a");
        var error = Assert.Throws<DataException>(() => RowIds.Check(() => Table.Stream(file, null, 2), "id", _ => 5));
        Assert.Contains("the id 'a' is there twice, first in line 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_id_may_be_repeated_across_sorted_runs()
    {
        using var temp = Shared.Temp();
        // 150,000 ids are three runs of the sort on disk; the repeated one stands in the first and in the last.
        var file = Ids(temp, [.. Enumerable.Range(0, 150_000).Select(i => i == 149_000 ? "100" : $"{i}")]);
        var error = Assert.Throws<DataException>(() => RowIds.Check(() => Table.Stream(file, null, 4096), "id"));
        Assert.Equal(149_002, error.Row);
    }

    static string Ids(TempFolder temp, params string[] ids) => temp.Write("ids.csv", "id,text\n" + string.Concat(ids.Select(id => $"{id},x\n")));
}
