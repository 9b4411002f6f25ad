using Tutti.Models;
using Tutti.Models.Onnx;
using Tutti.Text;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>A folder with a model as an ONNX file and what its users need beside it.</summary>
/// <param name="Inputs">The names of what the file takes.</param>
/// <param name="Classes">Of the logits.</param>
/// <param name="PadId">What stands behind the tokens of a text that is shorter than others.</param>
/// <param name="Deviation">The largest difference between the file's logits and the model's, of those above 1 as a share.</param>
sealed record OnnxFolder(IReadOnlyList<string> Inputs, int Classes, int PadId, double Deviation)
{
    const string File = "model.onnx";

    /// <summary>The largest deviation of a sound file: float32 through many layers, added up in another order.</summary>
    public const double MostDeviation = 1e-3;

    static readonly string[] texts = ["Forest fire near La Ronge Sask. Canada", "Das ist ein kurzer Satz.", "!", "Two sentences. The second of them, with a comma, is longer than the first one was, so that others are padded."];

    /// <summary>Writes a model, and computes a few texts with it and with what was written.</summary>
    /// <param name="length">Tokens of a text that were read in training.</param>
    /// <param name="folder">To be made.</param>
    /// <exception cref="DataException">The model cannot be written so.</exception>
    public static OnnxFolder Write(TextModel model, Tokenizer tokenizer, int length, string folder)
    {
        var graph = OnnxClassifier.Of(model);
        OnnxWriter.Write(graph, folder, File);
        ModelFolder.SaveConfig(model, folder);
        tokenizer.Save(folder);
        var (batch, pad) = (Some(tokenizer, length), tokenizer.PadId ?? 0);
        using var scope = new Scope();
        using var none = Modes.NoGrad();
        var expected = model.Forward(batch).ToArray<float>();
        return new([.. graph.Inputs.Select(input => input.Name)], expected.Length / batch.Count, pad, OnnxCheck.Deviation(OnnxReader.Read(Path.Combine(folder, File)), batch, expected, pad));
    }

    /// <summary>For a reader of the folder.</summary>
    public string Describe() => FormattableString.Invariant($"`{File}` takes {string.Join(", ", Inputs.Select(input => $"`{input}`"))} (int64, batch x sequence; shorter texts end with id {PadId}, where `attention_mask` is 0) ")
        + FormattableString.Invariant($"and gives `logits` (float, batch x {Classes}) in the order of `id2label` in config.json. When it was written its logits, computed operator by operator, differed from Tutti's by at most {Deviation:0.0e0}.");

    /// <summary>Texts in words, two as a pair, and one of ids that are drawn, as long as the model reads but no longer than a test needs.</summary>
    static TokenBatch Some(Tokenizer tokenizer, int length)
    {
        const int Longest = 192;
        var most = Math.Min(length, Longest);
        var stream = RandomStream.Of(0, "onnx");
        var drawn = Enumerable.Range(0, most).Select(i => stream.Below(i, tokenizer.VocabularySize)).Where(id => id != tokenizer.PadId).DefaultIfEmpty(tokenizer.UnknownId ?? 0);
        TokenIds[] rows = [.. tokenizer.EncodeAll(texts, most), tokenizer.Encode(texts[0], texts[1], most), new([.. drawn], null, 0)];
        return TextData.Batch([.. rows.Select((row, i) => new Example(row.Ids, row.TypeIds, -1, i))]);
    }
}
