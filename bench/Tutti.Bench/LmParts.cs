using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Bench;

/// <summary>
/// An AWD-LSTM language model put together from the library's parts. Rows are step after step: word t of stream b is row (t * batch + b).
/// </summary>
sealed class LmParts : IDisposable
{
    readonly LmCase one;
    readonly Embedding table;
    readonly Dropout words, input;
    readonly Layer[] layers;
    readonly Tensor decoderBias, everyWord, ones, streams;
    readonly CarriedState carried;
    readonly long[] names, sizes;

    public LmParts(LmCase one, long seed)
    {
        this.one = one;
        Params = new(seed);
        table = new(Params / "encoder", one.Vocabulary, one.Embedding, deviation: 0.058, whole: true);      // the spread of a uniform draw from -0.1 to 0.1
        (words, input) = (new(Params, one.Dropout.Embedding), new(Params, one.Dropout.Input));
        layers = [.. Enumerable.Range(0, one.Layers).Select(i => new Layer(Params / i, one, i))];
        decoderBias = (Params / "decoder").Get("bias", Init.Zeros, decay: false, one.Vocabulary);
        everyWord = Rows(one.Vocabulary);
        ones = Tensor.Zeros([one.Vocabulary, 1]).Owned();
        ones.Fill(1);
        names = [.. Enumerable.Range(0, one.Batch).Select(i => (long)i)];
        sizes = [.. Enumerable.Repeat((long)one.Batch, one.Length)];
        streams = Tensor.From<long>([.. Enumerable.Range(0, one.Length).SelectMany(_ => names)], [one.Length * one.Batch]).Owned();
        Params.Run.Carried = carried = new(one.Batch);
    }

    public Params Params { get; }

    /// <summary>The mean loss of an update, with what activations add to it (AR 2, TAR 1).</summary>
    /// <param name="ids">(T) words.</param>
    /// <param name="targets">(T) the words that follow them.</param>
    public Tensor Loss(Tensor ids, Tensor targets)
    {
        var kept = words.Forward(ones, () => everyWord).IndexSelect(0, ids);                                // a word is dropped wherever it stands
        var x = input.Forward(table.Forward(ids) * kept, () => streams);
        var raw = x;
        foreach (var (layer, i) in layers.Select((layer, i) => (layer, i)))
        {
            var (h, c) = (State($"h{i}", i), State($"c{i}", i));
            (raw, h, c) = layer.Forward(x, sizes, h, c);
            carried.Keep($"h{i}", names, h);
            carried.Keep($"c{i}", names, c);
            x = layer.Output.Forward(raw, () => streams);
        }
        long rows = ids.Size(0), batch = one.Batch;
        var loss = Losses.LinearCrossEntropy(x, table.Table, decoderBias, targets) / rows;
        var change = raw.Narrow(0, batch, rows - batch) - raw.Narrow(0, 0, rows - batch);
        return loss + (x.Square().Mean() * 2) + change.Square().Mean();
    }

    /// <summary>The update is done: the streams go on.</summary>
    public void Advance() => carried.Advance();

    public void Dispose()
    {
        foreach (var tensor in (Tensor[])[everyWord, ones, streams]) tensor.Dispose();
        foreach (var layer in layers) layer.Dispose();
        carried.Dispose();
        Params.Dispose();
    }

    Tensor State(string name, int layer) => carried.Of(name, names, one.Units(layer), Device.Cpu, DType.Float32);

    static Tensor Rows(int count) => Tensor.From<long>([.. Enumerable.Range(0, count).Select(i => (long)i)], [count]).Owned();

    /// <summary>An LSTM layer whose recurrent weight is dropped from anew in every update.</summary>
    sealed class Layer(Params p, LmCase one, int index) : IDisposable
    {
        readonly Tensor inputs = p.Get("weight_ih_l0", Init.Normal(0.03), decay: true, 4 * one.Units(index), index == 0 ? one.Embedding : one.Hidden);
        readonly Tensor recurrent = p.Get("weight_hh_l0_raw", Init.Normal(0.03), decay: true, 4 * one.Units(index), one.Units(index));
        readonly Tensor inputBias = p.Get("bias_ih_l0", Init.Zeros, decay: false, 4 * one.Units(index)), recurrentBias = p.Get("bias_hh_l0", Init.Zeros, decay: false, 4 * one.Units(index));
        readonly Dropout weights = new(p, one.Dropout.Weights);
        readonly Tensor rows = Rows(4 * one.Units(index));

        public Dropout Output { get; } = new(p, index == one.Layers - 1 ? one.Dropout.Output : one.Dropout.Hidden);

        public (Tensor Outputs, Tensor H, Tensor C) Forward(Tensor x, long[] sizes, Tensor h, Tensor c) => x.Lstm(sizes, h, c, inputs, weights.Forward(recurrent, () => rows), inputBias, recurrentBias);

        public void Dispose() => rows.Dispose();
    }
}
