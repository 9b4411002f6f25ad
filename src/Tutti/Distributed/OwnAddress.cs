using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Tutti.Distributed;

/// <summary>By which of its addresses the other processes reach this one: that of <c>GLOO_SOCKET_IFNAME</c>, else the one on the way to rank 0.</summary>
/// <param name="Address">The address; empty where there is none.</param>
/// <param name="Fault">Why it cannot be used, or null.</param>
public sealed record OwnAddress(string Address, string? Fault)
{
    const string Variable = "GLOO_SOCKET_IFNAME";

    /// <summary>Of this process.</summary>
    /// <param name="at">Where the processes meet.</param>
    public static OwnAddress Of(Rendezvous at)
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } names) return OfInterfaces(names);
        var address = Ranks.AddressTowards(at);
        return new(address, address.Length > 0 ? null : $"MASTER_ADDR is '{at.Address}', which this machine has no way to; expected the name or address of the machine of rank 0");
    }

    /// <summary>Of the first of some network interfaces; all must be there.</summary>
    /// <param name="names">As <c>GLOO_SOCKET_IFNAME</c> has them: commas between.</param>
    public static OwnAddress OfInterfaces(string names)
    {
        var there = NetworkInterface.GetAllNetworkInterfaces();
        var first = "";
        foreach (var name in names.Split(',', StringSplitOptions.TrimEntries))
        {
            if (Array.Find(there, one => one.Name == name) is not { } found)
                return new("", $"{Variable} names '{name}', which this machine does not have; it has {string.Join(", ", there.Select(one => one.Name).Order(StringComparer.Ordinal))}");
            var addresses = found.GetIPProperties().UnicastAddresses.Select(one => one.Address).OrderBy(one => one.AddressFamily == AddressFamily.InterNetwork ? 0 : 1).ToArray();
            if (addresses.Length == 0 || found.OperationalStatus == OperationalStatus.Down) return new("", $"{Variable} names '{name}', which {(addresses.Length == 0 ? "has no address" : "is down")}");
            if (first.Length == 0) first = addresses[0].ToString();
        }
        return new(first, null);
    }

    /// <summary>Whether it can only be reached from the same machine.</summary>
    public bool IsLoopback => IPAddress.TryParse(Address, out var address) && IPAddress.IsLoopback(address);
}
