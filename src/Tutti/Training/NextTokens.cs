using Tutti.Models;
using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>
/// Language modelling: the next token of every token, in <see cref="LanguageStreams"/>. The loss is the mean over all tokens of an update.
/// </summary>
/// <param name="streams">Of evaluations: parallel streams.</param>
/// <param name="length">Of evaluations: tokens of a piece. Hidden states are carried, so it changes memory, not what a token has seen.</param>
/// <param name="backward">The model reads texts from their end: each is turned round as a whole, as with fastai's <c>backwards=True</c>, so that a text's first token is read last.</param>
public sealed class NextTokens(int streams, int length, bool backward = false) : LanguageObjective
{
    /// <summary>Fewer texts than this are cut into blocks for intervals.</summary>
    internal const int FewTexts = 20;

    /// <summary>Tokens of such a block.</summary>
    internal const int Block = 256;

    public override bool CanLearn(Example example) => example.Ids.Length > 0;

    public override double Weight(IReadOnlyList<Example> update) => update.Sum(example => example.Answers!.Length);

    public override UpdateOrder Order(IReadOnlyList<Example> train, TrainConfig config, long seed) => new LanguageStreams(Read(train), config.Batch, config.Bptt ?? TrainConfig.UsualBptt, seed, config.Jitter ?? TrainConfig.UsualJitter);

    // Logits, their logarithms of probabilities, and the gradients of both, of every token, where they exist as a whole.
    internal override double HeadNumbers(Example example, Network model) => model.Params.Device.IsCpu ? 0 : 4.0 * ((TextModel)model).VocabularySize * example.Ids.Length;

    IReadOnlyList<Example> Read(IReadOnlyList<Example> texts) => backward ? [.. texts.Select(text => text with { Ids = [.. text.Ids.Reverse()] })] : texts;

    /// <summary>
    /// Reads the texts in their order as streams, with carried states. The units are the texts; where there are fewer than 20, blocks of 256 tokens. The first token of
    /// every stream is predicted from nothing and left out.
    /// </summary>
    /// <exception cref="ArgumentException">There are fewer than 2 tokens.</exception>
    internal override double[] PerUnit(TextModel model, IReadOnlyList<Example> examples, Precision precision, int tokens, CancellationToken cancel)
    {
        var all = examples.Sum(example => (long)example.Ids.Length);
        var order = new LanguageStreams(Read(examples), (int)Math.Clamp(Math.Min(streams, all - 1), 1, int.MaxValue), length, seed: null);
        var units = examples.Count >= FewTexts ? order.TextOfToken() : [.. Enumerable.Range(0, (int)all).Select(token => token / Block)];
        var sums = new double[Sums * (units[^1] + 1)];
        var run = model.Params.Run;
        var (carried, autocast) = (run.Carried, precision.Autocast(model));
        using var states = new CarriedState(order.Streams);
        (run.Carried, run.Training) = (states, false);
        using var products = Modes.Tf32(model.Params.Device, run.Tf32);
        try
        {
            foreach (var (update, (start, _)) in order.Epoch(1).Zip(order.Pieces(1)))
            {
                for (var done = 0; done < update.Length;)
                {
                    cancel.ThrowIfCancellationRequested();
                    var part = Batches.Next(update.AsSpan(done), tokens);
                    if (!TryAdd(part, start)) tokens = part.Length / 2 * part[0].Ids.Length;      // no room: smaller parts from here on
                    else done += part.Length;
                }
                states.Advance();
            }
        }
        finally
        {
            run.Carried = carried;
            Modes.ClearAutocast();
        }
        return [.. sums.Chunk(Sums).Where(unit => unit[1] > 0).SelectMany(unit => unit)];

        bool TryAdd(Example[] part, int start)
        {
            try
            {
                using var scope = new Scope();
                using var none = Modes.NoGrad();
                using var mode = Modes.Autocast(model.Params.Device, autocast);
                var logits = model.Forward(TextData.Batch(part)).To(DType.Float32);
                var losses = logits.CrossEntropy(Answers(part, logits.Device), null, 0, 0).ToArray<float>();
                var (best, at) = (logits.ArgMax(1).ToArray<long>(), 0);
                foreach (var piece in part)
                    for (var i = 0; i < piece.Answers!.Length; i++, at++)
                    {
                        var unit = Sums * units[order.Place(piece.Row, start) + i + 1];
                        sums[unit] += losses[at];
                        sums[unit + 1]++;
                        if (best[at] == piece.Answers[i]) sums[unit + 2]++;
                    }
                return true;
            }
            catch (TorchMemoryException) when (part.Length > 1)
            {
                return false;
            }
        }
    }
}
