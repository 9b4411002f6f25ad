using Tutti.Torch;

namespace Tutti.Tests.Torch;

/// <summary>
/// The base of tests that make tensors: one scope per test, and no tensor may outlive it. Tensors are made in the test, not in field
/// initialisers: those run before this constructor, outside the scope and its count.
/// </summary>
public abstract class EngineTest : IDisposable
{
    readonly Scope scope = new();

    protected EngineTest() => Live = LiveTensors.Open();

    /// <summary>The count of this test's own flow.</summary>
    private protected LiveTensors Live { get; }

    public void Dispose()
    {
        scope.Dispose();
        Assert.True(Live.Count == 0, $"{Live.Count} tensors outlived the test");
        GC.SuppressFinalize(this);
    }
}
