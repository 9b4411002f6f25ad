namespace Tutti.Torch.Pickles;

/// <summary>A dictionary of a pickle, in its order. Keys are not hashed: a hostile file chooses them.</summary>
sealed class PickleDictionary
{
    public List<KeyValuePair<object?, object?>> Items { get; } = [];

    /// <summary>What was set beside the items, such as the _metadata of a state dict; null where nothing was.</summary>
    public object? State { get; set; }
}

/// <summary>A tuple; torch.Size is one too.</summary>
sealed class PickleTuple(object?[] items)
{
    public object?[] Items { get; } = items;
}

/// <summary>A list.</summary>
sealed class PickleList
{
    public List<object?> Items { get; } = [];
}

/// <summary>A set or frozenset, in the order of the file.</summary>
sealed class PickleSet
{
    public List<object?> Items { get; } = [];
}
