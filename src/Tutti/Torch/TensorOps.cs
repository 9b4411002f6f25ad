namespace Tutti.Torch;

// One line per operator: the managed name is the field's, the schema decides the rest. A test asks the dispatcher for every Op here.
public sealed partial class Tensor
{
    // ---- arithmetic
    static readonly Op add = new("aten::add", "Tensor"), addNumber = new("aten::add", "Scalar"), sub = new("aten::sub", "Tensor"), mul = new("aten::mul", "Tensor"),
        mulNumber = new("aten::mul", "Scalar"), div = new("aten::div", "Tensor"), divNumber = new("aten::div", "Scalar"), neg = new("aten::neg"),
        pow = new("aten::pow", "Tensor_Scalar"), expm1 = new("aten::expm1"), softplus = new("aten::softplus"),
        sqrt = new("aten::sqrt"), exp = new("aten::exp"), log = new("aten::log"), abs = new("aten::abs"), square = new("aten::square"),
        addIn = new("aten::add_", "Tensor"), mulIn = new("aten::mul_", "Scalar"), fill = new("aten::fill_", "Scalar"), copy = new("aten::copy_");

    public static Tensor operator +(Tensor a, Tensor b) => add.Call(a, b);
    public static Tensor operator +(Tensor a, double b) => addNumber.Call(a, b);
    public static Tensor operator -(Tensor a, Tensor b) => sub.Call(a, b);
    public static Tensor operator -(Tensor a) => neg.Call(a);
    public static Tensor operator *(Tensor a, Tensor b) => mul.Call(a, b);
    public static Tensor operator *(Tensor a, double b) => mulNumber.Call(a, b);
    public static Tensor operator /(Tensor a, Tensor b) => div.Call(a, b);
    public static Tensor operator /(Tensor a, double b) => divNumber.Call(a, b);
    public Tensor Sqrt() => sqrt.Call(this);
    public Tensor Exp() => exp.Call(this);
    public Tensor Log() => log.Call(this);
    public Tensor Power(double exponent) => pow.Call(this, exponent);
    /// <summary>log(1 + exp(this)), the softplus.</summary>
    internal Tensor LogOnePlusExp() => softplus.Call(this);
    /// <summary>1 - exp(-this), exact where this is small.</summary>
    internal Tensor OneLessExp() => -expm1.Call(-this);
    public Tensor Abs() => abs.Call(this);
    public Tensor Square() => square.Call(this);
    public void AddInPlace(Tensor other, double alpha = 1) => addIn.Run(this, other, alpha);
    public void MulInPlace(double factor) => mulIn.Run(this, factor);
    public void Fill(double value) => fill.Run(this, value);
    public void CopyFrom(Tensor other) => copy.Run(this, other);

    // ---- products
    static readonly Op matmul = new("aten::matmul"), linear = new("aten::linear"), bmm = new("aten::bmm"), linears = new("tutti::linears"), attention = new("tutti::attention"), conv1d = new("aten::conv1d");

    public Tensor MatMul(Tensor other) => matmul.Call(this, other);
    public Tensor BatchMatMul(Tensor other) => bmm.Call(this, other);
    /// <summary>this (..., in) with weight (out, in) and bias (out) -> (..., out).</summary>
    public Tensor Linear(Tensor weight, Tensor? bias) => linear.Call(this, weight, bias);
    /// <summary>this (n, in, L) with weight (out, in / groups, width) and bias (out) -> (n, out, L'), zeros at both ends.</summary>
    public Tensor Conv1d(Tensor weight, Tensor? bias, long padding, long groups) => conv1d.Call(this, weight, bias, (long[])[1], (long[])[padding], (long[])[1], groups);
    /// <summary>Several linear layers of one input, on the CPU with float32 weights; see native/linear.cpp.</summary>
    internal Tensor[] Linears(Tensor[] weights, Tensor[] biases) => linears.Many(this, weights, biases);
    /// <summary>Attention of every sequence with itself on ragged rows (T,C), float32 or bfloat16 on the CPU, with dropout of the shares; see native/attention.cpp.</summary>
    /// <remarks>This is (T,C), or (n,C) to ask for the first position of each sequence alone.</remarks>
    /// <param name="key">(T,C); rows may lie apart, as those of a slice do.</param>
    /// <param name="value">(T,C).</param>
    /// <param name="offsets">(n+1) int64: where each sequence begins, and the end.</param>
    /// <param name="examples">(n) int64: what names each sequence in dropout's keys.</param>
    /// <param name="heads">The channels are cut into so many.</param>
    /// <param name="scale">Of the scores.</param>
    /// <param name="p">The share that dropout zeroes, 0 for none.</param>
    /// <param name="maskKey">Dropout's key, as in <see cref="Dropout(Tensor, double, long)"/>.</param>
    public Tensor Attention(Tensor key, Tensor value, Tensor offsets, Tensor examples, int heads, double scale, double p, long maskKey) =>
        attention.Call(this, key, value, offsets, examples, heads, scale, p, maskKey);

