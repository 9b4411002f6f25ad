namespace Tutti.Torch;

/// <summary>An operator failed. The message names the operator and the shapes it got; native back-traces are left out.</summary>
public class TorchException(string op, string arguments, string native)
    : Exception($"{op}({arguments}): {native}")
{
    public string Op { get; } = op;
}

/// <summary>The device, or the memory budget, has no room for what an operator asked.</summary>
public sealed class TorchMemoryException(string op, string arguments, string native) : TorchException(op, arguments, native);
