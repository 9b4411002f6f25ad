using System.Globalization;

namespace Tutti.Torch.Pickles;

/// <summary>The tensors of a pickle's value, by name.</summary>
static class PickleTensors
{
    const int MaxDepth = 32, MaxName = 1000;

    /// <summary>Tensors by their keys joined with dots; a container that is reached twice, also through itself, counts where it is reached first.</summary>
    /// <param name="root">What the pickle holds.</param>
    /// <param name="path">The file, for errors.</param>
    /// <param name="room">Characters of all names together: a short pickle may give one tensor many long names.</param>
    /// <exception cref="DataException">Two tensors of one name, or keys that make no name.</exception>
    public static Dictionary<string, StoredTensor> Of(object? root, string path, long room)
    {
        var found = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance);
        Visit(root, "", 0);
        return found;

        void Visit(object? value, string name, int depth)
        {
            if (value is StoredTensor tensor)
            {
                if (!found.TryAdd(name, tensor)) throw new DataException(path, $"the tensor '{Short(name)}' is stored twice");
                return;
            }
            // Sets hold no tensors, and a tensor below more containers than this is no weight.
            if (!IsContainer(value) || depth > MaxDepth || !seen.Add(value!)) return;
            foreach (var (key, index, item) in Items(value!))
            {
                if (item is not StoredTensor && !IsContainer(item)) continue;
                var text = key switch { string s => s, null when value is not PickleDictionary => index.ToString(CultureInfo.InvariantCulture), long n => n.ToString(CultureInfo.InvariantCulture), _ => null };
                if (text is null && item is not StoredTensor) continue;
                if (text is null || name.Length + text.Length > MaxName) throw new DataException(path, $"a tensor in '{Short(name)}' has a key that makes no name of at most {MaxName} characters");
                if ((room -= name.Length + text.Length + 1) < 0) throw new DataException(path, "the tensors' names are longer together than a file of this size has need of");
                Visit(item, name.Length == 0 ? text : $"{name}.{text}", depth + 1);
            }
        }
    }

    static string Short(string name) => name.Length > 80 ? name[..80] + "..." : name;

    static bool IsContainer(object? value) => value is PickleDictionary or PickleList or PickleTuple;

    static IEnumerable<(object? Key, int Index, object? Item)> Items(object value) => value switch
    {
        PickleDictionary dictionary => dictionary.Items.Select((item, i) => (item.Key, i, item.Value)),
        PickleList list => list.Items.Select((item, i) => ((object?)null, i, item)),
        _ => ((PickleTuple)value).Items.Select((item, i) => ((object?)null, i, item)),
    };
}
