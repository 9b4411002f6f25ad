using System.Text;

namespace Tutti.Text;

/// <summary>A growing run of bytes that is used again, so that encoding allocates nothing.</summary>
sealed class ByteBuffer
{
    byte[] bytes = new byte[1024];

    public int Length { get; private set; }
    public ReadOnlySpan<byte> Bytes => bytes.AsSpan(0, Length);

    public void Clear() => Length = 0;

    public void Add(byte value)
    {
        if (Length == bytes.Length) Array.Resize(ref bytes, bytes.Length * 2);
        bytes[Length++] = value;
    }

    public void Add(ReadOnlySpan<byte> more)
    {
        Reserve(more.Length);
        more.CopyTo(bytes.AsSpan(Length));
        Length += more.Length;
    }

    /// <summary>Appends a text in UTF-8, half a surrogate pair as U+FFFD.</summary>
    public void Add(ReadOnlySpan<char> text)
    {
        Reserve(checked(text.Length * 3));
        Length += Encoding.UTF8.GetBytes(text, bytes.AsSpan(Length));
    }

    public void Shorten(int length) => Length = length;

    public void Insert(int at, ReadOnlySpan<byte> more)
    {
        Reserve(more.Length);
        bytes.AsSpan(at, Length - at).CopyTo(bytes.AsSpan(at + more.Length));
        more.CopyTo(bytes.AsSpan(at));
        Length += more.Length;
    }

    void Reserve(int more)
    {
        if (Length + more > bytes.Length) Array.Resize(ref bytes, Math.Max(bytes.Length * 2, Length + more));
    }
}
