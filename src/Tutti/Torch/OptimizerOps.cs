namespace Tutti.Torch;

// What optimizers need of the engine: gradients by rows, norms, AdamW's sweep (native/embedding.cpp, native/adamw.cpp).
public sealed partial class Tensor
{
    static readonly Op dense = new("aten::to_dense"), indices = new("aten::_indices"), values = new("aten::_values"), byRows = new("tutti::by_rows"), settleRows = new("tutti::settle_rows_"),
        norm = new("tutti::norm"), adamw = new("tutti::adamw_"), adamwRows = new("tutti::adamw_rows_"), adamwCatchUp = new("tutti::adamw_catch_up_");

    /// <summary>A gradient of a table of so many rows, of which these alone are not zero.</summary>
    internal static Tensor ByRows(Tensor ids, Tensor values, long rows) => byRows.Call(ids, values, rows);

    /// <summary>Of a gradient by rows: its ids (int64).</summary>
    internal Tensor RowIds => indices.Call(this).Select(0, 0);

    /// <summary>Of a gradient by rows: the row of each id.</summary>
    internal Tensor RowValues => values.Call(this);

    /// <summary>Brings a gradient by rows to every id once, ascending, its rows added up in the order in which they came; on the spot.</summary>
    internal void SettleRows() => settleRows.Run(this);

    /// <summary>The whole table's gradient from one by rows.</summary>
    internal Tensor Dense() => dense.Call(this);

    /// <summary>The Euclidean norm of all tensors together, summed in double row by row: a table's settled rows give the bits of the whole table.</summary>
    internal static double Norm(Tensor[] tensors) => norm.Number(tensors);

    /// <summary>One AdamW step over all parameters in one sweep of memory, kept casts of weights included (native/casts.h).</summary>
    /// <param name="decay">Of each weight.</param>
    /// <param name="step">The numbers of this step.</param>
    internal static void AdamW(Tensor[] weights, Tensor[] grads, Tensor[] m, Tensor[] v, double[] decay, in AdamWStep step) =>
        adamw.Run(weights, grads, m, v, decay, step.Rate, step.Size, step.Grow, step.Beta1, step.Beta2, step.Eps, step.Scale);

    /// <summary>Step number <paramref name="count"/> of a table's history for the rows that have a gradient; the others wait.</summary>
    /// <param name="ids">Each row once.</param>
    /// <param name="grads">The rows' gradients.</param>
    /// <param name="done">Of every row, how many of the history's steps it has done (int32).</param>
    /// <param name="history">Gets the step (float64, four numbers each).</param>
    internal void AdamWRows(Tensor ids, Tensor grads, Tensor m, Tensor v, Tensor done, Tensor history, long count, double decay, in AdamWStep step) =>
        adamwRows.Run(this, ids, grads, m, v, done, history, count, decay, step.Rate, step.Size, step.Grow, step.Beta1, step.Beta2, step.Eps, step.Scale);

    /// <summary>Does what rows have missed of the first <paramref name="count"/> steps of a history: those that <paramref name="ids"/> names, or all.</summary>
    internal void AdamWCatchUp(Tensor? ids, Tensor m, Tensor v, Tensor done, Tensor history, long count, double beta2, double eps) =>
        adamwCatchUp.Run(this, ids, m, v, done, history, count, beta2, eps);
}

/// <summary>The numbers of one step of AdamW.</summary>
/// <param name="Rate">The learning rate.</param>
/// <param name="Size">The rate over the first moment's bias correction.</param>
/// <param name="Grow">One over the root of the second moment's bias correction.</param>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Eps">Added to the root of the second moment.</param>
/// <param name="Scale">Every gradient is multiplied by it.</param>
readonly record struct AdamWStep(double Rate, double Size, double Grow, double Beta1, double Beta2, double Eps, double Scale)
{
    /// <summary>The same step with the learning rate multiplied.</summary>
    public AdamWStep Slower(double factor) => this with { Rate = Rate * factor, Size = Size * factor };
}
