namespace Tutti.Torch;

/// <summary>
/// Owns the tensors that are made while it is the innermost scope of its thread, and frees them when disposed. Scopes stand in few places
/// (a training step, a block, a test); model code never says dispose. Thread-bound: no <c>await</c> inside.
/// </summary>
public sealed class Scope : IDisposable
{
    [ThreadStatic] static Scope? current;

    readonly Scope? parent;
    readonly List<Tensor> tensors = [];

    public Scope()
    {
        parent = current;
        current = this;
    }

    internal static Scope? Current => current;

    /// <summary>Takes over a tensor that nobody owns: a new one, or one that an inner scope made.</summary>
    internal void Add(Tensor tensor)
    {
        tensor.Owner = this;
        tensors.Add(tensor);
    }

    /// <summary>Hands a tensor to the enclosing scope (or to nobody): the way out of this one.</summary>
    public Tensor Keep(Tensor tensor)
    {
        if (tensor.Owner != this) return tensor;
        tensor.Owner = null;
        parent?.Add(tensor);
        return tensor;
    }

    public void Dispose()
    {
        if (current != this) throw new InvalidOperationException("scopes close in the reverse order of their opening, on the thread that opened them");
        current = parent;
        foreach (var tensor in tensors)
            if (tensor.Owner == this) tensor.Dispose();
        tensors.Clear();
    }

    /// <summary>Runs a computation and frees everything it made but its result.</summary>
    public static Tensor Run(Func<Tensor> body)
    {
        using var scope = new Scope();
        return scope.Keep(body());
    }
}