    static readonly Op lstm = new("aten::lstm", "data"), packedLstm = new("tutti::lstm");

    /// <summary>
    /// One LSTM layer over packed sequences (torch.nn.LSTM with a PackedSequence; gates in the order input, forget, cell, output): this (T,C) holds step after step, of each the
    /// sequences that are that long, the longest first. On the CPU by native/lstm.cpp, which under autocast multiplies in bfloat16 and gives float32.
    /// </summary>
    /// <param name="sizes">(S) sequences of each step, never rising; their sum is T.</param>
    /// <param name="h">(n,H) before the first step, in the order of the sequences.</param>
    /// <param name="c">(n,H) likewise.</param>
    /// <param name="inputs">(4H,C).</param>
    /// <param name="recurrent">(4H,H).</param>
    /// <param name="inputBias">(4H).</param>
    /// <param name="recurrentBias">(4H).</param>
    /// <returns>(T,H) outputs, (n,H) and (n,H) the states after each sequence's last step.</returns>
    public (Tensor Outputs, Tensor H, Tensor C) Lstm(long[] sizes, Tensor h, Tensor c, Tensor inputs, Tensor recurrent, Tensor inputBias, Tensor recurrentBias)
    {
        if (Device.IsCpu && recurrent.DType is DType.Float32 or DType.Float64)
        {
            var own = packedLstm.Many(this, sizes, h, c, inputs, recurrent, inputBias, recurrentBias);
            return (own[0], own[1], own[2]);
        }
        return LstmOfTorch(sizes, h, c, inputs, recurrent, inputBias, recurrentBias);
    }

    /// <summary>The same by libtorch, on any device.</summary>
    internal (Tensor Outputs, Tensor H, Tensor C) LstmOfTorch(long[] sizes, Tensor h, Tensor c, Tensor inputs, Tensor recurrent, Tensor inputBias, Tensor recurrentBias)
    {
        var n = sizes[0];
        Tensor State(Tensor state) => state.View(1, n, state.Size(1));
        var results = lstm.Many(this, From<long>(sizes, [sizes.Length], Torch.Device.Cpu), (Tensor[])[State(h), State(c)], (Tensor[])[inputs, recurrent, inputBias, recurrentBias], true, 1, 0.0, false, false);
        return (results[0], results[1].View(n, h.Size(1)), results[2].View(n, c.Size(1)));
    }

    // ---- activations and norms
    static readonly Op gelu = new("aten::gelu"), relu = new("aten::relu"), tanh = new("aten::tanh"), silu = new("aten::silu"), sigmoid = new("aten::sigmoid"),
        softmax = new("aten::softmax", "int"), layerNorm = new("aten::layer_norm"), exactGelu = new("tutti::gelu"), residualNorm = new("tutti::residual_norm"), dropout = new("tutti::dropout"), dropoutOfGenerator = new("aten::dropout");

    /// <summary>The Gaussian error linear unit: exact (erf), or the tanh approximation.</summary>
    public Tensor Gelu(bool approximate = false) => approximate ? gelu.Call(this, "tanh") : exactGelu.Call(this);
    public Tensor Relu() => relu.Call(this);
    public Tensor Tanh() => tanh.Call(this);
    public Tensor Sigmoid() => sigmoid.Call(this);
    public Tensor Silu() => silu.Call(this);
    public Tensor Softmax(int dim) => softmax.Call(this, dim);
    public Tensor LayerNorm(Tensor weight, Tensor? bias, double eps) => layerNorm.Call(this, weight.Shape, weight, bias, eps);
    /// <summary>LayerNorm(this + dropout(added)) in one pass, on the CPU in float32 and bfloat16; see native/fused.cpp.</summary>
    internal Tensor ResidualNorm(Tensor added, Tensor weight, Tensor bias, double eps, Tensor rows, double p, long key) => residualNorm.Call(this, added, weight, bias, eps, rows, p, key);
    /// <summary>Counter-based dropout: <paramref name="rows"/> (int64) holds one key per row of the last axis; see native/kernels.cpp.</summary>
    public Tensor Dropout(Tensor rows, double p, long key) => dropout.Call(this, rows, p, key);

