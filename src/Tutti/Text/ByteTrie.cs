using System.Text;

namespace Tutti.Text;

/// <summary>
/// A set of byte strings with numbers, in one array (double array): the child of node n by byte b lies at Base(n) + b and names n as its parent. A step costs
/// one look into memory.
/// </summary>
sealed class ByteTrie
{
    struct Node
    {
        public int Base, Parent, Value;
    }

    const int Free = -1;

    Node[] nodes = [];
    int firstFree = 1;

    /// <summary>The longest entry in bytes.</summary>
    public int Longest { get; }

    public ByteTrie(IEnumerable<(string Text, int Value)> entries)
    {
        var sorted = entries.Select(entry => (Key: Encoding.UTF8.GetBytes(entry.Text), entry.Value)).ToArray();
        Array.Sort(sorted, (a, b) => a.Key.AsSpan().SequenceCompareTo(b.Key));
        Longest = sorted.Length == 0 ? 0 : sorted.Max(entry => entry.Key.Length);
        Grow(1024);
        nodes[0] = new Node { Parent = 0, Value = -1 };
        var work = new Stack<(int Node, int From, int To, int Depth)>();
        if (sorted.Length > 0) work.Push((0, 0, sorted.Length, 0));
        var children = new List<(byte Label, int From, int To)>();
        while (work.TryPop(out var item))
        {
            var (node, from, to, depth) = item;
            if (sorted[from].Key.Length == depth) nodes[node].Value = sorted[from++].Value;
            children.Clear();
            while (from < to)
            {
                var label = sorted[from].Key[depth];
                var end = from + 1;
                while (end < to && sorted[end].Key[depth] == label) end++;
                children.Add((label, from, end));
                from = end;
            }
            if (children.Count == 0) continue;
            var place = Place(children);
            nodes[node].Base = place;
            foreach (var (label, _, _) in children) nodes[place + label] = new Node { Parent = node, Value = -1 };
            foreach (var (label, start, end) in children) work.Push((place + label, start, end, depth + 1));
        }
    }

    /// <summary>The child of a node by a byte, or -1; the root is 0.</summary>
    public int Step(int node, byte label)
    {
        var at = nodes[node].Base + label;
        return (uint)at < (uint)nodes.Length && at != 0 && nodes[at].Parent == node ? at : -1;
    }

    /// <summary>The number of the entry that ends in a node, or -1.</summary>
    public int ValueAt(int node) => nodes[node].Value;

    /// <summary>The number of an entry, or -1.</summary>
    public int Find(ReadOnlySpan<byte> text)
    {
        var node = 0;
        foreach (var b in text)
            if ((node = Step(node, b)) < 0) return -1;
        return nodes[node].Value;
    }

    /// <summary>The length of the longest entry at the start of a text, or 0.</summary>
    public int LongestAt(ReadOnlySpan<byte> text)
    {
        var (node, found) = (0, 0);
        for (var i = 0; i < text.Length; i++)
        {
            if ((node = Step(node, text[i])) < 0) break;
            if (nodes[node].Value >= 0) found = i + 1;
        }
        return found;
    }

    int Place(List<(byte Label, int From, int To)> children)
    {
        var least = children[0].Label;
        while (nodes[firstFree].Parent != Free)
            if (++firstFree == nodes.Length) Grow(nodes.Length * 2);
        // Where the array is nearly full the search begins further on, or it would take quadratic time; the holes stay.
        var (tried, start) = (0, firstFree);
        for (var at = start; ; at++)
        {
            if (at + 256 >= nodes.Length) Grow(nodes.Length * 2);
            if (nodes[at].Parent != Free || at < least) continue;
            var place = at - least;
            var fits = true;
            foreach (var (label, _, _) in children)
                if (nodes[place + label].Parent != Free)
                {
                    fits = false;
                    break;
                }
            if (fits)
            {
                if (tried > 256) firstFree = Math.Max(firstFree, Math.Max(1, at - 256));
                return place;
            }
            tried++;
        }
    }

    void Grow(int size)
    {
        var old = nodes.Length;
        Array.Resize(ref nodes, size);
        for (var i = old; i < size; i++) nodes[i] = new Node { Parent = Free, Value = -1 };
    }
}
