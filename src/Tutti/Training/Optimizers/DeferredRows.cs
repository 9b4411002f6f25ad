using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Training.Optimizers;

/// <summary>
/// AdamW's steps of a table whose gradient comes by rows. A row that a step has no gradient for is not touched then: its moments would fall and it would
/// follow them, and all of that is done later from the numbers of the steps it missed, before anybody reads it, to the same bits.
/// </summary>
/// <param name="table">The weight.</param>
/// <param name="m">Its first moment.</param>
/// <param name="v">Its second moment.</param>
/// <param name="touched">Called after moments were touched outside of a step.</param>
sealed class DeferredRows(Parameter table, Tensor m, Tensor v, Action? touched) : IDisposable
{
    /// <summary>Steps that are put off at most: then all rows do them.</summary>
    const int Most = 512;

    readonly Tensor done = Tensor.Zeros([table.Stored.Size(0)], DType.Int32);    // of every row: how many steps of the history it has done
    readonly Tensor history = Tensor.Zeros([Most, 4], DType.Float64);
    Action<Tensor?>? catchUp;
    int steps;                                                // in the history
    (double Beta2, double Eps) numbers;

    /// <summary>Takes its memory out of the scope it was made in.</summary>
    public void Own()
    {
        done.Owned();
        history.Owned();
    }

    /// <summary>One step: for these rows now, for the others later.</summary>
    /// <param name="gradient">By rows, settled.</param>
    public void Step(Tensor gradient, double decay, in AdamWStep step)
    {
        if (table.CatchUp != catchUp)
        {
            table.CatchUp?.Invoke(null);                      // another optimizer has put something off
            table.CatchUp = null;
        }
        if (steps == Most) All();
        (numbers, table.CatchUp) = ((step.Beta2, step.Eps), catchUp ??= CatchUp);
        table.Stored.AdamWRows(gradient.RowIds, gradient.RowValues, m, v, done, history, steps, decay, step);
        steps++;
    }

    /// <summary>Does everything that was put off.</summary>
    public void All()
    {
        if (steps == 0 || table.Stored.IsDisposed) return;
        table.Stored.AdamWCatchUp(null, m, v, done, history, steps, numbers.Beta2, numbers.Eps);
        done.Fill(0);
        steps = 0;
        touched?.Invoke();
    }

    public void Dispose()
    {
        All();
        if (table.CatchUp == catchUp) table.CatchUp = null;
        done.Dispose();
        history.Dispose();
    }

    void CatchUp(Tensor? ids)
    {
        if (steps == 0) return;
        if (ids is null)
        {
            All();
            return;
        }
        using var scope = new Scope();
        table.Stored.AdamWCatchUp(ids.Contiguous(), m, v, done, history, steps, numbers.Beta2, numbers.Eps);
        touched?.Invoke();
    }
}
