using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Tutti.Tests.Distributed;

/// <summary>A wire between tun devices that one rank's packets take their time on, or get lost: what tc's netem does where a kernel has it.</summary>
/// <param name="size">Devices.</param>
/// <param name="worse">The rank whose packets are meant.</param>
/// <param name="delay">Of what it sends.</param>
/// <param name="loss">Share of what it sends that gets lost.</param>
sealed partial class UserWire(int size, int worse, TimeSpan delay, double loss) : IDisposable
{
    const int Mtu = 1500;

    readonly SafeFileHandle?[] devices = new SafeFileHandle?[size];
    readonly BlockingCollection<(long Due, byte[] Packet)> late = [];
    readonly Random random = new(1);
    readonly List<Thread> threads = [];
    volatile bool ended;

    /// <summary>Makes a rank's device, which is then moved to its namespace.</summary>
    /// <returns>Its name.</returns>
    public string Open(int rank)
    {
        var name = FormattableString.Invariant($"tt{Environment.ProcessId % 100000}w{rank}");
        var device = File.OpenHandle("/dev/net/tun", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var request = new byte[40];                           // struct ifreq
        Encoding.ASCII.GetBytes(name, request);
        BinaryPrimitives.WriteInt16LittleEndian(request.AsSpan(16), 0x0001 | 0x1000);      // IFF_TUN | IFF_NO_PI
        if (Ioctl(device, 0x400454ca, request) != 0) throw new InvalidOperationException($"no tun device: {Marshal.GetLastPInvokeErrorMessage()}");
        devices[rank] = device;
        if (rank == 0) Begin(Deliver);
        Begin(() => Read(rank));
        return name;
    }

    void Begin(Action body)
    {
        var thread = new Thread(() => body()) { IsBackground = true, Name = "wire" };
        thread.Start();
        threads.Add(thread);
    }

    void Read(int rank)
    {
        var packet = new byte[2 * Mtu];
        var poll = new byte[8];                               // struct pollfd: descriptor, POLLIN, what came
        while (!ended)
        {
            BinaryPrimitives.WriteInt32LittleEndian(poll, (int)devices[rank]!.DangerousGetHandle());
            BinaryPrimitives.WriteInt32LittleEndian(poll.AsSpan(4), 1);
            if (Poll(poll, 1, 50) <= 0) continue;
            var length = (int)Read(devices[rank]!, packet, (nuint)packet.Length);
            if (length < 0) Thread.Sleep(10);                 // the device is not up yet, or is gone
            // Of IPv4 alone; its destination's last byte tells the rank.
            if (length < 20 || packet[0] >> 4 != 4 || packet[19] is var to && (to == 0 || to > size)) continue;
            if (rank != worse) Write(packet.AsSpan(0, length));
            else if (Lost()) continue;
            else if (delay == default) Write(packet.AsSpan(0, length));
            else late.Add((Stopwatch.GetTimestamp() + (long)(delay.TotalSeconds * Stopwatch.Frequency), packet[..length]));
        }
    }

    bool Lost() => loss > 0 && random.NextDouble() < loss;

    void Deliver()
    {
        foreach (var (due, packet) in late.GetConsumingEnumerable())
        {
            while (Stopwatch.GetTimestamp() is var now && now < due && !ended) Thread.Sleep(TimeSpan.FromSeconds(Math.Min(0.05, (double)(due - now) / Stopwatch.Frequency)));
            Write(packet);
        }
    }

    void Write(ReadOnlySpan<byte> packet)
    {
        // Where nobody is there the packet is lost, as on any wire.
        if (devices[packet[19] - 1] is { IsClosed: false } device) _ = Write(device, packet, (nuint)packet.Length);
    }

    public void Dispose()
    {
        ended = true;
        late.CompleteAdding();
        foreach (var thread in threads) thread.Join();
        foreach (var device in devices) device?.Dispose();
        late.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(SafeFileHandle file, nuint request, byte[] argument);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(SafeFileHandle file, Span<byte> bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(byte[] polled, nuint count, int milliseconds);
}
