namespace Tutti.Torch;

// One line per operator: the managed name is the field's, the schema decides the rest. A test asks the dispatcher for every Op here.
public sealed partial class Tensor
{
    // ---- arithmetic
    static readonly Op add = new("aten::add", "Tensor"), addNumber = new("aten::add", "Scalar"), sub = new("aten::sub", "Tensor"), mul = new("aten::mul", "Tensor"),
        mulNumber = new("aten::mul", "Scalar"), div = new("aten::div", "Tensor"), divNumber = new("aten::div", "Scalar"), neg = new("aten::neg"),
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
    public Tensor Abs() => abs.Call(this);
    public Tensor Square() => square.Call(this);
    public void AddInPlace(Tensor other, double alpha = 1) => addIn.Run(this, other, alpha);
    public void MulInPlace(double factor) => mulIn.Run(this, factor);
    public void Fill(double value) => fill.Run(this, value);
    public void CopyFrom(Tensor other) => copy.Run(this, other);

    // ---- products
    static readonly Op matmul = new("aten::matmul"), linear = new("aten::linear"), bmm = new("aten::bmm");

    public Tensor MatMul(Tensor other) => matmul.Call(this, other);
    public Tensor BatchMatMul(Tensor other) => bmm.Call(this, other);
    /// <summary>this (..., in) with weight (out, in) and bias (out) -> (..., out).</summary>
    public Tensor Linear(Tensor weight, Tensor? bias) => linear.Call(this, weight, bias);

    // ---- activations and norms
    static readonly Op gelu = new("aten::gelu"), relu = new("aten::relu"), tanh = new("aten::tanh"), silu = new("aten::silu"),
        softmax = new("aten::softmax", "int"), layerNorm = new("aten::layer_norm"), dropout = new("tutti::dropout"), dropoutOfGenerator = new("aten::dropout");

    /// <summary>The Gaussian error linear unit: exact (erf), or the tanh approximation.</summary>
    public Tensor Gelu(bool approximate = false) => gelu.Call(this, approximate ? "tanh" : "none");
    public Tensor Relu() => relu.Call(this);
    public Tensor Tanh() => tanh.Call(this);
    public Tensor Silu() => silu.Call(this);
    public Tensor Softmax(int dim) => softmax.Call(this, dim);
    public Tensor LayerNorm(Tensor weight, Tensor bias, double eps) => layerNorm.Call(this, weight.Shape, weight, bias, eps);
    /// <summary>Counter-based dropout: <paramref name="rows"/> (int64) holds one key per row of the last axis; see native/kernels.cpp.</summary>
    public Tensor Dropout(Tensor rows, double p, long key) => dropout.Call(this, rows, p, key);

    /// <summary>Dropout by the device's default generator (torch.nn.functional.dropout in training).</summary>
    public Tensor Dropout(double p) => dropoutOfGenerator.Call(this, p, true);

    // ---- shape
    static readonly Op view = new("aten::view"), reshape = new("aten::reshape"), transpose = new("aten::transpose", "int"),
        contiguous = new("aten::contiguous"), narrow = new("aten::narrow"), select = new("aten::select", "int"), unsqueeze = new("aten::unsqueeze"), expand = new("aten::expand"), cat = new("aten::cat"), chunk = new("aten::chunk"), detach = new("aten::detach"),
        clone = new("aten::clone"), toDType = new("aten::to", "dtype"), toDevice = new("aten::to", "device"), pinMemory = new("aten::pin_memory"), pad = new("tutti::pad"), unpad = new("tutti::unpad");

    public Tensor View(params long[] shape) => view.Call(this, shape);
    public Tensor Reshape(params long[] shape) => reshape.Call(this, shape);
    public Tensor Transpose(int a, int b) => transpose.Call(this, a, b);
    public Tensor Contiguous() => contiguous.Call(this);
    public Tensor Narrow(int axis, long start, long length) => narrow.Call(this, axis, start, length);
    public Tensor Select(int axis, long index) => select.Call(this, axis, index);
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
    static readonly Op embedding = new("aten::embedding"), indexSelect = new("aten::index_select"), indexCopy = new("aten::index_copy"),
        sum = new("aten::sum"), sumDims = new("aten::sum", "dim_IntList"), mean = new("aten::mean"), max = new("aten::max"), argmax = new("aten::argmax"),
        isFinite = new("aten::isfinite"), all = new("aten::all"), norm = new("tutti::norm"), adamw = new("tutti::adamw_");

    /// <summary>Rows of this table (V, C) by ids (any shape, int64). The row <paramref name="padding"/> gets no gradient; -1 for none.</summary>
    public Tensor Embedding(Tensor ids, long padding = -1) => embedding.Call(this, ids, padding);
    public Tensor IndexSelect(int axis, Tensor index) => indexSelect.Call(this, axis, index);
    /// <summary>This tensor with the rows of <paramref name="source"/> in the places that an index says.</summary>
    public Tensor IndexCopy(int axis, Tensor index, Tensor source) => indexCopy.Call(this, axis, index, source);
    public Tensor Sum() => sum.Call(this);
    public Tensor Sum(long axis, bool keep = false) => sumDims.Call(this, (long[])[axis], keep);
    public Tensor Mean() => mean.Call(this);
    public Tensor Max() => max.Call(this);
    public Tensor ArgMax(int axis) => argmax.Call(this, axis);
    public Tensor IsFinite() => isFinite.Call(this);
    public bool All() => all.Call(this).Item() != 0;
    /// <summary>The Euclidean norm of all tensors together, summed in double in a fixed order.</summary>
    internal static double Norm(Tensor[] tensors) => norm.Number(tensors);
    /// <summary>One AdamW step over all parameters in one sweep of memory; see native/kernels.cpp.</summary>
    internal static void AdamW(Tensor[] weights, Tensor[] grads, Tensor[] m, Tensor[] v, double[] decay, double rate, double beta1, double beta2, double eps, double scale, long step) =>
        adamw.Run(weights, grads, m, v, decay, rate, beta1, beta2, eps, scale, step);

    // ---- losses (reduction: 0 none, 1 mean, 2 sum)
    static readonly Op crossEntropy = new("aten::cross_entropy_loss"), bceLogits = new("aten::binary_cross_entropy_with_logits"), mse = new("aten::mse_loss");

    public Tensor CrossEntropy(Tensor targets, Tensor? weights, int reduction, double smoothing) => crossEntropy.Call(this, targets, weights, reduction, -100, smoothing);
    public Tensor BinaryCrossEntropy(Tensor targets, int reduction) => bceLogits.Call(this, targets, Arg.None, Arg.None, reduction);
    public Tensor MeanSquaredError(Tensor targets, int reduction) => mse.Call(this, targets, reduction);

    internal static IEnumerable<Op> AllOps() => typeof(Tensor).GetFields(System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)
        .Select(field => field.GetValue(null)).OfType<Op>();
}
