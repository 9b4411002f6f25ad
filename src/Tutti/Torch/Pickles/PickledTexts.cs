namespace Tutti.Torch.Pickles;

/// <summary>A pickled list of texts, such as the itos.pkl beside fastai's weights.</summary>
static unsafe class PickledTexts
{
    // A word of three letters takes ten bytes of pickle and some 160 of objects.
    const long Floor = 64 << 10, Ceiling = 1L << 29, ObjectsPerByte = 32;

    /// <exception cref="DataException">The file is damaged, or holds anything but a list of texts.</exception>
    public static IReadOnlyList<string> Read(string path)
    {
        using var file = new MappedFile(path, 2, "pickled list of words");
        var bytes = new PickleBytes(file.Data, file.Length, path, "");
        var root = new Unpickler(bytes, new PickleStorages(), Math.Min(Ceiling, Floor + (ObjectsPerByte * file.Length))).Read();
        if (bytes.Left > 0) throw bytes.Bad($"{bytes.Left} bytes follow the pickle", bytes.Position);
        if (root is not PickleList list) throw new DataException(path, "the pickle holds no list; expected a plain list of words, as fastai's itos.pkl");
        var words = new string[list.Items.Count];
        for (var i = 0; i < words.Length; i++)
            words[i] = list.Items[i] as string ?? throw new DataException(path, $"item {i} of the list is no text; expected a plain list of words");
        return words;
    }
}
