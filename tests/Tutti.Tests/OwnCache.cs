using Tutti.Text;

[assembly: AssemblyFixture(typeof(Tutti.Tests.OwnCache))]

namespace Tutti.Tests;

/// <summary>Tests, and the processes they start, keep nothing in the user's cache folder: <c>TUTTI_CACHE</c> names one of their own until this is disposed.</summary>
public sealed class OwnCache : IDisposable
{
    readonly TempFolder folder = Shared.Temp();
    readonly string? before = Environment.GetEnvironmentVariable(TokenCache.Variable);

    public OwnCache() => Environment.SetEnvironmentVariable(TokenCache.Variable, folder.Path);

    public string[] Files => Directory.Exists(folder.File("tokens")) ? Directory.GetFiles(folder.File("tokens")) : [];

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(TokenCache.Variable, before);
        folder.Dispose();
    }
}
