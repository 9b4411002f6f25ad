namespace Tutti.Torch.Pickles;

/// <summary>Operations and names that a pickle of weights has no need of, in words.</summary>
static class PickleOpcodes
{
    const int Shown = 80;

    static readonly Dictionary<char, string> refused = new()
    {
        ['i'] = "INST",
        ['o'] = "OBJ",
        ['\x81'] = "NEWOBJ",
        ['\x92'] = "NEWOBJ_EX",
        ['\x82'] = "EXT1",
        ['\x83'] = "EXT2",
        ['\x84'] = "EXT4",
        ['P'] = "PERSID",
        ['S'] = "STRING",
        ['V'] = "UNICODE",
        ['\x96'] = "BYTEARRAY8",
        ['\x97'] = "NEXT_BUFFER",
        ['\x98'] = "READONLY_BUFFER",
    };

    /// <summary>What to say of an operation that is not carried out.</summary>
    public static string Refused(char code, PickleBytes bytes)
    {
        if (!refused.TryGetValue(code, out var name)) return FormattableString.Invariant($"0x{(int)code:x2} is not an operation of pickles; the file is damaged or no pickle");
        // INST names what it would call.
        if (code == 'i' && bytes.Text(bytes.Line(), bytes.Position) is var module) return RefusedName(module, bytes.Text(bytes.Line(), bytes.Position));
        return $"the pickle operation {name} is refused: a checkpoint of weights holds tensors and plain containers only";
    }

    /// <summary>What to say of a name that is not looked up.</summary>
    public static string RefusedName(string module, string name) =>
        $"the pickle names {Cut(module)}.{Cut(name)}, which is refused: a checkpoint of weights holds tensors and plain containers only, and nothing in a file is executed. Convert it to safetensors where you trust it";

    static string Cut(string name) => name.Length <= Shown ? name : name[..Shown] + "...";
}
