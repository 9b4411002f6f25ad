using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace Tutti.Hub;

/// <summary>
/// Requests to the hub: redirects are followed by hand, so that the token stays with the hub's own host; every wait ends; failures that may pass are
/// tried again, those that will not are said in words.
/// </summary>
sealed class HubConnection(HubSettings settings, Action<string>? note = null) : IDisposable
{
    const int MostRedirects = 10, MostBytesOfText = 64 << 20;

    /// <summary>Tries of a host that is not there: without a network the word should come soon.</summary>
    const int Unreachable = 3;

    readonly HttpClient client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = settings.Timeout,
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
    })
    { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>An address of the hub from escaped parts.</summary>
    public Uri Address(string path) => new(settings.Endpoint, path);

    /// <summary>The bytes of a small answer, after as many tries as are allowed.</summary>
    /// <param name="refused">Says what an answer other than 200 means; see <see cref="HubFaults"/>.</param>
    public Task<byte[]> Read(Uri address, Func<HubResponse, Exception> refused, CancellationToken cancel) => new Patience(settings, note).Try(address.Host, async () =>
    {
        using var response = await Send(HttpMethod.Get, address, null, cancel);
        if (response.Status != HttpStatusCode.OK) throw refused(response);
        using var content = new MemoryStream();
        await Copy(response, chunk =>
        {
            if (content.Length + chunk.Length > MostBytesOfText) throw new HubException(address.Host, FormattableString.Invariant($"the answer is longer than {MostBytesOfText} bytes; is the address a Hugging Face hub's?"));
            content.Write(chunk);
        }, cancel);
        return content.ToArray();
    }, cancel);

    /// <summary>Sends a request and follows redirects; the answer's body is not read yet.</summary>
    /// <exception cref="PassingFault">No answer, or one that asks to come again.</exception>
    public async Task<HubResponse> Send(HttpMethod method, Uri address, Action<Uri, HttpRequestHeaders>? headers, CancellationToken cancel)
    {
        var facts = new HubFacts(null, null, null);
        for (var hop = 0; hop <= MostRedirects; hop++)
        {
            using var request = new HttpRequestMessage(method, address);
            request.Headers.TryAddWithoutValidation("User-Agent", $"tutti/{typeof(HubConnection).Assembly.GetName().Version?.ToString(3)}");
            request.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
            if (settings.Token is not null && settings.MaySendToken && IsHub(address)) request.Headers.Authorization = new("Bearer", settings.Token);
            headers?.Invoke(address, request.Headers);
            var response = await Answer(request, cancel);
            // What the hub says of the file counts, not what the host says that it redirects to.
            if (IsHub(address)) facts = facts.With(response);
            var status = (int)response.StatusCode;
            if (status is 301 or 302 or 303 or 307 or 308)
            {
                var next = Next(address, response);
                // An address signed for GET refuses HEAD, and all that is asked has been said.
                if (method == HttpMethod.Head && !IsHub(next)) return new(response, address, facts, true);
                response.Dispose();
                address = next;
                continue;
            }
            if (status is 408 or 429 or >= 500)
                using (response) throw new PassingFault($"answered {status} ({response.StatusCode})", After(response));
            return new(response, address, facts, IsHub(address));
        }
        throw new HubException(address.Host, FormattableString.Invariant($"more than {MostRedirects} redirects in a row"));
    }

    /// <summary>Hands on the bytes of an answer as they come.</summary>
    /// <param name="take">May throw what is no fault of the connection.</param>
    /// <exception cref="PassingFault">The connection broke, or hardly anything comes any more.</exception>
    public async Task Copy(HubResponse response, SpanAction take, CancellationToken cancel)
    {
        const int Enough = 1024;
        var buffer = new byte[128 << 10];
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        wait.CancelAfter(settings.Timeout);
        var since = 0;
        await using var body = await response.Message.Content.ReadAsStreamAsync(cancel);
        while (true)
        {
            int count;
            try
            {
                count = await body.ReadAsync(buffer, wait.Token);
            }
            catch (Exception e) when (!cancel.IsCancellationRequested && e is OperationCanceledException or IOException or HttpRequestException)
            {
                throw new PassingFault(wait.IsCancellationRequested ? FormattableString.Invariant($"sent hardly anything for {settings.Timeout.TotalSeconds:0.##} s") : "broke the connection", inner: e);
            }
            if (count == 0) return;
            take(buffer.AsSpan(0, count));
            if ((since += count) < Enough) continue;
            since = 0;
            wait.CancelAfter(settings.Timeout);
        }
    }

    public void Dispose() => client.Dispose();

    bool IsHub(Uri address) => address.Scheme == settings.Endpoint.Scheme && address.Host == settings.Endpoint.Host && address.Port == settings.Endpoint.Port;

    async Task<HttpResponseMessage> Answer(HttpRequestMessage request, CancellationToken cancel)
    {
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        wait.CancelAfter(settings.Timeout);
        try
        {
            return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, wait.Token);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new PassingFault(FormattableString.Invariant($"did not answer within {settings.Timeout.TotalSeconds:0.##} s"), inner: e);
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.SecureConnectionError)
        {
            throw new HubException(request.RequestUri!.Host, $"no secure connection ({e.InnerException?.Message ?? e.Message}); behind a proxy with its own certificate name that in SSL_CERT_FILE", e);
        }
        catch (HttpRequestException e)
        {
            throw new PassingFault(e.HttpRequestError switch
            {
                HttpRequestError.NameResolutionError => "has no address that can be found",
                HttpRequestError.ConnectionError => $"cannot be reached ({e.InnerException?.Message ?? e.Message})",
                HttpRequestError.ProxyTunnelError => $"is not reached through the proxy ({e.Message})",
                _ => "broke the connection",
            }, inner: e, mostTries: e.HttpRequestError is HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError ? Unreachable : int.MaxValue);
        }
    }

    static Uri Next(Uri from, HttpResponseMessage response)
    {
        var location = response.Headers.Location;
        if (location is null || !Uri.TryCreate(from, location, out var next) || (next.Scheme != Uri.UriSchemeHttps && next.Scheme != Uri.UriSchemeHttp) || next.UserInfo.Length > 0)
            throw new HubException(from.Host, "redirects to something that is no address");
        if (from.Scheme == Uri.UriSchemeHttps && next.Scheme != Uri.UriSchemeHttps)
            throw new HubException(from.Host, $"redirects to {next.Host} without TLS, which is refused");
        return next;
    }

    TimeSpan? After(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - settings.Clock.GetUtcNow() is { Ticks: > 0 } left ? left : TimeSpan.Zero,
        _ => null,
    };
}

