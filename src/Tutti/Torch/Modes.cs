namespace Tutti.Torch;

/// <summary>Switches of the calling thread that are put back when disposed: <c>using var mode = Modes.NoGrad();</c></summary>
public static class Modes
{
    /// <summary>Nothing is recorded for backward.</summary>
    public static Mode NoGrad()
    {
        var before = Native.tutti_grad_mode(0);
        return new(() => _ = Native.tutti_grad_mode(before));
    }

    /// <summary>
    /// Matrix products and attention run in <paramref name="dtype"/>, losses and norms in float32 (torch.autocast). Weights cast once are
    /// reused until <see cref="ClearAutocast"/>, which is called once per update, not per micro-batch.
    /// </summary>
    public static Mode Autocast(Device device, DType? dtype)
    {
        if (dtype is not { } type) return new(() => { });
        Native.Check("autocast", Native.tutti_autocast(device.Type, (int)type));
        return new(() => Native.Check("autocast", Native.tutti_autocast(device.Type, -1)));
    }

    /// <summary>Drops the weights that autocast has cast.</summary>
    public static void ClearAutocast() => Native.tutti_autocast_clear();

    /// <summary>One switch; disposing it puts the former value back.</summary>
    public sealed class Mode(Action restore) : IDisposable
    {
        Action? restore = restore;

        public void Dispose() => Interlocked.Exchange(ref restore, null)?.Invoke();
    }
}
