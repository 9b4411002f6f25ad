using System.Runtime.InteropServices;

namespace Tutti.Torch;

/// <summary>
/// One operator of libtorch's dispatcher, called by name with boxed arguments. Types and defaults come from the operator's schema;
/// arguments left out at the end take their defaults.
/// </summary>
sealed unsafe class Op(string name, string overload = "")
{
    const int MaxArgs = 16, MaxResults = 8;

    nint handle;
    volatile bool looked;                                     // set after the handle, by whichever thread asks first

    public string Name => overload.Length == 0 ? name : $"{name}.{overload}";

    /// <summary>False where this libtorch does not have the operator.</summary>
    public bool Exists => Find() != 0;

    /// <summary>The schema as the dispatcher knows it, such as <c>aten::softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor</c>.</summary>
    public string Schema
    {
        get
        {
            var buffer = new byte[4096];
            fixed (byte* text = buffer) Native.Check(Name, Native.tutti_op_schema(Found(), text, buffer.Length));
            return Native.Text(buffer);
        }
    }

    /// <summary>Calls an operator with one tensor as its result.</summary>
    public Tensor Call(params ReadOnlySpan<Arg> args)
    {
        var results = stackalloc Native.Value[MaxResults];
        var used = Invoke(args, results);
        var first = new Tensor(results[0].Pointer);
        for (var i = 1; i < used; i++)                       // further results (a saved state, say) are not asked for here
            if (results[i].Kind == (int)Arg.Kinds.Tensor && results[i].Pointer != 0) Native.tutti_tensor_free(results[i].Pointer);
        return first;
    }

    /// <summary>Calls an operator for its effect (in-place operators).</summary>
    public void Run(params ReadOnlySpan<Arg> args)
    {
        var results = stackalloc Native.Value[MaxResults];
        var used = Invoke(args, results);
        for (var i = 0; i < used; i++)
            if (results[i].Kind == (int)Arg.Kinds.Tensor && results[i].Pointer != 0) Native.tutti_tensor_free(results[i].Pointer);
    }

    /// <summary>Calls an operator with a number as its result.</summary>
    public double Number(params ReadOnlySpan<Arg> args)
    {
        var results = stackalloc Native.Value[MaxResults];
        Invoke(args, results);
        return results[0].Kind == (int)Arg.Kinds.Double ? results[0].Double : results[0].Int;
    }

    /// <summary>Calls an operator with several tensors as its result.</summary>
    public Tensor[] Many(params ReadOnlySpan<Arg> args)
    {
        var results = stackalloc Native.Value[MaxResults];
        var tensors = new Tensor[Invoke(args, results)];
        for (var i = 0; i < tensors.Length; i++) tensors[i] = new Tensor(results[i].Pointer);
        return tensors;
    }

    /// <summary>As <see cref="Many"/>, of so many tensors as only the call knows.</summary>
    public Tensor[] List(int count, params ReadOnlySpan<Arg> args)
    {
        var results = new Native.Value[Math.Max(1, count)];
        var tensors = new Tensor[count];
        fixed (Native.Value* first = results)
            if (Invoke(args, first, results.Length) is var used && used != count) throw new TorchException(Name, Describe(args), $"gave {used} tensors, not {count}");
        for (var i = 0; i < count; i++) tensors[i] = new Tensor(results[i].Pointer);
        return tensors;
    }

    int Invoke(ReadOnlySpan<Arg> args, Native.Value* results, int room = MaxResults)
    {
        if (args.Length > MaxArgs) throw new ArgumentException($"{Name} got {args.Length} arguments; a boxed call has room for {MaxArgs}");
        var scratch = 0;
        foreach (ref readonly var arg in args) scratch += arg.Scratch;
        byte* space = stackalloc byte[scratch <= 1024 ? scratch : 0];
        byte* heap = null;
        if (scratch > 1024) space = heap = (byte*)NativeMemory.Alloc((nuint)scratch);
        try
        {
            var values = stackalloc Native.Value[MaxArgs];
            for (var i = 0; i < args.Length; i++) space = Fill(args[i], ref values[i], space);
            var used = 0;
            var status = Native.tutti_call(Found(), values, args.Length, results, room, &used);
            for (var i = 0; i < args.Length; i++) GC.KeepAlive(args[i].Item);
            if (status != 0) Native.Check(Name, status, Describe(args));
            return used;
        }
        finally
        {
            NativeMemory.Free(heap);
        }
    }

    static byte* Fill(in Arg arg, ref Native.Value value, byte* space)
    {
        value.Kind = (int)arg.Kind;
        value.Count = arg.Index;
        switch (arg.Item)
        {
            case Tensor tensor: value.Pointer = tensor.Handle; return space;
            case Tensor[] list:
                for (var i = 0; i < list.Length; i++) ((nint*)space)[i] = list[i]?.Handle ?? 0;
                value.Count = list.Length;
                break;
            case long[] list: list.CopyTo(new Span<long>(space, list.Length)); value.Count = list.Length; break;
            case double[] list: list.CopyTo(new Span<double>(space, list.Length)); value.Count = list.Length; break;
            case byte[] text: text.CopyTo(new Span<byte>(space, text.Length)); value.Count = text.Length; break;
            default:
                if (arg.Kind == Arg.Kinds.Double) value.Double = arg.Double;
                else value.Int = arg.Int;
                return space;
        }
        value.Pointer = (nint)space;
        return space + arg.Scratch;
    }

    static string Describe(ReadOnlySpan<Arg> args)
    {
        var parts = new List<string>(args.Length);
        foreach (ref readonly var arg in args) parts.Add(arg.ToString());
        return string.Join(", ", parts);
    }

    nint Find()
    {
        if (!looked)
        {
            handle = Native.tutti_op(name, overload);
            looked = true;
        }
        return handle;
    }

    nint Found() => Find() is var found && found != 0 ? found
        : throw new TorchException(Name, "", $"libtorch {Engine.Version} has no such operator");

    public override string ToString() => Name;
}
