namespace Tutti.Torch.Pickles;

/// <summary>The storages that a pickle names, each once.</summary>
sealed class PickleStorages
{
    readonly Dictionary<string, Storage> all = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, Storage> All => all;

    /// <summary>The storage of a persistent id: ('storage', type, key, location, elements[, part of it]).</summary>
    /// <exception cref="PickleGlobal.ArgumentsException">It is something else, or contradicts an earlier one.</exception>
    public StorageView Find(object? id)
    {
        if (id is not PickleTuple { Items: ["storage", PickleGlobal { Element: { } type, Make: null }, string key, string, var elements, ..] items } || items.Length > 6)
            throw new PickleGlobal.ArgumentsException("expected the id of a storage: 'storage', a type, a key, a place and a number of elements");
        var count = PickleGlobal.Whole(elements);
        if (count < 0 || count > long.MaxValue / 16) throw new PickleGlobal.ArgumentsException($"storage '{key}' claims {count} elements");
        if (!all.TryGetValue(key, out var storage)) all[key] = storage = new(key, type, count);
        else if (storage.Type != type || storage.Count != count)
            throw new PickleGlobal.ArgumentsException($"storage '{key}' is {storage.Count} {storage.Type.Name} elements at first, {count} {type.Name} elements now");
        return items.Length < 6 || items[5] is null ? new(storage, 0) : Part(storage, items[5]);
    }

    static StorageView Part(Storage storage, object? part)
    {
        if (part is not PickleTuple { Items: [_, var offset, var count] }) throw new PickleGlobal.ArgumentsException("expected the part of a storage as a key, an offset and a size");
        var (begin, size) = (PickleGlobal.Whole(offset), PickleGlobal.Whole(count));
        if (begin < 0 || size < 0 || begin > storage.Count - size) throw new PickleGlobal.ArgumentsException($"a part of storage '{storage.Key}' from {begin} with {size} elements is not within its {storage.Count}");
        return new(storage, begin);
    }
}
