using System.Collections.Concurrent;
using Tutti.Torch;

namespace Tutti.Nn;

/// <summary>How attention is computed on a device that is not the CPU.</summary>
enum AttentionPath
{
    /// <summary>Products, softmax and dropout one after the other, as every libtorch and device can.</summary>
    Operators,

    /// <summary>One operator on the padded rectangle; libtorch chooses the kernel.</summary>
    ScaledDotProduct,

    /// <summary>The flash kernel on the flat run of tokens (Dao et al. 2022): no rectangle, no scores in memory. 16-bit numbers only.</summary>
    VariableLength,
}

/// <summary>Self-attention by the operators that newer libtorch has for GPUs. What exists is looked up, and tried once on the device, before it is used.</summary>
static class DeviceAttention
{
    // Flash kernels want head sizes that are a multiple of 8; above 128 not every GPU has their backward.
    const int HeadMultiple = 8, LargestHead = 128;

    static readonly (string Name, AttentionPath Path)[] names =
    [
        ("aten::_flash_attention_forward", AttentionPath.VariableLength),
        ("aten::scaled_dot_product_attention", AttentionPath.ScaledDotProduct),
    ];

    static readonly Op[] ops = [.. names.Select(item => new Op(item.Name))];
    static readonly ConcurrentDictionary<(Device, string, DType, int), bool> tried = new();

    /// <summary>The best of the operators that exist for such numbers; null for none.</summary>
    /// <param name="has">Whether libtorch has an operator and the device runs it.</param>
    internal static (string Name, AttentionPath Path)? Choose(DType dtype, int headSize, Func<string, bool> has)
    {
        var flash = dtype is DType.BFloat16 or DType.Float16 && headSize % HeadMultiple == 0 && headSize <= LargestHead;
        foreach (var item in names)
            if ((flash || item.Path != AttentionPath.VariableLength) && has(item.Name)) return item;
        return null;
    }

    /// <summary>The context (T,C), or null where it is to be computed by the ordinary operators.</summary>
    public static Tensor? Forward(Tensor query, Tensor key, Tensor value, Ragged batch, int heads, Dropout dropout, Params p)
    {
        if (p.Run.Attention == AttentionPath.Operators || (p.Device.IsCpu && p.Run.Attention is null)) return null;
        var (device, dtype, headSize) = (p.Device, query.DType, (int)(query.Size(-1) / heads));
        bool Has(string name) => (p.Run.Attention is not { } forced || forced == Array.Find(names, item => item.Name == name).Path)
            && tried.GetOrAdd((device, name, dtype, headSize), _ => Runs(name, device, dtype, headSize));
        if (Choose(dtype, headSize, Has) is not { } chosen) return null;
        var share = dropout.Draw();
        return chosen.Path == AttentionPath.VariableLength ? Flat(query, key, value, batch, heads, share) : Padded(Found(chosen.Name), query, key, value, batch, heads, share);
    }

    static Op Found(string name) => ops[Array.FindIndex(names, item => item.Name == name)];

    // A libtorch may have an operator without a kernel for this GPU, or one that was left out when it was built: only trying tells.
    static bool Runs(string name, Device device, DType dtype, int headSize)
    {
        if (!Found(name).Exists) return false;
        using var scope = new Scope();
        using var none = Modes.NoGrad();
        var x = Tensor.Zeros([2, headSize], dtype, device);
        var batch = new Ragged([2], [0], device, dtype);
        try
        {
            _ = name == names[0].Name ? Flat(x, x, x, batch, 1, 0) : Padded(Found(name), x, x, x, batch, 1, 0);
            return true;
        }
        catch (TorchException e) when (e is not TorchMemoryException)
        {
            return false;
        }
    }

    static Tensor Flat(Tensor query, Tensor key, Tensor value, Ragged batch, int heads, double share)
    {
        var (n, H, D) = (batch.Count, heads, query.Size(-1) / heads);
        var first = query.Size(0) == n;                       // one query of each sequence
        Tensor Heads(Tensor x) => x.View(-1, H, D);
        var context = ops[0].Call(Heads(query), Heads(key), Heads(value), first ? batch.Each : batch.Ends, batch.Ends, first ? 1 : batch.MaxLength, batch.MaxLength, share, false, false);
        return context.Reshape(-1, H * D);
    }

    static Tensor Padded(Op op, Tensor query, Tensor key, Tensor value, Ragged batch, int heads, double share)
    {
        var (n, C) = (batch.Count, query.Size(-1));
        Tensor Heads(Tensor x) => (x.Size(0) == n ? x : batch.Pad(x)).View(n, -1, heads, C / heads).Transpose(1, 2);
        var mask = batch.Even ? null : batch.KeyMask.To(query.DType);
        var context = op.Call(Heads(query), Heads(key), Heads(value), mask, share).Transpose(1, 2);           // (n,Q,H,D)
        return query.Size(0) == n ? context.Reshape(n, C) : batch.Unpad(context.Reshape(n, batch.MaxLength, C));
    }
}