    /// <summary>Dropout by the device's default generator (torch.nn.functional.dropout in training).</summary>
    public Tensor Dropout(double p) => dropoutOfGenerator.Call(this, p, true);

    // ---- shape
    static readonly Op view = new("aten::view"), reshape = new("aten::reshape"), transpose = new("aten::transpose", "int"),
        contiguous = new("aten::contiguous"), narrow = new("aten::narrow"), select = new("aten::select", "int"), asStrided = new("aten::as_strided"), unsqueeze = new("aten::unsqueeze"), expand = new("aten::expand"), cat = new("aten::cat"), chunk = new("aten::chunk"), detach = new("aten::detach"),
        clone = new("aten::clone"), toDType = new("aten::to", "dtype"), toDevice = new("aten::to", "device"), pinMemory = new("aten::pin_memory"), pad = new("tutti::pad"), unpad = new("tutti::unpad");

    public Tensor View(params long[] shape) => view.Call(this, shape);
    public Tensor Reshape(params long[] shape) => reshape.Call(this, shape);
    public Tensor Transpose(int a, int b) => transpose.Call(this, a, b);
    public Tensor Contiguous() => contiguous.Call(this);
    public Tensor Narrow(int axis, long start, long length) => narrow.Call(this, axis, start, length);
    public Tensor Select(int axis, long index) => select.Call(this, axis, index);
    /// <summary>A view of the same memory with other steps between its elements.</summary>
    public Tensor AsStrided(long[] shape, long[] strides, long offset) => asStrided.Call(this, shape, strides, offset);
    public Tensor Unsqueeze(int axis) => unsqueeze.Call(this, axis);
    public Tensor Expand(params long[] shape) => expand.Call(this, shape);
    public static Tensor Cat(Tensor[] parts, int axis = 0) => cat.Call(parts, axis);
    public Tensor[] Chunk(int parts, int axis) => chunk.Many(this, parts, axis);
    public Tensor Detach() => detach.Call(this);
    public Tensor Clone() => clone.Call(this);
    public Tensor To(DType dtype) => toDType.Call(this, dtype);
    public Tensor To(Device device, bool nonBlocking = false) => toDevice.Call(this, device, DType, nonBlocking);
    /// <summary>A copy that a GPU reads without the host waiting; its memory is reused only when the GPU has read it.</summary>
    internal Tensor PinMemory() => pinMemory.Call(this);
    /// <summary>Ragged rows (T, ...) with offsets (n+1, int64) -> (n, length, ...), zeros behind each end.</summary>
    public Tensor PadRows(Tensor offsets, long length) => pad.Call(this, offsets, length);
    /// <summary>(n, length, ...) with offsets (n+1, int64) -> ragged rows (T, ...).</summary>
    public Tensor UnpadRows(Tensor offsets) => unpad.Call(this, offsets);

    // ---- choosing and reducing
    static readonly Op embedding = new("aten::embedding"), embeddingByRows = new("tutti::embedding"), indexSelect = new("aten::index_select"), indexCopy = new("aten::index_copy"),
        sum = new("aten::sum"), sumDims = new("aten::sum", "dim_IntList"), mean = new("aten::mean"), max = new("aten::max"), maxDim = new("aten::max", "dim"), splitRows = new("aten::split_with_sizes"), argmax = new("aten::argmax"),
        isFinite = new("aten::isfinite"), all = new("aten::all");

