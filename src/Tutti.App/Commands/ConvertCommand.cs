using System.CommandLine;
using Tutti.Models;
using Tutti.Text;

namespace Tutti.App.Commands;

static class ConvertCommand
{
    static readonly Option<string> weights = new("--weights") { Description = "The .pth of an AWD-LSTM language model (a state_dict), or safetensors with fastai's names.", HelpName = "FILE", Required = true };
    static readonly Option<string> words = new("--words") { Description = "The words of its rows: fastai's itos pickle, a JSON list, or one word a line.", HelpName = "FILE", Required = true };
    static readonly Option<string> output = new("--out") { Description = "The model folder to write; it must be empty or not there.", HelpName = "DIR", Required = true };
    static readonly Option<string> language = new("--language") { Description = "By whose habits texts are cut into words: en, de, or none (by blanks).", HelpName = "NAME", DefaultValueFactory = _ => "en" };
    static readonly Option<bool> backward = new("--backward") { Description = "The model reads texts from their end." };

    public static Command Make()
    {
        var command = new Command("convert", "Make a model folder of weights and words that fastai published or saved.") { weights, words, output, language, backward };
        command.SetAction(parsed => Session.Guard(parsed, () =>
        {
            var named = parsed.GetValue(language)!;
            if (!Enum.TryParse<WordLanguage>(named, ignoreCase: true, out var habits)) throw new ConfigException("--language", $"got '{named}', expected en, de or none");
            var report = FastaiModel.Convert(parsed.GetRequiredValue(weights), parsed.GetRequiredValue(words), parsed.GetRequiredValue(output), habits, parsed.GetValue(backward));
            foreach (var line in report.Lines()) Show.Warning(line);
            Show.Line($"model: {parsed.GetRequiredValue(output)}");
            return 0;
        }));
        return command;
    }
}
