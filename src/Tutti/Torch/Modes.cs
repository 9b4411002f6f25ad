namespace Tutti.Torch;

/// <summary>Switches of the calling thread that are put back when disposed: <c>using var mode = Modes.NoGrad();</c></summary>
public static unsafe class Modes
{
    /// <summary>Nothing is recorded for backward.</summary>
    public static Mode NoGrad()
    {
        var before = Native.tutti_grad_mode(0);
        return new(() => _ = Native.tutti_grad_mode(before));
    }

    /// <summary>Computes something that backward can follow, even inside <see cref="NoGrad"/>.</summary>
    internal static T Recorded<T>(Func<T> compute)
    {
        var before = Native.tutti_grad_mode(1);
        try
        {
            return compute();
        }
        finally
        {
            _ = Native.tutti_grad_mode(before);
        }
    }

    /// <summary>
    /// Matrix products and attention run in <paramref name="dtype"/>, losses and norms in float32 (torch.autocast). Weights cast once are
    /// reused until <see cref="ClearAutocast"/>, which is called once per update, not per micro-batch.
    /// </summary>
    /// <param name="device">The kind of device whose operators are meant.</param>
    /// <param name="dtype">A floating type, or null for none: every operator in the type of its arguments.</param>
    public static Mode Autocast(Device device, DType? dtype)
    {
        var before = Switch(device.Type, dtype is { } type ? (int)type : -1);
        return new(() => _ = Switch(device.Type, before));
    }

    /// <summary>
    /// Drops the weights that autocast has cast. Needed whenever weights change, and between <see cref="NoGrad"/> and recording: a copy cast
    /// without recording has no way back to its weight, which would then get no gradient.
    /// </summary>
    /// <param name="weights">Also the casts of linear layers on the CPU, which follow their weights from update to update and are dropped only to have their memory.</param>
    public static void ClearAutocast(bool weights = true) => Native.tutti_autocast_clear(weights ? 1 : 0);

    /// <summary>
    /// Float32 products on CUDA round their factors to TF32 (10 bits of mantissa, float32's range), which tensor cores multiply several times faster.
    /// A switch of the whole process, because backward runs on threads of libtorch; without effect on other devices.
    /// </summary>
    public static Mode Tf32(Device device, bool on)
    {
        if (!device.IsCuda) return new(() => { });
        var before = Tf32(on);
        return new(() => Tf32(before));
    }

    internal static bool Tf32(bool on) => Native.tutti_tf32(on ? 1 : 0) != 0;

    static int Switch(int device, int dtype)
    {
        int before;
        Native.Check("autocast", Native.tutti_autocast(device, dtype, &before));
        return before;
    }

    /// <summary>One switch; disposing it puts the former value back.</summary>
    public sealed class Mode(Action restore) : IDisposable
    {
        Action? restore = restore;

        public void Dispose() => Interlocked.Exchange(ref restore, null)?.Invoke();
    }
}
