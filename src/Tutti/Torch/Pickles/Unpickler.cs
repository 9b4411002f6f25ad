namespace Tutti.Torch.Pickles;

/// <summary>
/// Reads a pickle that holds tensors and plain containers. It is a stack machine whose only values are ours (numbers, texts, containers,
/// descriptions of tensors): it can call nothing, and every name or operation beyond those is refused with its place. Its memory is
/// bounded by <paramref name="budget"/>, so that a small file cannot make much of itself.
/// </summary>
/// <param name="bytes">The pickle; afterwards its position is behind it.</param>
/// <param name="storages">Takes up the storages that are named.</param>
/// <param name="budget">Bytes of objects that may be made.</param>
sealed class Unpickler(PickleBytes bytes, PickleStorages storages, long budget)
{
    const int OfObject = 48, OfSlot = 32;

    readonly List<object?> stack = [];
    readonly List<int> marks = [];
    readonly Dictionary<uint, object?> memo = [];
    int deepest;
    long at;

    /// <summary>The pickle's value: null, bool, long, BigInteger, double, string, byte[], a container or a <see cref="StoredTensor"/>.</summary>
    /// <exception cref="DataException">Anything that is not such a value, or damage.</exception>
    public object? Read()
    {
        while (true)
        {
            at = bytes.Position;
            var code = (char)bytes.Byte();
            if (code == '.')
            {
                var value = Pop();
                return stack.Count == 0 && marks.Count == 0 ? value : throw Bad($"the pickle ends with {stack.Count + marks.Count} values left over");
            }
            try
            {
                if (!(Frame(code) || Scalar(code) || Text(code) || Container(code) || Memo(code) || Call(code))) throw Bad(PickleOpcodes.Refused(code, bytes));
            }
            catch (PickleGlobal.ArgumentsException e)
            {
                throw Bad(e.Message);
            }
        }
    }

    bool Frame(char code)
    {
        switch (code)
        {
            case '\x80':                                                    // PROTO
                if (bytes.Byte() is var protocol && protocol > 5) throw Bad($"the pickle says it has protocol {protocol}; 0 to 5 are known");
                return true;
            case '\x95':                                                    // FRAME
                if (bytes.Number(8) is var length && length > (ulong)bytes.Left) throw Bad($"a frame claims {length} bytes, {bytes.Left} are left");
                return true;
            case '(': marks.Add(stack.Count); Charge(OfSlot / 2); return true;  // MARK
            case '0':                                                       // POP, which takes a mark where that is uppermost
                if (marks.Count > 0 && marks[^1] == stack.Count) marks.RemoveAt(marks.Count - 1); else Pop();
                return true;
            case '1': PopMark(); return true;                               // POP_MARK
            case '2': Push(Top()); return true;                             // DUP
            default: return false;
        }
    }

    bool Scalar(char code)
    {
        switch (code)
        {
            case 'N': Push(null); return true;
            case '\x88': Push(true); return true;
            case '\x89': Push(false); return true;
            case 'K': Push((long)bytes.Number(1)); return true;
            case 'M': Push((long)bytes.Number(2)); return true;
            case 'J': Push((long)(int)bytes.Number(4)); return true;
            case '\x8a': Push(PickleNumbers.Long(bytes.Counted(1), bytes, at)); return true;
            case '\x8b': Push(PickleNumbers.Long(bytes.Counted(4), bytes, at)); return true;
            case 'I': Push(PickleNumbers.Integer(bytes.Line(), bytes, at)); return true;
            case 'L': Push(PickleNumbers.Integer(bytes.Line(), bytes, at)); return true;
            case 'F': Push(PickleNumbers.Float(bytes.Line(), bytes, at)); return true;
            case 'G': Push(System.Buffers.Binary.BinaryPrimitives.ReadDoubleBigEndian(bytes.Take(8))); return true;
            default: return false;
        }
    }

