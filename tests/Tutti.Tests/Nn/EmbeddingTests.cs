using Tutti.Nn;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Nn;

/// <summary>Gradients of tables by rows against gradients as large as the table.</summary>
public sealed class EmbeddingTests : EngineTest
{
    const int Rows = 50, Width = 6, Padding = 3;

    static (Params, Embedding, Parameter) Table(DType dtype = DType.Float64, int padding = Padding)
    {
        var p = new Params(1, dtype: dtype);
        var layer = new Embedding(p, Rows, Width, padding);
        return (p, layer, p.Items[0]);
    }

    /// <summary>Ids with many duplicates and the padding row among them.</summary>
    static long[] Ids(int draw, int count)
    {
        var random = RandomStream.Of(5, "ids", draw);
        return [.. Enumerable.Range(0, count).Select(i => i % 7 == 0 ? Padding : (long)random.Below(i, Rows / 2))];
    }

    static Tensor Weighted(Tensor y, string name) => (y * Check.Normal(name, y.Shape).To(y.DType)).Sum();

    [Theory, InlineData(1), InlineData(2), InlineData(5)]
    public void The_gradient_by_rows_is_the_whole_one_for_duplicates_the_padding_row_and_any_cut(int parts)
    {
        var (p, layer, table) = Table();
        using var owner = p;
        var whole = Check.Normal("table", Rows, Width).RequireGrad();
        for (var part = 0; part < parts; part++)
        {
            var ids = Tensor.From(Ids(part, 40), 8, 5);
            Weighted(layer.Forward(ids), $"part {part}").Backward();
            Weighted(whole.Embedding(ids, Padding), $"part {part}").Backward();
            p.SettleRows();
            Assert.True(table.Stored.StoredGrad!.IsByRows && !whole.StoredGrad!.IsByRows);
        }
        Assert.InRange(Check.Worst(whole.Grad!.ToArray<double>(), table.Stored.Grad!.ToArray<double>()), 0, 1e-13);
        var named = table.Stored.StoredGrad!.RowIds.ToArray<long>();
        Assert.Equal(Enumerable.Range(0, parts).SelectMany(part => Ids(part, 40)).Where(id => id != Padding).Distinct().Order(), named);
        Assert.Equal([named.Length, Width], table.Stored.StoredGrad!.RowValues.Shape);
    }

    [Fact]
    public void A_gradient_that_is_not_settled_yet_is_the_same()
    {
        var (p, layer, table) = Table();
        using var owner = p;
        var whole = Check.Normal("table", Rows, Width).RequireGrad();
        foreach (var part in (int[])[0, 1, 2])
        {
            Weighted(layer.Forward(Tensor.From(Ids(part, 40))), $"part {part}").Backward();
            Weighted(whole.Embedding(Tensor.From(Ids(part, 40)), Padding), $"part {part}").Backward();
        }
        Assert.InRange(Check.Worst(whole.Grad!.ToArray<double>(), table.Stored.Grad!.ToArray<double>()), 0, 1e-13);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_table_that_something_else_reads_whole_gets_the_sum_of_both_gradients(bool rowsFirst)
    {
        var (p, layer, table) = Table();
        using var owner = p;
        var whole = table.Stored.Detach().Clone().RequireGrad();
        var (ids, x) = (Tensor.From(Ids(0, 40)), Check.Normal("x", 4, Width));
        var versions = new List<long> { table.Stored.GradVersion };
        foreach (var rows in (bool[])[rowsFirst, !rowsFirst, true, false])
        {
            // At last both in one backward.
            if (versions.Count == 4) (Weighted(layer.Forward(ids), "rows") + Weighted(x.Linear(table.Value, null), "head")).Backward();
            else (rows ? Weighted(layer.Forward(ids), "rows") : Weighted(x.Linear(table.Value, null), "head")).Backward();
            if (versions.Count == 4) (Weighted(whole.Embedding(ids, Padding), "rows") + Weighted(x.Linear(whole, null), "head")).Backward();
            else (rows ? Weighted(whole.Embedding(ids, Padding), "rows") : Weighted(x.Linear(whole, null), "head")).Backward();
            p.SettleRows();
            versions.Add(table.Stored.GradVersion);
        }
        Assert.Equal(versions.Count, versions.Distinct().Count());                 // what a replay after a failure goes by
        Assert.InRange(Check.Worst(whole.Grad!.ToArray<double>(), table.Stored.Grad!.ToArray<double>()), 0, 1e-13);
    }

    [Fact]
    public void A_table_that_takes_no_gradient_gets_none()
    {
        var (p, layer, table) = Table();
        using var owner = p;
        table.Stored.RequireGrad(false);
        var y = layer.Forward(Tensor.From(Ids(0, 40)));
        Assert.False(y.RequiresGrad);
        Assert.Null(table.Stored.Grad);
    }

    [Fact]
    public void Rows_are_added_up_to_the_same_bits_by_any_number_of_threads()
    {
        float[] Sums(int threads)
        {
            var before = Engine.Threads;
            var p = new Params(1);
            using var owner = p;
            var layer = new Embedding(p, 500, 64);
            try
            {
                Engine.Threads = threads;
                var ids = Tensor.From([.. Enumerable.Range(0, 20_000).Select(i => (long)RandomStream.Of(1, "many").Below(i, 500))]);
                Weighted(layer.Forward(ids), "many").Backward();
                p.SettleRows();
                return p.Items[0].Stored.Grad!.ToArray<float>();
            }
            finally
            {
                Engine.Threads = before;
            }
        }
        Assert.Equal(Sums(1), Sums(2));
    }

    [Fact]
    public void Settled_rows_take_no_more_memory_than_they_have_numbers()
    {
        using var p = new Params(1);
        var layer = new Embedding(p, 20_000, 64);
        using (new Scope())
        {
            var before = Memory.Stats(Device.Cpu).InUse;
            using (new Scope())
                foreach (var part in (int[])[0, 1, 2, 3])
                {
                    var ids = Tensor.From([.. Enumerable.Range(0, 4000).Select(i => (long)RandomStream.Of(part, "many").Below(i, 1000))]);
                    using (new Scope()) layer.Forward(ids).Sum().Backward();
                    p.SettleRows();
                }
            Assert.InRange(Memory.Stats(Device.Cpu).InUse - before, 990 * 64 * 4, (1000 * ((64 * 4) + 8)) + 8192);
        }
    }

    [Fact]
    public void An_id_that_the_table_does_not_have_is_refused()
    {
        var (p, layer, _) = Table();
        using var owner = p;
        Assert.Throws<TorchException>(() => layer.Forward(Tensor.From([(long)Rows])));
    }
}
