using Tutti.Hub;

namespace Tutti.Recipes;

/// <summary>The models of a recipe that are named on the hub: found in the cache, or fetched into it.</summary>
public static class HubModels
{
    /// <summary>Fetches what is missing, so that nothing has to be fetched later; nothing is done for members with a model of another kind.</summary>
    /// <param name="hub">null: as the environment says.</param>
    /// <exception cref="InputException">A model is not there, not ours to read, or there is no room for it.</exception>
    /// <exception cref="HubException">The hub, or the way to it, failed.</exception>
    public static void Fetch(Recipe recipe, HubSettings? hub = null, IProgress<RunNews>? news = null, CancellationToken cancel = default)
    {
        foreach (var member in recipe.Members) Of(member, hub, news, cancel);
    }

    /// <summary>The snapshot of a member's model, or null where it is none of the hub's.</summary>
    internal static HubSnapshot? Of(MemberConfig member, HubSettings? hub, IProgress<RunNews>? news, CancellationToken cancel)
    {
        // A recipe made in code has not been made relative to a folder.
        if (member.Model.RelativeTo(Environment.CurrentDirectory).Hub is not { } text) return null;
        var name = HubName.Parse(text);
        var client = new HubClient(hub ?? HubSettings.OfUser());
        try
        {
            return client.FindOrGet(name, news is null ? null : new Told(member.Name!, news), cancel);
        }
        catch (ConfigException e)
        {
            throw new ConfigException($"members.{member.Name}.model", $"no such folder, and as a model of the hub: {e.Message}", e);
        }
        catch (HubException e)
        {
            throw new HubException($"members.{member.Name}.model: {name}: no such folder, and it is not in the cache of the hub's models", e.Message, e);
        }
    }

    sealed class Told(string member, IProgress<RunNews> news) : IProgress<HubNews>
    {
        public void Report(HubNews value) => news.Report(new DownloadNews(member, value));
    }
}