    bool Text(char code)
    {
        switch (code)
        {
            case 'X': Text(bytes.Counted(4)); return true;
            case '\x8c': Text(bytes.Counted(1)); return true;
            case '\x8d': Text(bytes.Counted(8)); return true;
            case 'T': Text(bytes.Counted(4)); return true;                  // Python 2's texts; torch reads them as UTF-8 too
            case 'U': Text(bytes.Counted(1)); return true;
            case 'B': Binary(bytes.Counted(4)); return true;
            case 'C': Binary(bytes.Counted(1)); return true;
            case '\x8e': Binary(bytes.Counted(8)); return true;
            default: return false;
        }

        void Text(ReadOnlySpan<byte> utf8)
        {
            Charge(2L * utf8.Length);
            Push(bytes.Text(utf8, at));
        }
        void Binary(ReadOnlySpan<byte> value)
        {
            Charge(value.Length);
            Push(value.ToArray());
        }
    }

    bool Container(char code)
    {
        switch (code)
        {
            case ']': Push(new PickleList()); return true;
            case 'l': Push(Filled(new PickleList(), PopMark())); return true;
            case 'a': Filled(Under<PickleList>("APPEND", 1), [Pop()]); return true;
            case 'e': { var items = PopMark(); Filled(Top() as PickleList ?? throw Wrong("APPENDS", "a list"), items); return true; }
            case ')': Push(new PickleTuple([])); return true;
            case 't': Push(new PickleTuple(PopMark())); return true;
            case '\x85': Push(new PickleTuple(PopLast(1))); return true;
            case '\x86': Push(new PickleTuple(PopLast(2))); return true;
            case '\x87': Push(new PickleTuple(PopLast(3))); return true;
            case '}': Push(new PickleDictionary()); return true;
            case 'd': Push(Filled(new PickleDictionary(), PopMark())); return true;
            case 's': { var dictionary = Under<PickleDictionary>("SETITEM", 2); Filled(dictionary, PopLast(2)); return true; }
            case 'u': { var items = PopMark(); Filled(Top() as PickleDictionary ?? throw Wrong("SETITEMS", "a dictionary"), items); return true; }
            case '\x8f': Push(new PickleSet()); return true;
            case '\x90': { var items = PopMark(); Filled(Top() as PickleSet ?? throw Wrong("ADDITEMS", "a set"), items); return true; }
            case '\x91': Push(Filled(new PickleSet(), PopMark())); return true;
            default: return false;
        }
    }

    bool Memo(char code)
    {
        switch (code)
        {
            case 'q': Put((uint)bytes.Number(1)); return true;
            case 'r': Put((uint)bytes.Number(4)); return true;
            case 'p': Put(PickleNumbers.Index(bytes.Line(), bytes, at)); return true;
            case '\x94': Put((uint)memo.Count); return true;
            case 'h': Get((uint)bytes.Number(1)); return true;
            case 'j': Get((uint)bytes.Number(4)); return true;
            case 'g': Get(PickleNumbers.Index(bytes.Line(), bytes, at)); return true;
            default: return false;
        }

        void Put(uint place)
        {
            Charge(2 * OfSlot);
            memo[place] = Top();
        }
        void Get(uint place) => Push(memo.TryGetValue(place, out var value) ? value : throw Bad($"the pickle refers to value {place}, which it has not kept"));
    }

    bool Call(char code)
    {
        switch (code)
        {
            case 'c':
                {
                    var module = bytes.Text(bytes.Line(), at);
                    Push(Named(module, bytes.Text(bytes.Line(), at)));
                    return true;
                }
            case '\x93':
                {
                    var names = PopLast(2);
                    Push(names is [string module, string name] ? Named(module, name) : throw Bad("STACK_GLOBAL needs two texts"));
                    return true;
                }
            case 'Q':
                Charge(2 * OfObject);
                Push(storages.Find(Pop()));
                return true;
            case 'R': Reduce(); return true;
            case 'b': Build(); return true;
            default: return false;
        }
    }

