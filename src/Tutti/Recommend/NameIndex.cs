namespace Tutti.Recommend;

/// <summary>The names of users or of items, and the number of each: from 0, in the order in which they were first met.</summary>
public sealed class NameIndex
{
    readonly List<string> names = [];
    readonly Dictionary<string, int> numbers = new(StringComparer.Ordinal);

    /// <param name="names">Each once, in the order of their numbers.</param>
    /// <exception cref="ArgumentException">A name is there twice.</exception>
    public NameIndex(params IEnumerable<string> names)
    {
        foreach (var name in names)
            if (Add(name) < this.names.Count - 1) throw new ArgumentException($"'{name}' is there twice", nameof(names));
    }

    public int Count => names.Count;

    /// <summary>By number.</summary>
    public IReadOnlyList<string> Names => names;

    public string this[int number] => names[number];

    /// <summary>The number of a name, <see cref="RatingModel.Unknown"/> where there is none.</summary>
    public int Of(string name) => numbers.GetValueOrDefault(name, RatingModel.Unknown);

    /// <summary>The number of a name, which gets the next one where it is new.</summary>
    internal int Add(string name)
    {
        if (numbers.TryGetValue(name, out var number)) return number;
        numbers.Add(name, names.Count);
        names.Add(name);
        return names.Count - 1;
    }
}
