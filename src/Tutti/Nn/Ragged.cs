using Tutti.Torch;

namespace Tutti.Nn;

/// <summary>
/// Sequences of different lengths as one flat run of tokens: T tokens of n sequences, never a padded rectangle. Linear layers, norms and
/// embeddings work on (T, C); only attention gathers sequences. Made on the device of the model, inside a scope.
/// </summary>
public sealed class Ragged
{
    readonly int[] starts;                                                        // n+1 offsets
    readonly long[] examples;                                                     // n keys: the identity of each sequence for dropout
    readonly Device device;
    readonly DType dtype;
    readonly Scope? home = Scope.Current;                                          // what is made once lives as long as the batch, not as the block that asked first
    readonly Dictionary<string, Tensor> made = [];

    /// <param name="lengths">Tokens of each sequence, each at least 1.</param>
    /// <param name="examples">A number that names each sequence across epochs and cuts, such as its row.</param>
    /// <param name="device">Where the model computes.</param>
    /// <param name="dtype">The type of masks: the model's.</param>
    public Ragged(ReadOnlySpan<int> lengths, ReadOnlySpan<long> examples, Device device, DType dtype = DType.Float32)
    {
        if (lengths.Length != examples.Length) throw new ArgumentException($"got {lengths.Length} lengths and {examples.Length} example numbers");
        starts = new int[lengths.Length + 1];
        for (var i = 0; i < lengths.Length; i++)
        {
            if (lengths[i] < 1) throw new ArgumentException($"sequence {i} has {lengths[i]} tokens; expected at least 1");
            starts[i + 1] = starts[i] + lengths[i];
            MaxLength = Math.Max(MaxLength, lengths[i]);
        }
        this.examples = examples.ToArray();
        this.device = device;
        this.dtype = dtype;
    }

    /// <summary>n.</summary>
    public int Count => examples.Length;

    /// <summary>T.</summary>
    public int Tokens => starts[^1];

    public int MaxLength { get; }

    /// <summary>
    /// Nobody reads more of the last layer's output than the first row of each sequence. A layer may then compute those alone, from the keys and values of
    /// all: the same numbers for less work.
    /// </summary>
    public bool FirstOnly { get; init; }

    /// <summary>The tokens whose rows the head is asked for, as places in the flat run; null for all.</summary>
    public int[]? Asked { get; init; }

    /// <summary>The rows of <see cref="Asked"/>.</summary>
    public Tensor AskedRows(Tensor x) => Asked is null ? x : x.IndexSelect(0, Make("asked", () => Longs(Array.ConvertAll(Asked, row => (long)row))));

    /// <summary>Pads by an index instead of the CPU's kernel, as other devices do.</summary>
    internal bool ByIndex { get; init; }

    /// <summary>All sequences have the same length: no gathering and no mask is needed.</summary>
    public bool Even => Tokens == Count * MaxLength;

    /// <summary>(n+1) int64: where each sequence begins, and the end.</summary>
    public Tensor Offsets => Make("offsets", () => Longs(Array.ConvertAll(starts, x => (long)x)));

    /// <summary>The same as int32, for kernels that take flat runs.</summary>
    internal Tensor Ends => Make("ends", () => Offsets.To(DType.Int32));

    /// <summary>(n+1) int32: 0, 1 ... n, where each sequence begins that is one row.</summary>
    internal Tensor Each => Make("each", () => Longs([.. Enumerable.Range(0, Count + 1).Select(i => (long)i)]).To(DType.Int32));

    /// <summary>(n) int64: what names each sequence in dropout's keys.</summary>
    public Tensor Examples => Make("examples", () => Longs(examples));

    /// <summary>(n) int64: the row of each sequence's first token.</summary>
    public Tensor First => Make("first", () => Longs(Array.ConvertAll(starts[..^1], x => (long)x)));

    /// <summary>(n) int64: the row of each sequence's last token.</summary>
    internal Tensor Last => Make("last", () => Longs(Array.ConvertAll(starts[1..], x => x - 1L)));

    /// <summary>(n, ...) the first row of each sequence, of (T, ...) or of what holds no other rows already.</summary>
    public Tensor FirstRows(Tensor x) => x.Size(0) == Count ? x : x.IndexSelect(0, First);

