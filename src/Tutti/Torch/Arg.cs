namespace Tutti.Torch;

/// <summary>One argument of a boxed call; made implicitly from a tensor, number, bool, text, list, dtype or device.</summary>
readonly struct Arg
{
    public enum Kinds { None, Tensor, Int, Double, Bool, Tensors, Ints, Doubles, Text, Device }

    public Kinds Kind { get; private init; }
    public long Int { get; private init; }
    public double Double { get; private init; }
    public int Index { get; private init; }
    public object? Item { get; private init; }

    /// <summary>An absent optional argument.</summary>
    public static Arg None => default;

    public static implicit operator Arg(Tensor? value) => value is null ? default : new() { Kind = Kinds.Tensor, Item = value };
    public static implicit operator Arg(long value) => new() { Kind = Kinds.Int, Int = value };
    public static implicit operator Arg(int value) => new() { Kind = Kinds.Int, Int = value };
    public static implicit operator Arg(double value) => new() { Kind = Kinds.Double, Double = value };
    public static implicit operator Arg(bool value) => new() { Kind = Kinds.Bool, Int = value ? 1 : 0 };
    public static implicit operator Arg(DType value) => new() { Kind = Kinds.Int, Int = (long)value };
    public static implicit operator Arg(Device value) => new() { Kind = Kinds.Device, Int = value.Type, Index = value.Index };
    public static implicit operator Arg(string value) => new() { Kind = Kinds.Text, Item = System.Text.Encoding.UTF8.GetBytes(value) };
    public static implicit operator Arg(long[] value) => new() { Kind = Kinds.Ints, Item = value };
    public static implicit operator Arg(double[] value) => new() { Kind = Kinds.Doubles, Item = value };
    public static implicit operator Arg(Tensor[] value) => new() { Kind = Kinds.Tensors, Item = value };

    /// <summary>Bytes of scratch space that a list or text takes during the call.</summary>
    public int Scratch => Item switch
    {
        long[] list => list.Length * 8,
        double[] list => list.Length * 8,
        Tensor[] list => list.Length * 8,
        byte[] text => (text.Length + 7) / 8 * 8,
        _ => 0,
    };

    public override string ToString() => Kind switch
    {
        Kinds.None => "none",
        Kinds.Tensor => ((Tensor)Item!).Describe(),
        Kinds.Int or Kinds.Bool => Int.ToString(System.Globalization.CultureInfo.InvariantCulture),
        Kinds.Double => Double.ToString(System.Globalization.CultureInfo.InvariantCulture),
        Kinds.Tensors => $"[{string.Join(", ", ((Tensor[])Item!).Take(8).Select(t => t?.Describe() ?? "none"))}{(((Tensor[])Item!).Length > 8 ? ", ..." : "")}]",
        Kinds.Ints => $"[{string.Join(", ", (long[])Item!)}]",
        Kinds.Doubles => $"[{((double[])Item!).Length} numbers]",
        Kinds.Text => System.Text.Encoding.UTF8.GetString((byte[])Item!),
        Kinds.Device => new Device((int)Int, Index).ToString(),
        _ => "?",
    };
}
