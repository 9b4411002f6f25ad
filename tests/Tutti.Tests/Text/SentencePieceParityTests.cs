using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Text;

namespace Tutti.Tests.Text;

/// <summary>Ids, pieces and decoded texts equal to recorded ones of SentencePieceProcessor, for every model of the raw fixtures.</summary>
public class SentencePieceParityTests(ITestOutputHelper output)
{
    internal static string Folder => Path.Combine(Shared.Fixtures, "02_tokenizers", "sentencepiece_raw");

    public static TheoryData<string> Models() =>
        Directory.Exists(Folder) ? [.. Directory.GetFiles(Folder, "*.meta.json").Select(file => Path.GetFileName(file)[..^".meta.json".Length]).Order()] : ["absent"];

    [Theory, MemberData(nameof(Models))]
    public void Ids_pieces_and_decoded_texts_equal_the_recorded_ones(string name)
    {
        Assert.SkipWhen(name == "absent", $"there is no folder {Folder}");
        var meta = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, name + ".meta.json")))!;
        var file = TokenizerParityTests.Find(Folder, (string)meta["model"]!);
        Assert.SkipWhen(file is null, $"the file {meta["model"]} is absent");
        var model = new SentencePiece(SentencePieceFile.Read(file!));
        Assert.Equal((int)meta["pieces"]!, model.File.Pieces.Count);
        Assert.Equal((int)meta["unk_id"]!, model.File.UnknownId);
        foreach (var (piece, id) in meta["first_pieces"]!.AsArray().Select((piece, id) => ((string)piece!, id))) Assert.Equal(id, model.IdOf(piece));
        var (lines, wrong) = (0, 0);
        foreach (var line in File.ReadLines(Path.Combine(Folder, name + ".jsonl")))
        {
            lines++;
            var row = JsonNode.Parse(line)!;
            var ids = new List<int>();
            model.Encode((string)row["text"]!, ids);
            var expected = row["ids"]!.AsArray().Select(id => (int)id!).ToArray();
            var decoded = model.Decode(ids);
            if (expected.SequenceEqual(ids) && decoded == (string)row["decoded"]!) continue;
            if (++wrong <= 8) output.WriteLine($"  ids {string.Join(' ', ids)}, decoded {JsonSerializer.Serialize(decoded)}\n  in {line[..Math.Min(line.Length, 600)]}");
        }
        output.WriteLine($"{name}: {lines} lines compared, {wrong} wrong (tolerance: none)");
        Assert.True(lines > 0);
        Assert.Equal(0, wrong);
    }
}
