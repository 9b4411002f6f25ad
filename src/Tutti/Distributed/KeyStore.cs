using System.Runtime.InteropServices;
using System.Text;
using Tutti.Torch;

namespace Tutti.Distributed;

/// <summary>Values by name that all processes see: a connection to c10d's TCPStore. One operation at a time; whoever must not wait for another opens one more.</summary>
public sealed class KeyStore : IDisposable
{
    nint handle;

    /// <param name="host">Where it listens.</param>
    /// <param name="port">At which port; 0 for a server: a free one.</param>
    /// <param name="server">This process keeps the values.</param>
    /// <param name="prefix">Of all names.</param>
    /// <param name="wait">How long to try, and how long <see cref="Get"/> waits.</param>
    /// <exception cref="TorchException">It cannot be opened or reached.</exception>
    public KeyStore(string host, int port, bool server, string prefix, TimeSpan wait)
    {
        _ = NativeDistributed.Kinds;
        NativeDistributed.Check("c10d", NativeDistributed.tutti_store_open(host, port, server ? 1 : 0, prefix, (long)wait.TotalMilliseconds, out var opened), FormattableString.Invariant($"{host}:{port}"));
        handle = opened;
    }

    internal nint Handle => handle != 0 ? handle : throw new ObjectDisposedException(nameof(KeyStore));

    /// <summary>The port that it listens at.</summary>
    public int Port => NativeDistributed.tutti_store_port(Handle);

    public void Set(string key, string value) => Set(key, Encoding.UTF8.GetBytes(value));

    public void Set(string key, ReadOnlySpan<byte> value) => NativeDistributed.Check("store_set", NativeDistributed.tutti_store_set(Handle, key, value, value.Length), key);

    /// <summary>A value; waits until somebody has set it.</summary>
    /// <exception cref="TorchException">Nobody did in time.</exception>
    public byte[] Get(string key)
    {
        NativeDistributed.Check("store_get", NativeDistributed.tutti_store_get(Handle, key, out var bytes, out var length), key);
        try
        {
            var value = new byte[checked((int)length)];
            Marshal.Copy(bytes, value, 0, value.Length);
            return value;
        }
        finally
        {
            NativeDistributed.tutti_bytes_free(bytes);
        }
    }

    public string Text(string key) => Encoding.UTF8.GetString(Get(key));

    /// <summary>Adds to a counter, which begins at 0, and says what it has come to.</summary>
    public long Add(string key, long more)
    {
        NativeDistributed.Check("store_add", NativeDistributed.tutti_store_add(Handle, key, more, out var sum), key);
        return sum;
    }

    /// <summary>Whether somebody has set it.</summary>
    public bool Has(string key)
    {
        NativeDistributed.Check("store_check", NativeDistributed.tutti_store_check(Handle, key, out var there), key);
        return there != 0;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref handle, 0) is var old && old != 0) NativeDistributed.tutti_store_close(old);
    }
}
