namespace Tutti.Torch;

/// <summary>An array of numbers on a device, with an optional record for backward. Freed by the scope it was made in, or by <see cref="Dispose"/>.</summary>
public sealed unsafe partial class Tensor : IDisposable
{
    const int MaxDims = 16;

    readonly LiveTensors live;
    nint handle;

    internal Tensor(nint handle)
    {
        if (handle == 0) throw new ArgumentException("an undefined tensor cannot be held");
        this.handle = handle;
        live = LiveTensors.Current;
        live.Add();
        Scope.Current?.Add(this);
    }

    ~Tensor()
    {
        if (handle != 0) LiveTensors.CountFinalized();
        Free();
    }

    internal Scope? Owner { get; set; }

    internal nint Handle => handle != 0 ? handle : throw new ObjectDisposedException(nameof(Tensor), "the scope this tensor belonged to has been closed; Keep it or make it outside");

    public bool IsDisposed => handle == 0;

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    void Free()
    {
        if (Interlocked.Exchange(ref handle, 0) is var old && old == 0) return;
        Native.tutti_tensor_free(old);
        live.Remove();
    }

    /// <summary>Takes this tensor out of its scope: from here its owner (weights, optimizer state) disposes it.</summary>
    internal Tensor Owned()
    {
        Owner = null;
        return this;
    }

    // ---- what it is

    readonly struct Facts(long[] shape, DType dtype, Device device, bool requiresGrad, bool contiguous, bool byRows)
    {
        public long[] Shape => shape;
        public DType DType => dtype;
        public Device Device => device;
        public bool RequiresGrad => requiresGrad;
        public bool Contiguous => contiguous;
        public bool ByRows => byRows;
    }

    Facts Info()
    {
        var sizes = stackalloc long[MaxDims];
        var info = stackalloc int[7];
        Native.tutti_tensor_info(Handle, sizes, info);
        GC.KeepAlive(this);
        return new(new Span<long>(sizes, info[0]).ToArray(), (DType)info[1], new Device(info[2], info[2] == 1 ? info[3] : -1), info[4] != 0, info[5] != 0, info[6] != 0);
    }

    public long[] Shape => Info().Shape;
    public DType DType => Info().DType;
    public Device Device => Info().Device;
    public bool RequiresGrad => Info().RequiresGrad;
    internal bool IsContiguous => Info().Contiguous;

    /// <summary>A gradient that holds some rows of a table only: <see cref="RowIds"/> and <see cref="RowValues"/>.</summary>
    internal bool IsByRows => Info().ByRows;
    public int Dims => Info().Shape.Length;

    /// <summary>Elements in all.</summary>
    public long Count => Info().Shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>The size of one axis; negative counts from the end.</summary>
    public long Size(int axis) => Info().Shape is var shape && axis < 0 ? shape[shape.Length + axis] : shape[axis];

    /// <summary>"float32 (3, 4)", for messages.</summary>
    internal string Describe()
    {
        if (IsDisposed) return "disposed tensor";
        var info = Info();
        return $"{info.DType.ToString().ToLowerInvariant()} ({string.Join(", ", info.Shape)}){(info.Device.IsCpu ? "" : $" on {info.Device}")}";
    }

    public override string ToString() => Describe();

    // ---- from and to arrays

    /// <summary>A new tensor with the values of a span, in row-major order.</summary>
    /// <exception cref="ArgumentException">The shape does not have as many elements as the span.</exception>
    public static Tensor From<T>(ReadOnlySpan<T> values, long[] shape, Device? device = null) where T : unmanaged
    {
        if (shape.Aggregate(1L, (product, size) => product * size) != values.Length)
            throw new ArgumentException($"got {values.Length} values for shape ({string.Join(", ", shape)})");
        var cpu = Empty(shape, DTypes.Of<T>());
        if (values.Length > 0) values.CopyTo(new Span<T>(cpu.Data, values.Length));
        if (device is null or { IsCpu: true }) return cpu;
        using (cpu)
        {
            if (!device.Value.IsCuda) return cpu.To(device.Value, nonBlocking: true);
            using var pinned = cpu.PinMemory();               // from ordinary memory the copy would wait for all that is queued
            return pinned.To(device.Value, nonBlocking: true);
        }
    }

