using Tutti.Models;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>Computes class probabilities with a model: sorted by length, in pieces of bounded size, without recording anything.</summary>
public static class Predictor
{
    /// <summary>Probabilities (n*K, row by row, in the order of the examples).</summary>
    /// <param name="model">The model.</param>
    /// <param name="examples">Encoded texts.</param>
    /// <param name="precision">bf16 computes matrix products in bfloat16.</param>
    /// <param name="tokens">Tokens per piece: decides memory, not results.</param>
    /// <param name="cancel">Stops between pieces.</param>
    public static double[] Probabilities(TextModel model, IReadOnlyList<Example> examples, Precision precision = Precision.Fp32, int tokens = 4096, CancellationToken cancel = default)
    {
        var autocast = precision.Autocast(model);
        double[]? result = null;
        model.Params.Run.Training = false;
        using var products = Modes.Tf32(model.Params.Device, model.Params.Run.Tf32);
        try
        {
            int[] places = [.. Enumerable.Range(0, examples.Count).OrderByDescending(i => examples[i].Ids.Length)];
            Example[] sorted = [.. places.Select(i => examples[i])];
            for (var done = 0; done < sorted.Length;)
            {
                cancel.ThrowIfCancellationRequested();
                var piece = Batches.Next(sorted.AsSpan(done), tokens);
                if (TryPiece(model, piece, autocast) is not var (values, classes))
                {
                    tokens = piece.Length / 2 * piece[0].Ids.Length;      // no room: smaller pieces from here on
                    continue;
                }
                result ??= new double[examples.Count * classes];
                for (var i = 0; i < piece.Length; i++) values.AsSpan(i * classes, classes).CopyTo(result.AsSpan(places[done + i] * classes));
                done += piece.Length;
            }
            return result ?? [];
        }
        finally
        {
            Modes.ClearAutocast();                            // casts made without recording would leave the next update without gradients
        }
    }

    /// <summary>Null where memory has no room for more than one example.</summary>
    static (double[] Values, int Classes)? TryPiece(TextModel model, Example[] piece, DType? autocast)
    {
        try
        {
            return Piece(model, piece, autocast);
        }
        catch (TorchMemoryException) when (piece.Length > 1)
        {
            return null;
        }
    }

    static (double[] Values, int Classes) Piece(TextModel model, Example[] piece, DType? autocast)
    {
        using var scope = new Scope();
        using var none = Modes.NoGrad();
        using var mode = Modes.Autocast(model.Params.Device, autocast);
        // Softmax in double: rows then sum to 1 as closely as a file can say.
        var probabilities = model.Forward(TextData.Batch(piece)).To(DType.Float64).Softmax(-1);
        return (probabilities.ToArray<double>(), (int)probabilities.Size(-1));
    }
}
