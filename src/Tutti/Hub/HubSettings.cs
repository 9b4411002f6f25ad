using System.Globalization;

namespace Tutti.Hub;

/// <summary>Where the hub is, who asks, and how patient we are. <see cref="OfUser"/> reads the environment.</summary>
public sealed record HubSettings
{
    public const string PublicHub = "https://huggingface.co";

    /// <summary>The hub or a mirror of it.</summary>
    public Uri Endpoint { get; init => field = Checked("the hub's address", value.OriginalString); } = new(PublicHub + "/");

    /// <summary>The user's token, or null. It goes to <see cref="Endpoint"/> alone.</summary>
    public string? Token { get; init; }

    /// <summary>Where the token is from, for messages.</summary>
    public string TokenSource { get; init; } = "HF_TOKEN";

    /// <summary>Nothing is asked of any server: the cache or nothing.</summary>
    public bool Offline { get; init; }

    /// <summary>The folder of all repositories; null where nothing may be kept.</summary>
    public string? Cache { get; init; }

    /// <summary>A cache of huggingface_hub, in which whole snapshots are read and nothing is written; null for none.</summary>
    public string? OtherCache { get; init; }

    /// <summary>Failures in a row, without much progress between them, after which a download is given up.</summary>
    public int Tries { get; init; } = 5;

    /// <summary>The wait after the first failure; each further one is twice as long.</summary>
    public TimeSpan FirstWait { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>A server that asks for a longer wait is not waited for.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Until a connection stands, an answer begins, or another kilobyte has come.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes asked for at once; more than these are never sent twice.</summary>
    public int ChunkBytes { get; init; } = 16 << 20;

    /// <summary>Waits between tries.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The settings of this user: <c>TUTTI_HUB</c> or <c>HF_ENDPOINT</c>, <c>HF_TOKEN</c>, <c>TUTTI_OFFLINE</c>, <c>TUTTI_CACHE</c> and so on; see docs/hub.md.</summary>
    /// <exception cref="ConfigException">A variable holds what it cannot.</exception>
    public static HubSettings OfUser(bool offline = false)
    {
        var (endpoint, named) = First("TUTTI_HUB", "HF_ENDPOINT");
        var (token, source) = UserToken();
        return new()
        {
            Endpoint = endpoint is null ? new(PublicHub + "/") : Checked(named, endpoint),
            Token = token,
            TokenSource = source,
            Offline = offline || IsOn("TUTTI_OFFLINE") || IsOn("HF_HUB_OFFLINE"),
            Cache = UserCache.Folder("hub"),
            OtherCache = Variable("HF_HUB_CACHE") ?? (HuggingFaceHome is { } home ? Path.Combine(home, "hub") : null),
            Timeout = First("TUTTI_HUB_TIMEOUT", "HF_HUB_DOWNLOAD_TIMEOUT") is ({ } seconds, var variable) ? Seconds(variable, seconds) : TimeSpan.FromSeconds(30),
        };
    }

    // Never the token.
    public override string ToString() => $"{Endpoint}{(Offline ? " (offline)" : "")}";

    /// <summary>Tokens travel over TLS, or do not leave this machine.</summary>
    internal bool MaySendToken => Endpoint.Scheme == Uri.UriSchemeHttps || Endpoint.IsLoopback;

    static Uri Checked(string variable, string text)
    {
        if (!Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttps && uri.Scheme != Uri.UriSchemeHttp) || uri.Host.Length == 0)
            throw new ConfigException(variable, $"got '{Printable.Of(text)}', expected the address of a hub, such as {PublicHub}");
        if (uri.UserInfo.Length > 0 || uri.Query.Length > 0 || uri.Fragment.Length > 0)
            throw new ConfigException(variable, "an address with a user, a query or a fragment cannot be a hub's; give the token as HF_TOKEN");
        return uri;
    }

    static TimeSpan Seconds(string variable, string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and < 1e6 ? TimeSpan.FromSeconds(seconds)
            : throw new ConfigException(variable, $"got '{Printable.Of(text)}', expected seconds above 0");

    static (string? Token, string Source) UserToken()
    {
        var (token, source) = First("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN");
        if (token is null && (Variable("HF_TOKEN_PATH") ?? (HuggingFaceHome is { } home ? Path.Combine(home, "token") : null)) is { } file && File.Exists(file))
            try
            {
                (token, source) = (File.ReadAllText(file), file);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new ConfigException(file, $"the token cannot be read ({e.Message}); set HF_TOKEN, or remove the file", e);
            }
        token = token?.Trim();
        if (string.IsNullOrEmpty(token)) return (null, "HF_TOKEN");
        if (!token.All(letter => letter is > ' ' and < '\x7f')) throw new ConfigException(source, "holds characters that no token has; copy the token again");
        return (token, source);
    }

    static string? HuggingFaceHome => Variable("HF_HOME") ?? (UserCache.OfSystem is { } caches ? Path.Combine(caches, "huggingface") : null);

    static (string? Value, string Name) First(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            if (Variable(name) is { } value) return (value, name);
        return (null, names[0]);
    }

    static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    static bool IsOn(string name) => Variable(name)?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";
}
