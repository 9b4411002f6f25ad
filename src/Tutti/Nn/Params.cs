using Tutti.Torch;

namespace Tutti.Nn;

/// <summary>
/// A place in the tree of a model's weights. Layers ask for their weights by the checkpoint's path, so building a model is loading it:
/// <c>p / "attention" / "self"</c> is a child, <c>p.Get("weight", ...)</c> a weight. Owns the weights; disposing any place disposes all.
/// </summary>
public sealed class Params : IDisposable
{
    sealed class Root
    {
        public required long Seed { get; init; }
        public required Device Device { get; init; }
        public required DType DType { get; init; }
        public required Func<string, Tensor?> Source { get; init; }
        public List<Parameter> Items { get; } = [];
        public List<string> Missing { get; } = [];
        public RunState Run { get; } = new();
    }

    /// <summary>A smaller table is mostly named whole, and its gradient is no more work than its rows'.</summary>
    const int FewRows = 16;

    readonly Root root;
    readonly string path;

    Params(Root root, string path) => (this.root, this.path) = (root, path);

    /// <param name="seed">Weights that no file holds are drawn from this.</param>
    /// <param name="source">Gives the stored value of a weight (on the CPU, any floating type), or null to initialise it.</param>
    /// <param name="device">Where the weights live.</param>
    /// <param name="dtype">The type of all weights; float64 is for tests of exactness.</param>
    public Params(long seed, Func<string, Tensor?>? source = null, Device? device = null, DType dtype = DType.Float32)
        : this(new Root { Seed = seed, Device = device ?? Device.Cpu, DType = dtype, Source = source ?? (_ => null) }, "") { }

    /// <summary>The child place of this name.</summary>
    public static Params operator /(Params p, string name) => new(p.root, p.path + name + ".");

    /// <summary>A child place by number, as lists of layers are named.</summary>
    public static Params operator /(Params p, int index) => p / index.ToString(System.Globalization.CultureInfo.InvariantCulture);

    public Device Device => root.Device;
    public DType DType => root.DType;

    /// <summary>Whether the model trains, and from which stream it draws.</summary>
    public RunState Run => root.Run;

    /// <summary>All weights, in the order of construction.</summary>
    public IReadOnlyList<Parameter> Items => root.Items;

    /// <summary>The weights that are trained: those that nobody has frozen.</summary>
    public IReadOnlyList<Parameter> Trained => [.. root.Items.Where(item => !item.Frozen)];

    /// <summary>The weights of this place and all below it.</summary>
    internal Tensor[] Weights() => [.. Below.Select(item => item.Stored)];

    /// <summary>The parameters of this place and all below it.</summary>
    internal IEnumerable<Parameter> Below => root.Items.Where(item => item.Name.StartsWith(path, StringComparison.Ordinal));

    /// <summary>Brings gradients by rows to one row per id, so that they take no more memory than the rows that were used.</summary>
    internal void SettleRows()
    {
        using var scope = new Scope();
        foreach (var item in root.Items.Where(item => item.ByRows))
            if (item.Stored.StoredGrad is { IsByRows: true } grad) grad.SettleRows();
    }

    /// <summary>Names of the weights that no file held and that were initialised.</summary>
    public IReadOnlyList<string> Missing => root.Missing;

    /// <summary>The weight of this name and shape: loaded, or initialised when the source has none.</summary>
    /// <exception cref="DataException">The stored weight has another shape, or does not hold floating-point numbers.</exception>
    public Tensor Get(string name, Init init, bool decay, params long[] shape) => Add(name, init, decay, byRows: false, shape).Stored;

    /// <summary>A weight that is never trained: loaded, or these values.</summary>
    /// <exception cref="DataException">As for <see cref="Get"/>.</exception>
    public Tensor Fixed(string name, float[] values, params long[] shape)
    {
        var item = Add(name, Init.Zeros, decay: true, byRows: false, shape);
        item.Freeze();
        if (!Device.IsMeta && Missing.Contains(item.Name))
        {
            using var scope = new Scope();
            item.Stored.CopyFrom(Tensor.From<float>(values, shape, Device).To(DType));
        }
        return item.Stored;
    }

    /// <summary>As <see cref="Get"/>, for a table that is read by rows only (<see cref="Parameter.Rows"/>): its gradient comes by rows where the device can.</summary>
    /// <param name="name">The last part of its name.</param>
    /// <param name="init">Of a fresh table.</param>
    /// <param name="rows">Their number.</param>
    /// <param name="size">Of a row.</param>
    /// <param name="whole">Something reads the whole table, so its gradient is whole.</param>
    internal Parameter Table(string name, Init init, long rows, long size, bool whole = false) =>
        Add(name, init, decay: true, !whole && rows >= FewRows && (Device.IsCpu || Device.IsMeta) && DType is (DType.Float32 or DType.Float64), [rows, size]);

    /// <summary>A weight that belongs to what is learnt and not to the model: it starts fresh whatever a file holds, and does not decay.</summary>
    internal Parameter Fresh(string name, Init init, params long[] shape)
    {
        using var scope = new Scope();
        var value = root.Device.IsMeta ? Tensor.Empty(shape, root.DType, Device.Meta) : init.Make(root.Seed, path + name, shape, root.DType).To(root.Device).Detach().Clone();
        var item = new Parameter(path + name, value.Owned().RequireGrad(), Decay: false);
        root.Items.Add(item);
        return item;
    }

    Parameter Add(string name, Init init, bool decay, bool byRows, long[] shape)
    {
        var full = path + name;
        using var scope = new Scope();
        var stored = root.Source(full);
        if (stored is null) root.Missing.Add(full);
        else if (!stored.Shape.SequenceEqual(shape))
            throw new DataException(full, $"the stored weight has the shape ({string.Join(", ", stored.Shape)}), the model's config needs ({string.Join(", ", shape)})");
        else if (!stored.DType.IsFloating())
            throw new DataException(full, $"the stored weight holds {stored.DType} numbers; expected F32, F16, BF16 or F64");
        var value = (stored ?? (root.Device.IsMeta ? Tensor.Empty(shape, root.DType, Device.Meta) : init.Make(root.Seed, full, shape, root.DType))).To(root.DType).To(root.Device).Contiguous().Detach().Clone();
        var item = new Parameter(full, value.Owned().RequireGrad(), decay, byRows);
        root.Items.Add(item);
        return item;
    }

    public void Dispose()
    {
        Run.Statistics.Dispose();
        foreach (var item in root.Items.Where(item => !item.Stored.IsDisposed))
        {
            item.Stored.SetGrad(null);
            item.Stored.Dispose();
        }
    }
}
