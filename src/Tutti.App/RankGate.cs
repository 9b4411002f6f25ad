using System.Net;
using System.Net.Sockets;
using System.Text;
using Tutti.Distributed;

namespace Tutti.App;

/// <summary>A port at which a process tells whoever connects its rank: so the others see whether they reach it, and not another program.</summary>
sealed class RankGate : IDisposable
{
    static readonly TimeSpan most = TimeSpan.FromSeconds(5);

    readonly TcpListener? listener;

    /// <param name="own">The address to listen at; where it has a fault there is no port.</param>
    /// <param name="rank">What it says.</param>
    public RankGate(OwnAddress own, int rank)
    {
        if (own.Address.Length == 0) return;
        listener = new(IPAddress.Parse(own.Address), 0);
        listener.Start();
        _ = Answer(listener, Word(rank));
    }

    public int Port => listener is null ? 0 : ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Why another rank does not answer; null: it does.</summary>
    public static string? Why(RankFacts other)
    {
        if (other.Port == 0) return null;                     // its own fault is said
        try
        {
            using var client = new TcpClient();
            if (!client.ConnectAsync(IPAddress.Parse(other.Address), other.Port).Wait(most)) return FormattableString.Invariant($"no answer within {most.TotalSeconds:0} s");
            client.ReceiveTimeout = (int)most.TotalMilliseconds;
            using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
            return reader.ReadLine() == Word(other.Rank) ? null : "another program answers";
        }
        catch (Exception e) when (e is AggregateException or SocketException or IOException)
        {
            return (e.InnerException ?? e).Message;
        }
    }

    static string Word(int rank) => FormattableString.Invariant($"tutti rank {rank}");

    static async Task Answer(TcpListener listener, string word)
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync();
                await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(word + "\n"));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
        {
            return;                                           // nobody asks any more
        }
    }

    public void Dispose() => listener?.Dispose();
}
