using Tutti.Models;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>Computes class probabilities with a model: sorted by length, in pieces of bounded size, without recording anything.</summary>
public static class Predictor
{
    /// <summary>Probabilities (n*K, row by row, in the order of the examples).</summary>
    /// <param name="model">The model.</param>
    /// <param name="examples">Encoded texts, or pictures.</param>
    /// <param name="precision">bf16 computes matrix products in bfloat16.</param>
    /// <param name="tokens">Tokens per piece: decides memory, not results.</param>
    /// <param name="cancel">Stops between pieces.</param>
    public static double[] Probabilities(Network model, IReadOnlyList<Example> examples, Precision precision = Precision.Fp32, int tokens = 4096, CancellationToken cancel = default) =>
        Values(model, examples, classes, precision, tokens, cancel);

    /// <summary>As <see cref="Probabilities"/> of a model that learnt something else: (n*W) predictions of an objective.</summary>
    internal static double[] Values(Network model, IReadOnlyList<Example> examples, Objective objective, Precision precision, int tokens = 4096, CancellationToken cancel = default) =>
        Values(model, examples, (logits, _) => objective.Predict(logits).ToArray<double>(), precision, tokens, cancel);

    /// <summary>Examples as a model sees them: of a text the mean over its tokens of the last hidden state, of a picture what the head is given (n*C, row by row, in the order of the examples).</summary>
    internal static double[] Embeddings(Network model, IReadOnlyList<Example> examples, Precision precision, int tokens = 4096, CancellationToken cancel = default) => Values(model, examples, model.Embed, (means, _) => means.To(DType.Float64).ToArray<double>(), precision, tokens, cancel);

    static readonly SingleLabel classes = new();

    /// <summary>Numbers of every example, in the order of the examples, as many of each.</summary>
    /// <param name="read">From the logits of a piece and its examples: their numbers, row by row.</param>
    internal static double[] Values(Network model, IReadOnlyList<Example> examples, Func<Tensor, IReadOnlyList<Example>, double[]> read, Precision precision, int tokens, CancellationToken cancel) =>
        Values(model, examples, batch => model.Logits(batch), read, precision, tokens, cancel);

    static double[] Values(Network model, IReadOnlyList<Example> examples, Func<InputBatch, Tensor> compute, Func<Tensor, IReadOnlyList<Example>, double[]> read, Precision precision, int tokens, CancellationToken cancel)
    {
        var autocast = precision.Autocast(model);
        double[]? result = null;
        model.Params.Run.Training = false;
        using var products = Modes.Tf32(model.Params.Device, model.Params.Run.Tf32);
        try
        {
            int[] places = [.. Enumerable.Range(0, examples.Count).OrderByDescending(i => examples[i].Length)];
            Example[] sorted = [.. places.Select(i => examples[i])];
            for (var done = 0; done < sorted.Length;)
            {
                cancel.ThrowIfCancellationRequested();
                var piece = Batches.Next(sorted.AsSpan(done), tokens);
                var (next, begun) = (done + piece.Length, 0);
                foreach (var example in next < sorted.Length ? Inputs.Ahead(Batches.Next(sorted.AsSpan(next), tokens)) : []) sorted[next + begun++] = example;
                if (TryPiece(model, piece, compute, read, autocast) is not { } values)
                {
                    tokens = piece.Length / 2 * piece[0].Length;      // no room: smaller pieces from here on
                    continue;
                }
                var width = values.Length / piece.Length;
                result ??= new double[examples.Count * width];
                for (var i = 0; i < piece.Length; i++) values.AsSpan(i * width, width).CopyTo(result.AsSpan(places[done + i] * width));
                for (var i = 0; i < piece.Length; i++) sorted[done + i] = examples[places[done + i]];      // lets go of the pixels
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
    static double[]? TryPiece(Network model, Example[] piece, Func<InputBatch, Tensor> compute, Func<Tensor, IReadOnlyList<Example>, double[]> read, DType? autocast)
    {
        try
        {
            using var scope = new Scope();
            using var none = Modes.NoGrad();
            using var mode = Modes.Autocast(model.Params.Device, autocast);
            return read(compute(Inputs.Of(piece)), piece);
        }
        catch (TorchMemoryException) when (piece.Length > 1)
        {
            return null;
        }
    }
}
