namespace Tutti.Hub;

/// <summary>Tries again what may pass, after waits that grow, or that the server asks for; gives up after a number of failures in a row.</summary>
sealed class Patience(HubSettings settings, Action<string>? note = null)
{
    int failures;

    /// <summary>Something came, so the next failure is the first again.</summary>
    public void Encourage() => failures = 0;

    public async Task<T> Try<T>(string where, Func<Task<T>> attempt, CancellationToken cancel)
    {
        while (true)
            try
            {
                return await attempt();
            }
            catch (PassingFault fault)
            {
                await Wait(where, fault, cancel);
            }
    }

    /// <summary>Waits for the next try.</summary>
    /// <exception cref="HubException">There is none.</exception>
    public async Task Wait(string where, PassingFault fault, CancellationToken cancel)
    {
        failures++;
        if (failures >= Math.Min(settings.Tries, fault.MostTries))
            throw new HubException(where, FormattableString.Invariant($"{fault.Message}, {failures} times in a row. The same command goes on from what has come; look at the network and proxy (HTTPS_PROXY), name a mirror with HF_ENDPOINT, or keep to the cache with --offline"), fault.InnerException);
        var wait = fault.After ?? settings.FirstWait * Math.Pow(2, failures - 1);
        if (wait > settings.LongestWait && fault.After is not null)
            throw new HubException(where, FormattableString.Invariant($"{fault.Message} and asks to wait {wait.TotalSeconds:0} s. The same command goes on from what has come, when that time is over; with a token (HF_TOKEN) the limits are higher"), fault);
        if (wait > settings.LongestWait) wait = settings.LongestWait;
        note?.Invoke(FormattableString.Invariant($"{where} {fault.Message}; trying again in {wait.TotalSeconds:0.#} s"));
        await Task.Delay(wait, settings.Clock, cancel);
    }
}