    public static Tensor From<T>(T[] values, params long[] shape) where T : unmanaged => From((ReadOnlySpan<T>)values, shape.Length == 0 ? [values.Length] : shape);

    /// <summary>A tensor whose values are not set yet.</summary>
    public static Tensor Empty(long[] shape, DType dtype = DType.Float32, Device? device = null)
    {
        nint tensor;
        var where = device ?? Device.Cpu;
        fixed (long* sizes = shape) Native.Check("empty", Native.tutti_tensor_new((int)dtype, sizes, shape.Length, where.Type, where.Index, &tensor), shape);
        return new(tensor);
    }

    public static Tensor Zeros(long[] shape, DType dtype = DType.Float32, Device? device = null)
    {
        var tensor = Empty(shape, dtype, device);
        tensor.Fill(0);
        return tensor;
    }

    /// <summary>The values in row-major order. The element type must be the tensor's own.</summary>
    public T[] ToArray<T>() where T : unmanaged
    {
        var info = Info();
        if (DTypes.Of<T>() != info.DType) throw new ArgumentException($"the tensor holds {info.DType}, not {DTypes.Of<T>()}; convert it with To(dtype) first");
        if (!info.Device.IsCpu || !info.Contiguous)
        {
            using var plain = (info.Device.IsCpu ? this : To(Device.Cpu)).Contiguous();
            return plain.ToArray<T>();
        }
        var values = new T[Count];
        new ReadOnlySpan<T>(Data, values.Length).CopyTo(values);
        GC.KeepAlive(this);
        return values;
    }

    internal void* Data => Native.tutti_tensor_data(Handle);

    /// <summary>The only value of a tensor with one element. Waits for the device.</summary>
    public double Item()
    {
        using var one = To(DType.Float64);
        return one.ToArray<double>() is [var value] ? value : throw new ArgumentException($"Item() needs one element, the tensor is {Describe()}");
    }

    // ---- autograd

    /// <summary>Adds the gradient of this one-element tensor to the <see cref="Grad"/> of every leaf it depends on.</summary>
    public void Backward()
    {
        Native.Check("backward", Native.tutti_backward(Handle), this);
        GC.KeepAlive(this);
    }

    public Tensor RequireGrad(bool on = true)
    {
        Native.Check("requires_grad", Native.tutti_requires_grad(Handle, on ? 1 : 0), this);
        return this;
    }

    /// <summary>The accumulated gradient, or null: a reference, but a copy of the whole table's where it is <see cref="StoredGrad">stored</see> by rows.</summary>
    public Tensor? Grad => StoredGrad is { IsByRows: true } rows ? rows.Dense() : StoredGrad;

    /// <summary>The accumulated gradient as it is stored (a reference), which may be by rows; or null.</summary>
    internal Tensor? StoredGrad => Native.tutti_grad(Handle) is var grad && grad != 0 ? new(grad) : null;

    public void SetGrad(Tensor? value) => Native.Check("set_grad", Native.tutti_set_grad(Handle, value?.Handle ?? 0), this);

    /// <summary>When backward has this tensor's gradient: writes bytes in use, and the peak since the last mark, to the two places from <paramref name="sink"/> on, which must stay there.</summary>
    internal void Mark(long* sink) => Native.Check("mark", Native.tutti_mark(Handle, sink), this);

    /// <summary>Another number after every change of the gradient, -1 where there is none: tells which gradients a backward that failed had already reached.</summary>
    internal long GradVersion => Native.tutti_grad_version(Handle);

    /// <summary>A second reference to the same tensor, with a lifetime of its own.</summary>
    public Tensor Alias() => new(Native.tutti_tensor_alias(Handle));
}
