using Google.Protobuf;

namespace Tutti.Text;

/// <summary>What a piece of a SentencePiece model is for (sentencepiece_model.proto, ModelProto.SentencePiece.Type).</summary>
enum PieceType { Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6 }

/// <summary>How a SentencePiece model cuts (TrainerSpec.ModelType).</summary>
enum PieceModel { Unigram = 1, Bpe = 2, Word = 3, Char = 4 }

/// <summary>One piece; its number in the file is its id.</summary>
readonly record struct Piece(string Text, float Score, PieceType Type);

/// <summary>
/// A SentencePiece model file (<c>spiece.model</c>, <c>sentencepiece.bpe.model</c>, <c>spm.model</c>, <c>tokenizer.model</c>): the fields of its protobuf
/// that matter for cutting texts, with the defaults of sentencepiece_model.proto. Everything is checked here, so that those who use it need not.
/// </summary>
sealed class SentencePieceFile
{
    const int LongestPiece = 1 << 16;

    public required string File { get; init; }
    /// <summary>The bytes as read, to be written again.</summary>
    public required byte[] Bytes { get; init; }
    public IReadOnlyList<Piece> Pieces { get; private set; } = [];
    public PieceModel Model { get; private set; } = PieceModel.Unigram;
    public bool ByteFallback { get; private set; }
    /// <summary>White space ends a word instead of beginning it.</summary>
    public bool SpaceAsSuffix { get; private set; }
    public string UnknownSurface { get; private set; } = " \u2047 ";
    public int UnknownId { get; private set; } = -1;
    public bool DummyPrefix { get; private set; } = true;
    public bool RemoveExtraSpaces { get; private set; } = true;
    public bool EscapeSpaces { get; private set; } = true;
    /// <summary>The normalisation rules as a table; empty for none.</summary>
    public byte[] Charsmap { get; private set; } = [];

    public static SentencePieceFile Read(string file)
    {
        if (!System.IO.File.Exists(file)) throw new DataException(file, "the file does not exist");
        return Read(file, System.IO.File.ReadAllBytes(file));
    }

    /// <exception cref="DataException">Not a SentencePiece model, or one that contradicts itself.</exception>
    public static SentencePieceFile Read(string file, byte[] bytes)
    {
        var result = new SentencePieceFile { File = file, Bytes = bytes };
        try
        {
            result.ReadModel(new CodedInputStream(bytes), bytes.Length);
        }
        catch (Exception error) when (error is InvalidProtocolBufferException or InvalidDataException or IOException)
        {
            throw new DataException(file, $"not a SentencePiece model: {error.Message}", inner: error);
        }
        result.Check();
        return result;
    }

    void ReadModel(CodedInputStream input, int end)
    {
        var pieces = new List<Piece>();
        while (Next(input, end, out var field))
            switch (field)
            {
                case 1: pieces.Add(ReadPiece(input, Inside(input, end))); break;
                case 2: ReadTrainer(input, Inside(input, end)); break;
                case 3: ReadNormalizer(input, Inside(input, end)); break;
                default: input.SkipLastField(); break;
            }
        Pieces = pieces;
    }

    static Piece ReadPiece(CodedInputStream input, int end)
    {
        var (text, score, type) = ("", 0f, PieceType.Normal);
        while (Next(input, end, out var field))
            switch (field)
            {
                case 1: text = input.ReadString(); break;
                case 2: score = input.ReadFloat(); break;
                case 3: type = (PieceType)input.ReadEnum(); break;
                default: input.SkipLastField(); break;
            }
        return new(text, score, type);
    }

    void ReadTrainer(CodedInputStream input, int end)
    {
        while (Next(input, end, out var field))
            switch (field)
            {
                case 3: Model = (PieceModel)input.ReadEnum(); break;
                case 24: SpaceAsSuffix = input.ReadBool(); break;
                case 35: ByteFallback = input.ReadBool(); break;
                case 44: UnknownSurface = input.ReadString(); break;
                default: input.SkipLastField(); break;
            }
    }

    void ReadNormalizer(CodedInputStream input, int end)
    {
        while (Next(input, end, out var field))
            switch (field)
            {
                case 2: Charsmap = input.ReadBytes().ToByteArray(); break;
                case 3: DummyPrefix = input.ReadBool(); break;
                case 4: RemoveExtraSpaces = input.ReadBool(); break;
                case 5: EscapeSpaces = input.ReadBool(); break;
                default: input.SkipLastField(); break;
            }
    }

    /// <summary>The number of the next field before <paramref name="end"/>.</summary>
    static bool Next(CodedInputStream input, int end, out int field)
    {
        field = 0;
        if (input.Position == end) return false;
        if (input.Position > end) throw new InvalidDataException($"a message runs over its end at byte {end}");
        field = (int)(input.ReadTag() >> 3);
        return true;
    }

    /// <summary>Where the message that begins here ends.</summary>
    static int Inside(CodedInputStream input, int outer)
    {
        var length = input.ReadLength();
        return length >= 0 && length <= outer - input.Position ? (int)input.Position + length
            : throw new InvalidDataException($"a message of {length} bytes begins at byte {input.Position} of {outer}");
    }

    void Check()
    {
        if (Pieces.Count == 0) throw new DataException(File, "the model has no pieces; not a SentencePiece model, or cut short");
        if (Model is < PieceModel.Unigram or > PieceModel.Char) throw new DataException(File, $"trainer_spec.model_type is {(int)Model}, expected 1 to 4 (unigram, bpe, word, char)");
        var seen = new Dictionary<string, int>(Pieces.Count);
        var bytes = 0;
        for (var id = 0; id < Pieces.Count; id++)
        {
            var piece = Pieces[id];
            if (piece.Text.Length is 0 or > LongestPiece) throw new DataException(File, $"piece {id} has {piece.Text.Length} characters, expected 1 to {LongestPiece}");
            if (!seen.TryAdd(piece.Text, id)) throw new DataException(File, $"piece '{piece.Text}' has id {seen[piece.Text]} and id {id}");
            if (!float.IsFinite(piece.Score)) throw new DataException(File, $"the score of piece {id} ('{piece.Text}') is {piece.Score}, expected a number");
            if (piece.Type is < PieceType.Normal or > PieceType.Byte) throw new DataException(File, $"piece {id} ('{piece.Text}') is of type {(int)piece.Type}, expected 1 to 6");
            if (piece.Type == PieceType.Byte) bytes++;
            if (piece.Type != PieceType.Unknown) continue;
            if (UnknownId >= 0) throw new DataException(File, $"the pieces {UnknownId} and {id} are both of type unknown, expected one");
            UnknownId = id;
        }
        if (UnknownId < 0) throw new DataException(File, "no piece is of type unknown, expected one");
        if (bytes > 0 && !ByteFallback) throw new DataException(File, $"{bytes} byte pieces, but trainer_spec.byte_fallback is false");
        if (ByteFallback && Enumerable.Range(0, 256).FirstOrDefault(b => !seen.TryGetValue(ByteName(b), out var id) || Pieces[id].Type != PieceType.Byte, -1) is >= 0 and var missing)
            throw new DataException(File, $"trainer_spec.byte_fallback is true, but the byte piece {ByteName(missing)} is missing");
    }

    /// <summary>How the piece of a byte is written: &lt;0x0A&gt;.</summary>
    public static string ByteName(int value) => $"<0x{value:X2}>";
}
