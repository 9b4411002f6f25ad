namespace Tutti.Torch.Pickles;

/// <summary>A pickle that holds a list of strings, such as the vocabulary beside fastai's published weights (itos_wt103.pkl). Read by <see cref="Unpickler"/>, which can call nothing.</summary>
public static class PickledWords
{
    const long Floor = 64 << 10, Ceiling = 1L << 29;
    const int ObjectsPerByte = 64;

    /// <exception cref="DataException">The file is missing, damaged, or holds anything but a list of strings.</exception>
    public static unsafe IReadOnlyList<string> Read(string path)
    {
        using var file = new MappedFile(path, 2, "pickle");
        var bytes = new PickleBytes(file.Data, file.Length, path, "");
        var root = new Unpickler(bytes, new(), Math.Min(Ceiling, Floor + (ObjectsPerByte * file.Length))).Read();
        if (bytes.Left > 0) throw bytes.Bad($"{bytes.Left} bytes follow the pickle", bytes.Position);
        var items = root switch
        {
            PickleList list => list.Items,
            PickleTuple tuple => [.. tuple.Items],
            _ => throw new DataException(path, "the pickle holds no list; expected a list of words"),
        };
        var words = new string[items.Count];
        for (var i = 0; i < words.Length; i++)
            words[i] = items[i] as string ?? throw new DataException(path, $"value {i + 1} of the list is no string; expected a list of words");
        return words;
    }

    /// <summary>Whether a file begins as pickles of protocol 2 and later do.</summary>
    public static bool IsPickle(string path)
    {
        using var file = File.OpenRead(path);
        return file.ReadByte() == 0x80;
    }
}
