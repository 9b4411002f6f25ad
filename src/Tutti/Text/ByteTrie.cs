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

    /// <summary>The longest entry in bytes.</summary>
    public int Longest { get; }

    public ByteTrie(IEnumerable<(string Text, int Value)> entries)
    {
        var sorted = entries.Select(entry => (Key: Encoding.UTF8.GetBytes(entry.Text), entry.Value)).ToArray();
        Array.Sort(sorted, (a, b) => a.Key.AsSpan().SequenceCompareTo(b.Key));
        Longest = sorted.Length == 0 ? 0 : sorted.Max(entry => entry.Key.Length);
        var free = new FreePlaces(this);
        nodes[0] = new Node { Parent = 0, Value = -1 };
        var work = new Stack<(int Node, int From, int To, int Depth)>();
        if (sorted.Length > 0) work.Push((0, 0, sorted.Length, 0));
        var children = new List<(byte Label, int From, int To)>();
        while (work.TryPop(out var item))
        {
            var (node, from, to, depth) = item;
            while (from < to && sorted[from].Key.Length == depth) nodes[node].Value = sorted[from++].Value;
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
            var place = free.Place(children);
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

    /// <summary>Free places as a ring through place 0, which is the root's; needed while the trie is built only.</summary>
    sealed class FreePlaces
    {
        /// <summary>After so many places that do not fit, nodes with several children are placed further on: few holes stay, for nodes with one child.</summary>
        const int Patience = 64;

        readonly ByteTrie trie;
        int[] next = [0], before = [0];
        int wide;

        public FreePlaces(ByteTrie trie)
        {
            this.trie = trie;
            Grow(1024);
            Take(0);
        }

        /// <summary>A base at which all children fit; their places are taken.</summary>
        public int Place(List<(byte Label, int From, int To)> children)
        {
            var least = children[0].Label;
            var at = children.Count == 1 || wide == 0 ? next[0] : wide;
            for (var tried = 0; ; at = next[at])
            {
                if (at == 0 || at + 256 >= trie.nodes.Length)
                {
                    var end = before[0];
                    Grow(trie.nodes.Length * 2);
                    if (at == 0) at = end == 0 ? next[0] : next[end];
                }
                if (at < least || !Fits(at - least, children))
                {
                    tried++;
                    continue;
                }
                if (children.Count > 1 && tried > Patience) wide = at;
                foreach (var (label, _, _) in children) Take(at - least + label);
                return at - least;
            }
        }

        bool Fits(int place, List<(byte Label, int From, int To)> children)
        {
            foreach (var (label, _, _) in children)
                if (trie.nodes[place + label].Parent != Free) return false;
            return true;
        }

        void Take(int at)
        {
            trie.nodes[at].Parent = 0;
            if (at == 0) return;
            (next[before[at]], before[next[at]]) = (next[at], before[at]);
            if (wide == at) wide = next[at];
        }

        void Grow(int size)
        {
            var old = Math.Max(1, trie.nodes.Length);
            Array.Resize(ref trie.nodes, size);
            Array.Resize(ref next, size);
            Array.Resize(ref before, size);
            for (var i = old; i < size; i++)
            {
                trie.nodes[i] = new Node { Parent = Free, Value = -1 };
                (next[before[0]], before[i], next[i]) = (i, before[0], 0);
                before[0] = i;
            }
        }
    }
}
