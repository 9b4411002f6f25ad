using System.Runtime.InteropServices;

namespace Tutti.Torch;

/// <summary>Activation checkpointing (Chen et al. 2016): a computation of which only the input is kept; backward runs it again.</summary>
public static unsafe class Recompute
{
    /// <summary>y = body(x). The second run has the modes (autocast) of the first and must compute the same.</summary>
    /// <param name="x">The input.</param>
    /// <param name="parameters">Every weight that the body uses: each gets its gradient once, when the whole body has been differentiated.</param>
    /// <param name="body">Must not keep tensors that it makes.</param>
    public static Tensor Run(Tensor x, Tensor[] parameters, Func<Tensor, Tensor> body)
    {
        var state = GCHandle.ToIntPtr(GCHandle.Alloc(body));
        var handles = Array.ConvertAll(parameters, parameter => parameter.Handle);
        nint y;
        fixed (nint* list = handles) Native.Check("recompute", Native.tutti_recompute(&Body, &Release, state, x.Handle, list, handles.Length, &y), x);
        GC.KeepAlive(parameters);
        return new(y);
    }

    [UnmanagedCallersOnly]
    static int Body(nint state, nint x, nint* y)
    {
        try
        {
            using var scope = new Scope();
            var body = (Func<Tensor, Tensor>)GCHandle.FromIntPtr(state).Target!;
            *y = Native.tutti_tensor_alias(body(new Tensor(x)).Handle);
            return 0;
        }
#pragma warning disable CA1031 // Nothing managed may cross the native frames between here and the caller: the text goes on as a native error.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Native.tutti_set_error(e.Message);
            return e is TorchMemoryException ? 2 : 1;
        }
    }

    [UnmanagedCallersOnly]
    static void Release(nint state) => GCHandle.FromIntPtr(state).Free();
}
