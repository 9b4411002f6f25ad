using System.CommandLine;
using Tutti.Recipes;

namespace Tutti.App.Commands;

static class ExportCommand
{
    const string HuggingFace = "hf", Onnx = "onnx";

    static readonly Option<string> run = new("--run") { Description = "The folder of a finished run.", HelpName = "DIR", Required = true };
    static readonly Option<string> to = new("--to") { Description = "The form: hf, a folder that Hugging Face's transformers reads; onnx, a model.onnx with the names of Hugging Face's exports, checked against our own logits.", HelpName = "FORM", Required = true };
    static readonly Option<string> output = new("--out") { Description = "The folder to make. One that holds something is left alone.", HelpName = "DIR", Required = true };
    static readonly Option<string?> cell = new("--cell") { Description = "The name of a cell's folder; left out: the cell with the lowest loss on the rows that it held out.", HelpName = "NAME" };

    public static Command Make()
    {
        var command = new Command("export", "Write a model of a run as a folder that others read, with its tokenizer and a model card.") { run, to, output, cell };
        command.SetAction(parsed => Session.Guard(parsed, () => Export(parsed.GetRequiredValue(run), parsed.GetRequiredValue(to), parsed.GetRequiredValue(output), parsed.GetValue(cell))));
        return command;
    }

    static int Export(string folder, string form, string target, string? name)
    {
        var made = form switch
        {
            HuggingFace => ModelExport.ToHuggingFace(folder, target, name),
            Onnx => ModelExport.ToOnnx(folder, target, name),
            _ => throw new ConfigException("--to", $"got '{form}', expected {HuggingFace} or {Onnx}"),
        };
        Show.Line(FormattableString.Invariant($"{made.Cell}{(made.Chosen && made.Of > 1 ? $", the lowest held-out loss of {made.Of} cells" : "")}: {made.Weights} weights, {target}"));
        if (made.Deviation is { } deviation) Show.Line(FormattableString.Invariant($"computed again from the file, texts alone and padded: logits differ by at most {deviation:0.0e0}"));
        return 0;
    }
}
