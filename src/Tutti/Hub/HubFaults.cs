namespace Tutti.Hub;

/// <summary>What a refusal of the hub means for who asked, and what to do next.</summary>
static class HubFaults
{
    /// <summary>The error for an answer to a question about a repository, or one of its files.</summary>
    public static Exception Of(HubResponse response, HubName name, HubSettings settings)
    {
        var hub = settings.Endpoint.GetLeftPart(UriPartial.Authority);
        var status = (int)response.Status;
        // Elsewhere a refusal means that an address has run out, or a host that is misconfigured.
        if (!response.FromHub) return new HubException(response.Address.Host, FormattableString.Invariant($"answered {status} for a file of {name}, where {hub} had sent us; run the same command again"));
        return (response.ErrorCode, status) switch
        {
            ("GatedRepo", _) => new ConfigException(name.ToString(), $"is gated: its owners let only accounts in that accepted their terms on {hub}/{name.Repository}; {Token(settings, "then set HF_TOKEN to that account's token")}"),
            ("EntryNotFound", _) => new HubException(name.ToString(), $"{hub} lists a file, but does not have it; run the same command again"),
            ("RevisionNotFound", _) => new ConfigException(name.ToString(), $"{hub} has {name.Repository}, but not the revision '{name.Revision}'; name a branch, tag or commit of it"),
            ("RepoNotFound", 401) or (null, 401) when settings.Token is null || !settings.MaySendToken => new ConfigException(name.ToString(), $"{hub} has nothing of that name that everybody may see (401); check the name, or, if it is private or gated, {Token(settings, "set HF_TOKEN to a token that may read it")}"),
            ("RepoNotFound", _) or (_, 404) => new ConfigException(name.ToString(), $"{hub} has no such {(name.IsDataSet ? "data set" : "model")} (404); check owner, name and revision{(settings.Token is null ? ", or, if it is private, set HF_TOKEN to a token that may read it" : "")}"),
            (_, 401) => new ConfigException(name.ToString(), $"{hub} does not accept the token of {settings.TokenSource} (401); set HF_TOKEN to a valid one, or unset it"),
            (_, 403) => new ConfigException(name.ToString(), $"{hub} does not let us read it (403); {Token(settings, "set HF_TOKEN to a token that may read it")}"),
            _ => new HubException(hub, FormattableString.Invariant($"answered {status} when asked for {name}; is it the address of a Hugging Face hub (HF_ENDPOINT)?")),
        };
    }

    static string Token(HubSettings settings, string otherwise) =>
        settings.Token is null ? otherwise
        : !settings.MaySendToken ? "the token was not sent, because the hub's address is not https"
        : $"the token of {settings.TokenSource} is not that of an account that may";
}
