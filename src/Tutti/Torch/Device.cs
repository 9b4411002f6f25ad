namespace Tutti.Torch;

/// <summary>Where a tensor lives: the CPU or one CUDA GPU.</summary>
/// <param name="Type">libtorch's device type: 0 CPU, 1 CUDA, 14 meta. Others are treated as a GPU would be, without what only CUDA has.</param>
/// <param name="Index">The GPU's number; -1 on the CPU.</param>
public readonly record struct Device(int Type, int Index)
{
    public static Device Cpu { get; } = new(0, -1);
    public static Device Cuda(int index = 0) => new(1, index);

    /// <summary>Nowhere: tensors have a shape and no values. For models that are only to be measured.</summary>
    public static Device Meta { get; } = new(14, -1);

    public bool IsCpu => Type == 0;
    public bool IsCuda => Type == 1;
    public bool IsMeta => Type == 14;

    public override string ToString() => IsCpu ? "cpu" : IsMeta ? "meta" : IsCuda ? $"cuda:{Index}" : $"device {Type}";
}
