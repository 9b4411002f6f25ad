using Tutti.Torch;

namespace Tutti.Tests.Torch;

/// <summary>
/// Tests of the engine run alone: they read and limit the memory of the process, and each kernel uses all cores anyway. All others run in
/// parallel before them.
/// </summary>
[CollectionDefinition(nameof(OneAfterAnother), DisableParallelization = true)]
public sealed class OneAfterAnother;

/// <summary>
/// The base of tests that make tensors: one scope per test, and no tensor may outlive it. Tensors are made in the test, not in field
/// initialisers: those run before this constructor, outside the scope and its count.
/// </summary>
[Collection(nameof(OneAfterAnother))]
public abstract class EngineTest : IDisposable
{
    readonly Scope scope = new();

    readonly int before = Engine.Threads;

    static EngineTest() => OtherDevice.Other.Load();

    /// <param name="threads">
    /// Threads of kernels; all cores by default. Models of a few thousand weights spend their time waiting at barriers, and far longer where
    /// another process wants the same cores: tests that train them ask for 1.
    /// </param>
    protected EngineTest(int? threads = null)
    {
        Live = LiveTensors.Open();
        Engine.Threads = threads ?? before;
    }

    /// <summary>The count of this test's own flow.</summary>
    private protected LiveTensors Live { get; }

    public void Dispose()
    {
        Engine.Threads = before;
        scope.Dispose();
        Assert.True(Live.Count == 0, $"{Live.Count} tensors outlived the test");
        GC.SuppressFinalize(this);
    }
}