    /// <summary>Rows of this table (V, C) by ids (any shape, int64). The row <paramref name="padding"/> gets no gradient; -1 for none.</summary>
    public Tensor Embedding(Tensor ids, long padding = -1) => embedding.Call(this, ids, padding);
    /// <summary>The same on the CPU, with a gradient by rows: one row for every id, duplicates too.</summary>
    internal Tensor EmbeddingByRows(Tensor ids, long padding) => embeddingByRows.Call(this, ids, padding);
    public Tensor IndexSelect(int axis, Tensor index) => indexSelect.Call(this, axis, index);
    /// <summary>This tensor with the rows of <paramref name="source"/> in the places that an index says.</summary>
    public Tensor IndexCopy(int axis, Tensor index, Tensor source) => indexCopy.Call(this, axis, index, source);
    public Tensor Sum() => sum.Call(this);
    public Tensor Sum(long axis, bool keep = false) => sumDims.Call(this, (long[])[axis], keep);
    public Tensor Mean() => mean.Call(this);
    public Tensor Max() => max.Call(this);
    /// <summary>The largest along an axis; its gradient goes to the first that is so.</summary>
    public Tensor Max(int axis) => maxDim.Many(this, axis, false)[0];
    /// <summary>Runs of rows, of so many each.</summary>
    public Tensor[] SplitRows(long[] sizes) => splitRows.List(sizes.Length, this, sizes, 0);
    public Tensor ArgMax(int axis) => argmax.Call(this, axis);
    public Tensor IsFinite() => isFinite.Call(this);
    public bool All() => all.Call(this).Item() != 0;

    // ---- what graphs of other formats ask for
    static readonly Op erf = new("aten::erf"), cos = new("aten::cos"), sin = new("aten::sin"), gather = new("aten::gather"), permute = new("aten::permute"), squeeze = new("aten::squeeze", "dim"),
        where = new("aten::where", "self"), equal = new("aten::eq", "Tensor"), atMost = new("aten::le", "Tensor"), not = new("aten::logical_not"), and = new("aten::logical_and"),
        cumulativeSum = new("aten::cumsum"), clamp = new("aten::clamp", "Tensor");

    internal Tensor Erf() => erf.Call(this);
    internal Tensor Cos() => cos.Call(this);
    internal Tensor Sin() => sin.Call(this);
    /// <summary>Along an axis the element that an index of this tensor's other sizes says.</summary>
    internal Tensor Gather(int axis, Tensor index) => gather.Call(this, axis, index);
    public Tensor Permute(long[] axes) => permute.Call(this, axes);
    internal Tensor Squeeze(int axis) => squeeze.Call(this, axis);
    /// <summary>Where this is true one, elsewhere the other.</summary>
    internal Tensor Choose(Tensor one, Tensor other) => where.Call(this, one, other);
    internal Tensor EqualTo(Tensor other) => equal.Call(this, other);
    internal Tensor AtMost(Tensor other) => atMost.Call(this, other);
    internal Tensor Not() => not.Call(this);
    internal Tensor And(Tensor other) => and.Call(this, other);
    internal Tensor CumulativeSum(int axis) => cumulativeSum.Call(this, axis);
    internal Tensor Clamp(Tensor? least, Tensor? most) => clamp.Call(this, least, most);

    // ---- losses (reduction: 0 none, 1 mean, 2 sum)
    static readonly Op crossEntropy = new("aten::cross_entropy_loss"), bceLogits = new("aten::binary_cross_entropy_with_logits"), mse = new("aten::mse_loss"), linearCrossEntropy = new("tutti::linear_cross_entropy");

    public Tensor CrossEntropy(Tensor targets, Tensor? weights, int reduction, double smoothing) => crossEntropy.Call(this, targets, weights, reduction, -100, smoothing);
    /// <summary>The summed cross-entropy of a linear layer of this (T,C), on the CPU with float32 weights; see native/entropy.cpp.</summary>
    internal Tensor LinearCrossEntropy(Tensor weight, Tensor bias, Tensor targets) => linearCrossEntropy.Call(this, weight, bias, targets);
    public Tensor BinaryCrossEntropy(Tensor targets, int reduction, Tensor? weight = null, Tensor? positiveWeight = null) => bceLogits.Call(this, targets, weight, positiveWeight, reduction);
    public Tensor MeanSquaredError(Tensor targets, int reduction) => mse.Call(this, targets, reduction);

    internal static IEnumerable<Op> AllOps() => typeof(Tensor).GetFields(System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)
        .Select(field => field.GetValue(null)).OfType<Op>();
}
