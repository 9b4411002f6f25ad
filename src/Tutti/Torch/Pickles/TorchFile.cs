using System.Numerics;
using System.Text;

namespace Tutti.Torch.Pickles;

/// <summary>
/// A file that torch.save wrote, such as pytorch_model.bin: a zip archive since torch 1.6, a stream of pickles before. Its pickle is read
/// by a reader of our own that knows tensors and plain containers only (<see cref="Unpickler"/>); storages are read one tensor at a time.
/// </summary>
public sealed unsafe class TorchFile : TensorFile
{
    // Objects of a sound pickle take some five times its bytes; the floor is for files of a few hundred bytes.
    const long Floor = 64 << 10, Ceiling = 1L << 29;
    const int ObjectsPerByte = 6;

    /// <summary>All tensors, made dense, may take so many times the file: several may share a storage, or repeat it by a stride of 0.</summary>
    const int DensePerByte = 4;

    readonly MappedFile file;
    readonly Dictionary<string, StoredTensor> tensors;

    /// <exception cref="DataException">The file is missing, damaged, or holds anything but tensors and plain containers.</exception>
    public TorchFile(string path)
    {
        file = new(path, 2, "file of weights");
        try
        {
            var storages = new PickleStorages();
            Root = file.Span(0, 2) is [(byte)'P', (byte)'K'] ? Zip(storages) : Stream(storages);
            tensors = PickleTensors.Of(Root, path, Floor / 2 + file.Length);
            var dense = tensors.Values.Aggregate((UInt128)0, (sum, tensor) => sum + (ulong)tensor.Bytes);
            if (dense > (ulong)Math.Max(Floor, DensePerByte * file.Length)) throw Bad($"the tensors have {dense} bytes in a file of {file.Length}: they repeat its bytes more often than is sensible");
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>What was saved, with descriptions in place of tensors.</summary>
    internal object? Root { get; }

    /// <summary>Tensors of nested containers have their keys joined by dots.</summary>
    public override IReadOnlyCollection<string> Names => tensors.Keys;

    public override bool Has(string name) => tensors.ContainsKey(name);

    public override long[] Shape(string name) => Find(name).Shape;

    public override Tensor Read(string name)
    {
        var stored = Find(name);
        var tensor = Tensor.Empty(stored.Shape, TypeOf(name, stored));
        stored.Copy(file.Data + stored.Storage.Begin, (byte*)tensor.Data);
        GC.KeepAlive(this);
        return tensor;
    }

    public override Tensor Describe(string name) => Tensor.Empty(Find(name).Shape, TypeOf(name, Find(name)), Device.Meta);

    public override void Dispose() => file.Dispose();

    StoredTensor Find(string name) => tensors.TryGetValue(name, out var tensor) ? tensor : throw Bad($"there is no tensor '{name}'");

    DType TypeOf(string name, StoredTensor tensor) => tensor.Type.DType ?? throw Bad($"tensor '{name}' has element type {tensor.Type.Name}, which this engine does not have; save it as float32, float16 or bfloat16");

    object? Unpickle(PickleBytes bytes, PickleStorages storages) => new Unpickler(bytes, storages, Math.Min(Ceiling, Floor + (ObjectsPerByte * file.Length))).Read();

    object? Zip(PickleStorages storages)
    {
        var entries = new ZipEntries(file);
        var pickle = entries.All.Where(entry => entry.Name.EndsWith("/data.pkl", StringComparison.Ordinal) && entry.Name.AsSpan().Count('/') == 1).ToArray() is [var one] ? one
            : throw Bad("the zip archive holds no NAME/data.pkl; expected a file of weights that torch.save wrote");
        var folder = pickle.Name[..^"data.pkl".Length];
        if (entries.All.Any(entry => entry.Name == folder + "constants.pkl" || entry.Name.StartsWith(folder + "code/", StringComparison.Ordinal)))
            throw Bad("the file is a TorchScript program, not weights; save the model's state_dict");
        if (entries.Find(folder + "byteorder") is { } order && !file.Span(order.Begin, (int)Math.Min(order.Bytes, 16)).SequenceEqual("little"u8)) throw Bad("the numbers are not little-endian");
        var bytes = new PickleBytes(file.Data + pickle.Begin, pickle.Bytes, file.Path, pickle.Name);
        var root = Unpickle(bytes, storages);
        if (bytes.Left > 0) throw bytes.Bad($"{bytes.Left} bytes follow the pickle", bytes.Position);
        foreach (var storage in storages.All.Values)
        {
            var entry = entries.Find($"{folder}data/{storage.Key}") ?? throw Bad($"storage '{storage.Key}' is not in the archive");
            if (entry.Bytes != storage.Bytes) throw Bad($"storage '{storage.Key}' of {storage.Count} {storage.Type.Name} elements needs {storage.Bytes} bytes, its entry has {entry.Bytes}");
            storage.Begin = entry.Begin;
        }
        return root;
    }

    // Pickles of a number that says what this is, a version, the machine, the value, the storages' keys; then the storages.
    object? Stream(PickleStorages storages)
    {
        var bytes = new PickleBytes(file.Data, file.Length, file.Path, "");
        if (file.Span(0, 1)[0] is not (0x80 or (byte)'L' or (byte)'c' or (byte)'(' or (byte)'}')) throw Bad($"the file is neither a zip archive nor a stream of pickles, so torch.save did not write it{Hint()}");
        var none = new PickleStorages();
        if (Unpickle(bytes, none) is not BigInteger magic || magic != BigInteger.Parse("119547037146038801333356", System.Globalization.CultureInfo.InvariantCulture))
            throw Bad("the file is a pickle, but not one of torch.save; expected the number that such files begin with");
        if (Unpickle(bytes, none) is not 1001L) throw Bad("the file has another version than torch.save's 1001");
        if (Unpickle(bytes, none) is not PickleDictionary machine || machine.Items.Any(item => item is { Key: "little_endian", Value: not true })) throw Bad("the numbers are not little-endian");
        var root = Unpickle(bytes, storages);
        var keys = Unpickle(bytes, none) as PickleList ?? throw Bad("the list of storages is missing");
        foreach (var key in keys.Items)
        {
            if (key is not string name || !storages.All.TryGetValue(name, out var storage) || storage.Begin >= 0) throw Bad($"the list of storages has '{(key is string { Length: <= 80 } text ? text : "something")}', which no tensor uses or which is there twice");
            var count = bytes.Number(8);
            if (count != (ulong)storage.Count) throw Bad($"storage '{name}' has {count} elements, its tensors need {storage.Count}");
            if (storage.Bytes > bytes.Left) throw Bad($"storage '{name}' needs {storage.Bytes} bytes, {bytes.Left} are left; the file is cut short");
            storage.Begin = bytes.Position;
            bytes.Position += storage.Bytes;
        }
        if (storages.All.Values.FirstOrDefault(storage => storage.Begin < 0) is { } lost) throw Bad($"storage '{lost.Key}' is not in the file");
        return bytes.Left == 0 ? root : throw Bad($"{bytes.Left} bytes follow the last storage");
    }

    string Hint()
    {
        var start = Encoding.Latin1.GetString(file.Span(0, (int)Math.Min(file.Length, 64)));
        return start.StartsWith("version https://git-lfs", StringComparison.Ordinal) ? ". It is a pointer of Git LFS: the weights themselves were not downloaded (git lfs pull)"
            : start.TrimStart().StartsWith('<') ? ". It looks like a web page that was saved in its place" : "";
    }

    DataException Bad(string text) => new(file.Path, text);
}
