using Tutti.Distributed;
using Tutti.Models;
using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>
/// Gradients of tables, which come by rows: of those rows that any process named, each process's part, added up. They are known when backward ends, so nothing hides their way; they are small beside
/// the rest.
/// </summary>
sealed class SharedRows(Ranks ranks, Network model)
{
    const int None = 0, Rows = 1, Whole = 2;

    /// <summary>What kind of gradient a weight has here.</summary>
    /// <param name="given">It is part of a bucket, which gives one also where backward did not.</param>
    public static int KindOf(Parameter item, bool given) => given ? Whole : item.Stored.StoredGrad is not { } grad ? None : grad.IsByRows ? Rows : Whole;

    /// <summary>Reduces the tables.</summary>
    /// <param name="kinds">Of each weight the most that any process has.</param>
    public void Reduce(int[] kinds)
    {
        using var mode = Modes.NoGrad();
        for (var i = 0; i < kinds.Length; i++)
        {
            var item = model.Params.Items[i];
            if (!item.ByRows || kinds[i] == None) continue;
            using var scope = new Scope();
            if (kinds[i] == Whole)
            {
                var whole = item.Stored.Grad is { } grad ? grad.Contiguous() : Tensor.Zeros(item.Stored.Shape, item.Stored.DType, item.Stored.Device);
                ranks.Reduce(whole);
                item.Stored.SetGrad(whole);
            }
            else Reduce(item);
        }
    }

    void Reduce(Parameter item)
    {
        var grad = item.Stored.StoredGrad;
        grad?.SettleRows();
        var mine = grad?.RowIds.Contiguous().ToArray<long>() ?? [];
        var ids = Union(mine);
        var width = item.Stored.Size(1);
        var sum = Tensor.Zeros([ids.Length, width], item.Stored.DType);
        if (mine.Length > 0)
        {
            long[] places = [.. mine.Select(id => (long)Array.BinarySearch(ids, id))];
            sum = sum.IndexCopy(0, Tensor.From<long>(places), grad!.RowValues.Contiguous());
        }
        ranks.Reduce(sum);
        var all = Tensor.ByRows(Tensor.From<long>(ids), sum, item.Stored.Size(0));
        all.SettleRows();
        item.Stored.SetGrad(all);
    }

    /// <summary>The ids that any process named, rising.</summary>
    long[] Union(long[] mine)
    {
        var most = (int)ranks.Reduce([mine.Length], ReduceKind.Most)[0];
        var padded = new long[most];
        mine.CopyTo(padded, 0);
        padded.AsSpan(mine.Length).Fill(-1);
        return [.. ranks.Gather(Tensor.From<long>(padded)).ToArray<long>().Where(id => id >= 0).Distinct().Order()];
    }
}
