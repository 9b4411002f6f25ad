using Google.Protobuf;
using Tutti.Text;

namespace Tutti.Tests.Text;

/// <summary>SentencePiece model files put together by hand, field by field of sentencepiece_model.proto.</summary>
static class SentencePieceMade
{
    /// <summary>Pieces of one letter with a blank's sign, so that every text of those letters can be cut.</summary>
    public static (string Text, float Score, PieceType Type)[] Letters(params string[] first) =>
    [
        .. first.Select(text => (text, 0f, text.Contains("unk", StringComparison.OrdinalIgnoreCase) ? PieceType.Unknown : PieceType.Control)),
        ("\u2581", -3, PieceType.Normal), ("a", -2, PieceType.Normal), ("b", -2.5f, PieceType.Normal), ("\u2581ab", -1, PieceType.Normal),
    ];

    public static byte[] File(IEnumerable<(string Text, float Score, PieceType Type)> pieces, PieceModel model = PieceModel.Unigram, bool byteFallback = false, Action<CodedOutputStream>? normalizer = null)
    {
        return Message(file =>
        {
            foreach (var (text, score, type) in pieces)
                Field(file, 1, Message(piece =>
                {
                    piece.WriteTag(1, WireFormat.WireType.LengthDelimited);
                    piece.WriteString(text);
                    piece.WriteTag(2, WireFormat.WireType.Fixed32);
                    piece.WriteFloat(score);
                    piece.WriteTag(3, WireFormat.WireType.Varint);
                    piece.WriteEnum((int)type);
                }));
            Field(file, 2, Message(trainer =>
            {
                trainer.WriteTag(3, WireFormat.WireType.Varint);
                trainer.WriteEnum((int)model);
                Flag(trainer, 35, byteFallback);
            }));
            if (normalizer is not null) Field(file, 3, Message(normalizer));
        });
    }

    public static void Flag(CodedOutputStream to, int field, bool value)
    {
        to.WriteTag(field, WireFormat.WireType.Varint);
        to.WriteBool(value);
    }

    public static void Field(CodedOutputStream to, int field, byte[] bytes)
    {
        to.WriteTag(field, WireFormat.WireType.LengthDelimited);
        to.WriteBytes(ByteString.CopyFrom(bytes));
    }

    static byte[] Message(Action<CodedOutputStream> write)
    {
        using var memory = new MemoryStream();
        using (var output = new CodedOutputStream(memory, leaveOpen: true)) write(output);
        return memory.ToArray();
    }
}
