using System.CommandLine;
using System.Text.Json.Nodes;
using Tutti.Recipes;
using Tutti.Training;

namespace Tutti.App.Commands;

static class GenerateCommand
{
    static readonly Option<string> run = new("--run") { Description = "The folder of a finished run of task language-model or ulmfit.", HelpName = "DIR", Required = true };
    static readonly Option<string> prompt = new("--prompt") { Description = "How the texts begin; default: as any text of the corpus.", HelpName = "TEXT", DefaultValueFactory = _ => "" };
    static readonly Option<string?> model = new("--model") { Description = "One of the run's models, such as \"awd seed 1\"; default: the one with the lowest perplexity.", HelpName = "NAME" };
    static readonly Option<int> tokens = new("--tokens") { Description = "Tokens of a text, at most.", HelpName = "n", DefaultValueFactory = _ => 60 };
    static readonly Option<int> count = new("--count") { Description = "Texts.", HelpName = "n", DefaultValueFactory = _ => 3 };
    static readonly Option<double> temperature = new("--temperature") { Description = "Below 1 likely tokens become likelier; 0 takes the most probable one.", HelpName = "t", DefaultValueFactory = _ => 0.8 };
    static readonly Option<int> topK = new("--top-k") { Description = "Draw from so many of the most probable tokens; 0: from all.", HelpName = "k" };
    static readonly Option<double> topP = new("--top-p") { Description = "Draw from the most probable tokens that together have this probability.", HelpName = "p", DefaultValueFactory = _ => 1 };
    static readonly Option<int> seed = new("--seed") { Description = "Of the first text; the next ones have the next seeds.", HelpName = "n", DefaultValueFactory = _ => 1 };
    static readonly Option<bool> json = new("--json") { Description = "Print JSON: a list of texts." };

    public static Command Make()
    {
        var command = new Command("generate", "Let a recurrent language model make up texts, to look at what it has learnt.") { run, prompt, model, tokens, count, temperature, topK, topP, seed, json };
        command.SetAction(parsed => Session.Guard(parsed, () =>
        {
            foreach (var option in new[] { tokens, count })
                if (parsed.GetValue(option) < 1) throw new ConfigException(option.Name, FormattableString.Invariant($"got {parsed.GetValue(option)}, expected a whole number from 1"));
            if (parsed.GetValue(seed) < 0) throw new ConfigException("--seed", FormattableString.Invariant($"got {parsed.GetValue(seed)}, expected a whole number from 0"));
            var sampling = new Sampling(parsed.GetValue(temperature), parsed.GetValue(topK), parsed.GetValue(topP)).Checked();
            var texts = TrainedLanguage.Open(parsed.GetRequiredValue(run)).Generate(parsed.GetValue(model), parsed.GetValue(prompt)!, parsed.GetValue(tokens), sampling,
                [.. Enumerable.Range(parsed.GetValue(seed), parsed.GetValue(count))], Session.Cancel);
            if (parsed.GetValue(json)) Show.Line(new JsonArray([.. texts.Select(text => (JsonNode)text)]).ToJsonString(new() { WriteIndented = true }));
            else
                foreach (var text in texts) Show.Line(text);
            return 0;
        }));
        return command;
    }
}
