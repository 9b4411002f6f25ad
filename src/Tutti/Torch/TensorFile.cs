namespace Tutti.Torch;

/// <summary>A file of named tensors, open for reading one at a time. Nothing in it is ever executed.</summary>
public abstract class TensorFile : IDisposable
{
    /// <summary>The tensors' names.</summary>
    public abstract IReadOnlyCollection<string> Names { get; }

    /// <summary>Whether it holds a tensor of this name.</summary>
    public abstract bool Has(string name);

    /// <summary>A tensor's shape.</summary>
    /// <exception cref="DataException">There is no such tensor.</exception>
    public abstract long[] Shape(string name);

    /// <summary>A copy of one tensor, in the file's element type, on the CPU.</summary>
    /// <exception cref="DataException">There is no such tensor, or the engine lacks its element type.</exception>
    public abstract Tensor Read(string name);

    /// <summary>A tensor of that shape and type without its values, on <see cref="Device.Meta"/>.</summary>
    public abstract Tensor Describe(string name);

    public abstract void Dispose();
}