    /// <summary>(n,1) tokens of each sequence, in the type of masks.</summary>
    public Tensor Lengths => Make("lengths", () => (Offsets.Narrow(0, 1, Count) - Offsets.Narrow(0, 0, Count)).To(dtype).View(Count, 1));

    /// <summary>(n,1,1,L): 0 where a key is, minus infinity behind the end of its sequence.</summary>
    public Tensor KeyMask => Make("mask", () =>
    {
        var mask = new float[Count * MaxLength];
        for (var i = 0; i < Count; i++) mask.AsSpan((i * MaxLength) + starts[i + 1] - starts[i], MaxLength - (starts[i + 1] - starts[i])).Fill(float.NegativeInfinity);
        return Tensor.From<float>(mask, [Count, 1, 1, MaxLength], device).To(dtype);
    });

    /// <summary>n: tokens of each sequence, on the host.</summary>
    internal int[] HostLengths => [.. Enumerable.Range(0, Count).Select(i => starts[i + 1] - starts[i])];

    /// <summary>n: what names each sequence, on the host.</summary>
    internal IReadOnlyList<long> HostExamples => examples;

    /// <summary>(T) int64: the sequence of each token.</summary>
    internal Tensor Owners => Make("owners", () => Longs([.. HostLengths.SelectMany((length, i) => Enumerable.Repeat((long)i, length))]));

    /// <summary>(T) dropout keys of the tokens.</summary>
    public Tensor TokenRows() => Make("token rows", () => Rows(1, i => starts[i + 1] - starts[i]));

    /// <summary>(n) dropout keys of the sequences.</summary>
    public Tensor SequenceRows() => Make("sequence rows", () => Rows(1, _ => 1));

    /// <summary>(n*H*queries) dropout keys of the rows of attention probabilities: H heads, so many positions from the first on.</summary>
    public Tensor AttentionRows(int heads, int queries) => Make($"attention rows {heads} {queries}", () => Rows(heads, _ => queries));

    /// <summary>(T, ...) -> (n, L, ...), zeros behind each end.</summary>
    public Tensor Pad(Tensor x)
    {
        if (Even) return x.View([Count, MaxLength, .. x.Shape[1..]]);
        if (device.IsCpu && !ByIndex) return x.PadRows(Offsets, MaxLength);
        return Tensor.Zeros([Count * MaxLength, .. x.Shape[1..]], x.DType, device).IndexCopy(0, Places, x).View([Count, MaxLength, .. x.Shape[1..]]);
    }

    /// <summary>(T,C) -> (n,C), the mean of each sequence.</summary>
    public Tensor Mean(Tensor x) => Pad(x).Sum(1) / Lengths;

    /// <summary>(n, L, ...) -> (T, ...): the inverse of <see cref="Pad"/>.</summary>
    public Tensor Unpad(Tensor x)
    {
        if (Even) return x.Reshape([Tokens, .. x.Shape[2..]]);
        if (device.IsCpu && !ByIndex) return x.UnpadRows(Offsets);
        return x.Reshape([Count * MaxLength, .. x.Shape[2..]]).IndexSelect(0, Places);
    }

    /// <summary>(T) int64: the row of each token in the rectangle.</summary>
    Tensor Places => Make("places", () =>
    {
        var rows = new long[Tokens];
        for (var i = 0; i < Count; i++)
            for (var t = starts[i]; t < starts[i + 1]; t++) rows[t] = (i * MaxLength) + t - starts[i];
        return Longs(rows);
    });

    /// <summary>An int64 tensor on this batch's device.</summary>
    public Tensor Longs(long[] values) => Tensor.From<long>(values, [values.Length], device);

    // Unique for example < 2^31, head < 2^12, position < 2^20.
    Tensor Rows(int heads, Func<int, int> length)
    {
        var rows = new List<long>();
        for (var i = 0; i < Count; i++)
            for (var head = 0; head < heads; head++)
                for (var t = 0; t < length(i); t++) rows.Add((examples[i] << 32) | ((long)head << 20) | (long)t);
        return Longs([.. rows]);
    }

    Tensor Make(string name, Func<Tensor> body)
    {
        if (made.TryGetValue(name, out var tensor)) return tensor;
        tensor = Scope.Run(body).Owned();
        home?.Add(tensor);
        return made[name] = tensor;
    }
}