    PickleGlobal Named(string module, string name)
    {
        Charge((2 * OfObject) + (4L * (module.Length + name.Length)));
        return PickleGlobal.Find(module, name) ?? throw Bad(PickleOpcodes.RefusedName(module, name));
    }

    void Reduce()
    {
        var arguments = Pop() as PickleTuple ?? throw Wrong("REDUCE", "a tuple of arguments");
        var global = Pop() as PickleGlobal ?? throw Wrong("REDUCE", "a constructor");
        if (global.Make is null) throw Bad($"{global.Name} is called; as a type it can only be named");
        // What a constructor copies: a long list may be named by many calls.
        Charge((2 * OfObject) + arguments.Items.Sum(item => item switch { PickleList list => OfSlot * (long)list.Items.Count, string text => text.Length, _ => 8 * OfSlot }));
        try
        {
            Push(global.Make(arguments.Items));
        }
        catch (PickleGlobal.ArgumentsException e)
        {
            throw Bad($"{global.Name}: {e.Message}");
        }
    }

    void Build()
    {
        var state = Pop();
        if (Top() is not PickleDictionary dictionary || state is not PickleDictionary) throw Bad("a state is set on something that is not an OrderedDict; a checkpoint of weights holds tensors and plain containers only");
        dictionary.State = state;
    }

    // ---- the stack

    void Push(object? value)
    {
        stack.Add(value);
        Charge(value is PickleList or PickleDictionary or PickleSet ? 2 * OfObject : OfObject / 2);
        if (stack.Count <= deepest) return;
        deepest = stack.Count;
        Charge(OfSlot);
    }

    int Floor => marks.Count > 0 ? marks[^1] : 0;

    object? Top() => stack.Count > Floor ? stack[^1] : throw Empty();

    object? Pop()
    {
        var top = Top();
        stack.RemoveAt(stack.Count - 1);
        return top;
    }

    object?[] PopLast(int count)
    {
        if (stack.Count - Floor < count) throw Empty();
        return Cut(stack.Count - count);
    }

    object?[] PopMark()
    {
        if (marks.Count == 0) throw Bad("the pickle refers to a mark that it has not set");
        var begin = Floor;
        marks.RemoveAt(marks.Count - 1);
        return Cut(begin);
    }

    object?[] Cut(int begin)
    {
        var items = stack.GetRange(begin, stack.Count - begin).ToArray();
        Charge((2 * OfObject) + (OfSlot * (long)items.Length));
        stack.RemoveRange(begin, items.Length);
        return items;
    }

    // The container below the uppermost values.
    T Under<T>(string code, int count) where T : class =>
        stack.Count - Floor > count && stack[stack.Count - 1 - count] is T container ? container : throw Wrong(code, "a container below its values");

    PickleList Filled(PickleList list, object?[] items)
    {
        Charge(OfSlot * (long)items.Length);
        list.Items.AddRange(items);
        return list;
    }

    PickleSet Filled(PickleSet set, object?[] items)
    {
        Charge(OfSlot * (long)items.Length);
        set.Items.AddRange(items);
        return set;
    }

    PickleDictionary Filled(PickleDictionary dictionary, object?[] items)
    {
        if (items.Length % 2 != 0) throw Bad("a dictionary is given a key without a value");
        Charge(OfSlot * (long)items.Length);
        for (var i = 0; i < items.Length; i += 2) dictionary.Items.Add(new(items[i], items[i + 1]));
        return dictionary;
    }

    void Charge(long made)
    {
        budget -= made;
        if (budget < 0) throw Bad("the pickle makes more objects than a file of this size has need of");
    }

    DataException Empty() => Bad("the pickle takes a value where none is left");
    DataException Wrong(string code, string expected) => Bad($"{code} needs {expected}");
    DataException Bad(string text) => bytes.Bad(text, at);
}
