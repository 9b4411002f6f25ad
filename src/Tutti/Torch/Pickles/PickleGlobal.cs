using System.Numerics;
using System.Text;

namespace Tutti.Torch.Pickles;

/// <summary>
/// What a pickle may name: the constructors of plain containers, of tensors and of their types. Each is a case of our own below; nothing
/// is looked up anywhere, so a name that is not here can only be refused.
/// </summary>
/// <param name="Name">With its module.</param>
/// <param name="Make">Makes the value from the arguments; null for a name that is only a value itself (a type).</param>
/// <param name="Element">Of a storage's or dtype's name.</param>
sealed record PickleGlobal(string Name, Func<object?[], object?>? Make, ElementType? Element = null)
{
    /// <summary>Arguments that a constructor cannot be called with.</summary>
    public sealed class ArgumentsException(string text) : Exception(text);

    static readonly string[] storageModules = ["torch", "torch.cuda", "torch.storage"];

    static readonly PickleGlobal[] makers =
    [
        new("collections.OrderedDict", Dictionary),
        new("torch._utils._rebuild_tensor", args => Tensor(args, 4)),
        new("torch._utils._rebuild_tensor_v2", args => Tensor(args, 6)),
        new("torch._utils._rebuild_tensor_v3", TypedTensor),
        new("torch._utils._rebuild_parameter", args => args is [StoredTensor tensor, _, _] ? tensor : throw new ArgumentsException("expected a tensor, a flag and hooks")),
        new("torch.Size", args => args is [PickleTuple sizes] ? sizes : throw new ArgumentsException("expected a tuple")),
        new("builtins.set", Set),
        new("builtins.frozenset", Set),
        new("builtins.bytes", args => args is [] ? Array.Empty<byte>() : throw new ArgumentsException("expected nothing")),
        new("_codecs.encode", Latin1),
    ];

    static readonly Dictionary<string, PickleGlobal> known = makers
        .Concat(ElementType.Storages.SelectMany(storage => storageModules.Select(module => new PickleGlobal($"{module}.{storage.Name}", null, storage.Type))))
        .Concat(ElementType.Names.Select(element => new PickleGlobal("torch." + element.Name, null, element.Type)))
        .ToDictionary(one => one.Name, StringComparer.Ordinal);

    /// <summary>The value of a name, or null where it must be refused.</summary>
    public static PickleGlobal? Find(string module, string name) =>
        known.GetValueOrDefault($"{(module == "__builtin__" ? "builtins" : module)}.{name}");   // the second is Python 3's name of the first

    // An OrderedDict is made empty and filled afterwards; Python 2 gives its pairs at once.
    static PickleDictionary Dictionary(object?[] args)
    {
        var made = new PickleDictionary();
        if (args is []) return made;
        foreach (var pair in args is [PickleList pairs] ? pairs.Items : throw new ArgumentsException("expected nothing or a list of pairs"))
            made.Items.Add(pair switch
            {
                PickleTuple { Items: [var key, var value] } => new(key, value),
                PickleList { Items: [var key, var value] } => new(key, value),
                _ => throw new ArgumentsException("expected a list of pairs"),
            });
        return made;
    }

    static PickleSet Set(object?[] args)
    {
        var made = new PickleSet();
        if (args is []) return made;
        made.Items.AddRange(args is [PickleList list] ? list.Items : throw new ArgumentsException("expected a list"));
        return made;
    }

    // How Python 3 writes bytes into pickles that Python 2 can read.
    static byte[] Latin1(object?[] args)
    {
        if (args is not [string text, string encoding] || encoding is not ("latin1" or "latin-1")) throw new ArgumentsException("expected a text and 'latin1'");
        if (text.AsSpan().ContainsAnyExceptInRange('\0', '\xff')) throw new ArgumentsException("the text has characters that latin1 lacks");
        return Encoding.Latin1.GetBytes(text);
    }

    // Storage, offset, sizes, strides; then whether it needs a gradient, hooks and metadata, which say nothing of its values.
    static StoredTensor Tensor(object?[] args, int count)
    {
        if (args.Length < count || args.Length > count + 1 || args is not [StorageView view, var offset, PickleTuple sizes, PickleTuple strides, ..])
            throw new ArgumentsException("expected a storage, an offset, sizes and strides");
        if (view.Storage.Type == ElementType.Untyped) throw new ArgumentsException("the storage has no element type");
        return Checked(view, view.Storage.Type, offset, sizes, strides);
    }

    static StoredTensor TypedTensor(object?[] args)
    {
        if (args is not [StorageView view, var offset, PickleTuple sizes, PickleTuple strides, _, _, PickleGlobal { Element: { } element, Make: null }, ..] || args.Length > 8 || element == ElementType.Untyped)
            throw new ArgumentsException("expected a storage, an offset, sizes, strides, a flag, hooks and an element type");
        return Checked(view, element, offset, sizes, strides);
    }

    static StoredTensor Checked(StorageView view, ElementType type, object? offset, PickleTuple sizes, PickleTuple strides)
    {
        // Before the numbers are copied: the same long tuple could be named by many tensors.
        if (Math.Max(sizes.Items.Length, strides.Items.Length) > StoredTensor.MaxAxes) throw new ArgumentsException($"a tensor has {sizes.Items.Length} sizes and {strides.Items.Length} strides; at most {StoredTensor.MaxAxes} are accepted");
        var start = Whole(offset);
        if (start > long.MaxValue - view.Offset) throw new ArgumentsException($"a tensor begins at element {start}");
        start += view.Offset;
        var tensor = new StoredTensor(view.Storage, type, start, Array.ConvertAll(sizes.Items, Whole), Array.ConvertAll(strides.Items, Whole));
        return tensor.Fault() is { } fault ? throw new ArgumentsException(fault) : tensor;
    }

    /// <summary>A whole number among arguments.</summary>
    public static long Whole(object? value) => value switch
    {
        long number => number,
        BigInteger => throw new ArgumentsException("a number is too large"),
        _ => throw new ArgumentsException("expected a whole number"),
    };
}

/// <summary>A storage as a tensor names it: the whole, or, in files before torch 0.4, a part that begins at an offset.</summary>
sealed record StorageView(Storage Storage, long Offset);
