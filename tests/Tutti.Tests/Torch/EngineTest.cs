using Tutti.Torch;

namespace Tutti.Tests.Torch;

/// <summary>The base of tests that make tensors: one scope per test, and no tensor may outlive it.</summary>
public abstract class EngineTest : IDisposable
{
    readonly LiveTensors live = LiveTensors.Open();
    readonly Scope scope = new();

    public void Dispose()
    {
        scope.Dispose();
        Assert.Equal(0, live.Count);
        GC.SuppressFinalize(this);
    }
}
