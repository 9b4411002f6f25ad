using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Tutti.Text;

/// <summary>The file of encoded texts that <see cref="TokenCache"/> keeps: docs/file-formats.md. Little endian; the last 32 bytes are the SHA-256 of all before.</summary>
static class TokenFile
{
    /// <summary>Part of every key too: another format never meets an old file.</summary>
    public const int Version = 1;

    const int KeyBytes = 32, HashBytes = SHA256.HashSizeInBytes;

    static ReadOnlySpan<byte> Magic => "TUTTITOK"u8;
    static int HeadBytes => Magic.Length + sizeof(int) + KeyBytes;

    public static void Write(Stream to, ReadOnlySpan<byte> key, TokenIds[] rows)
    {
        using var hash = SHA256.Create();
        using (var hashed = new CryptoStream(to, hash, CryptoStreamMode.Write, leaveOpen: true))
        using (var writer = new BinaryWriter(new BufferedStream(hashed, 1 << 16)))
        {
            writer.Write(Magic);
            writer.Write(Version);
            writer.Write(key);
            writer.Write(rows.Length);
            var narrow = rows.All(row => row.Ids.AsSpan().IndexOfAnyExceptInRange(0, ushort.MaxValue) < 0);
            writer.Write(narrow ? (byte)sizeof(ushort) : (byte)sizeof(int));
            foreach (var row in rows) Write(writer, row, narrow);
        }
        to.Write(hash.Hash);
    }

    /// <summary>The rows of a file with this key, every byte of which is as it was written; else null.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static TokenIds[]? Read(string path, ReadOnlySpan<byte> key)
    {
        var bytes = File.ReadAllBytes(path);
        var content = bytes.AsSpan(0, Math.Max(0, bytes.Length - HashBytes));
        if (content.Length < HeadBytes || !content.StartsWith(Magic) || !content[(HeadBytes - KeyBytes)..HeadBytes].SequenceEqual(key)
            || BitConverter.ToInt32(content[Magic.Length..]) != Version || !SHA256.HashData(content).AsSpan().SequenceEqual(bytes.AsSpan(content.Length))) return null;
        using var reader = new BinaryReader(new MemoryStream(bytes, HeadBytes, content.Length - HeadBytes));
        var rows = new TokenIds[reader.ReadInt32()];
        var narrow = reader.ReadByte() == sizeof(ushort);
        for (var i = 0; i < rows.Length; i++) rows[i] = Read(reader, narrow);
        return rows;
    }

    static void Write(BinaryWriter writer, TokenIds row, bool narrow)
    {
        writer.Write7BitEncodedInt(row.Ids.Length);
        writer.Write7BitEncodedInt(row.FullLength - row.Ids.Length);
        writer.Write(row.TypeIds is not null);
        if (narrow)
            foreach (var id in row.Ids) writer.Write((ushort)id);
        else writer.Write(MemoryMarshal.AsBytes(row.Ids.AsSpan()));
        if (row.TypeIds is { } types) writer.Write(types);
    }

    static TokenIds Read(BinaryReader reader, bool narrow)
    {
        var ids = new int[reader.Read7BitEncodedInt()];
        var full = ids.Length + reader.Read7BitEncodedInt();
        var typed = reader.ReadBoolean();
        if (narrow)
            for (var i = 0; i < ids.Length; i++) ids[i] = reader.ReadUInt16();
        else reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(ids.AsSpan()));
        return new(ids, typed ? reader.ReadBytes(ids.Length) : null, full);
    }
}