/// <summary>Takes bytes that are gone after the call.</summary>
delegate void SpanAction(ReadOnlySpan<byte> bytes);

/// <summary>What the hub's own host says of a file, also where it redirects.</summary>
/// <param name="Commit">The commit that it serves.</param>
/// <param name="Hash">The file's hash (X-Linked-Etag, else ETag), where it is one.</param>
/// <param name="Size">Of the file behind a redirect.</param>
sealed record HubFacts(string? Commit, string? Hash, long? Size)
{
    public HubFacts With(HttpResponseMessage response)
    {
        var hash = Header(response, "X-Linked-Etag") ?? Header(response, "ETag");
        var size = long.TryParse(Header(response, "X-Linked-Size"), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : Size;
        hash = hash?.Replace("W/", "", StringComparison.Ordinal).Trim('"');
        return new(Commit ?? Header(response, "X-Repo-Commit"), Hash ?? (ContentHash.IsValid(hash) ? hash : null), size);
    }

    public static string? Header(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out var values) ? values.First() : null;
}

/// <summary>An answer whose body is not read yet.</summary>
/// <param name="Address">Where the redirects ended.</param>
/// <param name="FromHub">Whether the hub's own host gave it.</param>
sealed record HubResponse(HttpResponseMessage Message, Uri Address, HubFacts Facts, bool FromHub) : IDisposable
{
    public HttpStatusCode Status => Message.StatusCode;

    /// <summary>What the hub calls its reason, such as GatedRepo.</summary>
    public string? ErrorCode => HubFacts.Header(Message, "X-Error-Code");

    public void Dispose() => Message.Dispose();
}
