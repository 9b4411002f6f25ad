using System.Buffers.Binary;

namespace Tutti.Bench.Fuzz;

/// <summary>A folder of sound files, one of which each trial changes.</summary>
/// <param name="Files">By name.</param>
/// <param name="Targets">Which of them are changed.</param>
/// <param name="Change">Makes a changed copy of a file of some name.</param>
sealed record FuzzSeed(IReadOnlyDictionary<string, byte[]> Files, IReadOnlyList<string> Targets, Func<byte[], byte[], Dice, byte[]> Change)
{
    public FuzzSeed(string target, byte[] file, Func<byte[], byte[], Dice, byte[]> change) : this(new Dictionary<string, byte[]> { [target] = file }, [target], change) { }

    /// <summary>The JSON is changed mostly, else bytes.</summary>
    public static byte[] Json(byte[] file, byte[] other, Dice dice) => (dice.OneIn(5) ? null : JsonMutator.Change(file, dice)) ?? Mutator.Change(file, other, dice);

    /// <summary>What the header says is changed, and the length before it mostly made true again; else bytes.</summary>
    public static byte[] SafeTensors(byte[] file, byte[] other, Dice dice)
    {
        var length = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        if (dice.OneIn(3) || JsonMutator.Change(file[8..(8 + length)], dice) is not { } header) return Mutator.Change(file, other, dice);
        var changed = new byte[8 + header.Length + file.Length - 8 - length];
        BinaryPrimitives.WriteInt64LittleEndian(changed, header.Length + (dice.OneIn(10) ? dice.Below(9) - 4 : 0));
        header.CopyTo(changed, 8);
        file.AsSpan(8 + length).CopyTo(changed.AsSpan(8 + header.Length));
        return changed;
    }

    /// <summary>Operations are changed as well as bytes.</summary>
    public static byte[] Pickle(byte[] file, byte[] other, Dice dice) => Mutator.Change(file, other, dice, pickle: true);

    /// <summary>The pickle within the archive, or what the headers say, or bytes of the archive.</summary>
    public static byte[] Zip(IReadOnlyList<ZipItem> items, Dice dice)
    {
        var changed = items.ToArray();
        if (dice.OneIn(3)) return Mutator.Change(ZipWriter.Write(changed, dice.OneIn(3)), changed[0].Data, dice, pickle: true);
        if (!dice.OneIn(4)) changed[0] = changed[0] with { Data = Mutator.Change(changed[0].Data, changed[1].Data.Length > 0 ? changed[1].Data : changed[0].Data, dice, pickle: true) };
        var at = dice.Below(changed.Length);
        changed[at] = dice.Below(8) switch
        {
            0 => changed[at] with { Data = changed[at].Data[..(changed[at].Data.Length / 2)] },
            1 => changed[at] with { Name = dice.Of(items).Name },
            2 => changed[at] with { LocalName = dice.Of(items).Name },
            3 => changed[at] with { ClaimedBytes = dice.Of<uint>([0, 1, uint.MaxValue - 1, uint.MaxValue, 1u << 30, 64]) },
            4 => changed[at] with { LocalBytes = dice.Of<uint>([0, 1, uint.MaxValue, 64]), Flags = 8 * dice.Below(2) },
            5 => changed[at] with { Method = 8 * dice.Below(2), LocalMethod = 8 * dice.Below(2) },
            _ => changed[at],
        };
        return ZipWriter.Write(changed, dice.OneIn(3), dice.OneIn(8) ? dice.Of([0, 1, items.Count + 1, 60000]) : null);
    }
}
