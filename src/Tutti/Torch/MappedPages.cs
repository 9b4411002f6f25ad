namespace Tutti.Torch;

/// <summary>
/// Room for tensors in a file: values that are used once per update leave memory in between. The system reads and writes pages as they
/// are touched, so the arithmetic and its results are those of ordinary memory. The file has no name, so nothing is left behind by any end.
/// </summary>
public sealed unsafe class MappedPages : IDisposable
{
    const long Alignment = 64;

    readonly long bytes;
    void* pages;
    long used;

    /// <param name="folder">A folder on a disk with that much room; created when missing.</param>
    /// <param name="tensors">Bytes of each tensor that will be asked for.</param>
    /// <exception cref="TorchException">The file cannot be made: no permission, or the disk is full.</exception>
    public MappedPages(string folder, IEnumerable<long> tensors)
    {
        bytes = Math.Max(Alignment, tensors.Sum(size => (size + Alignment - 1) / Alignment * Alignment));
        Directory.CreateDirectory(folder);
        void* at;
        var path = Path.Combine(folder, $".pages-{Path.GetRandomFileName()}");
        Native.Check("pages", Native.tutti_pages_open(path, bytes, &at), path);
        pages = at;
    }

    /// <summary>The next tensor, all zeros. It must not be used after the pages are disposed.</summary>
    public Tensor Take(long[] shape, DType dtype)
    {
        var size = shape.Aggregate((long)dtype.Size(), (product, axis) => product * axis);
        if (used + size > bytes) throw new ArgumentException($"the pages have {bytes} bytes, {used} are taken, {size} more were asked for");
        nint tensor;
        fixed (long* sizes = shape) Native.Check("tensor_at", Native.tutti_tensor_at((byte*)pages + used, (int)dtype, sizes, shape.Length, &tensor), shape);
        used += (size + Alignment - 1) / Alignment * Alignment;
        return new(tensor);
    }

    /// <summary>Lets the pages leave this process's memory until they are touched again.</summary>
    public void Rest() => Native.tutti_pages_rest(pages, bytes);

    public void Dispose()
    {
        if (pages != null) Native.tutti_pages_close(pages, bytes);
        pages = null;
    }
}
