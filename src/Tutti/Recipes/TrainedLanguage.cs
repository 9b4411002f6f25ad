using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Runs;
using Tutti.Tables;
using Tutti.Text;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>A finished run of task language-model (or the last such step of task ulmfit): what its models say of other texts, and the texts they make up.</summary>
public sealed class TrainedLanguage
{
    readonly RunFolder files;
    readonly Recipe recipe;
    readonly Device device;

    TrainedLanguage(RunFolder files, Recipe recipe, Device device) => (this.files, this.recipe, this.device) = (files, recipe, device);

    /// <param name="folder">The run folder.</param>
    /// <param name="device">Where to compute; null: where the recipe says.</param>
    /// <exception cref="DataException">Not such a run, or cells are missing.</exception>
    public static TrainedLanguage Open(string folder, Device? device = null)
    {
        var files = new RunFolder(folder);
        if (File.Exists(files.Ulmfit)) files = files.Step(UlmfitRun.Adapt);
        if (!File.Exists(files.Recipe)) throw new DataException(folder, "is not a run folder: there is no recipe.yaml; train one with: tutti train RECIPE --run DIR");
        var recipe = Recipe.Load(files.Recipe);
        if (recipe.Task != RecipeTask.LanguageModel) throw new DataException(folder, $"is a run of task {RecipeJson.Name(recipe.Task)}, which has no language model; name one of task language-model or ulmfit");
        if (!File.Exists(files.Leaderboard)) throw new DataException(folder, "is not finished: there is no leaderboard.json; repeat tutti train to finish the run");
        return new(files, recipe, device ?? recipe.Device.Resolve());
    }

    /// <summary>Whether a run folder holds language models and nothing that predicts rows.</summary>
    public static bool IsAt(string folder) => File.Exists(new RunFolder(folder).Recipe) && Recipe.Load(new RunFolder(folder).Recipe).Task == RecipeTask.LanguageModel;

    /// <summary>The models' names and folders, the one with the lowest perplexity of held-out texts first.</summary>
    public IReadOnlyList<(string Name, string Folder)> Models =>
        [.. JsonNode.Parse(File.ReadAllText(files.Leaderboard))!.AsArray().Select(row => (row!["name"]!.GetValue<string>(), FolderOf(row["model"]!.GetValue<string>())))];

    // The run may have been moved: its cells are where it is now.
    string FolderOf(string recorded) => Path.Combine(files.Cells, Path.GetFileName(Path.GetDirectoryName(recorded)!), "checkpoint");

    /// <summary>How well each model predicts the tokens of other texts, in the order of <see cref="Models"/>; and whether the file is the one that the run learnt from.</summary>
    /// <param name="file">Texts with the columns of the recipe.</param>
    /// <param name="format">How the file is written; null: as the recipe says.</param>
    /// <exception cref="InputException">The file cannot be used.</exception>
    public (IReadOnlyList<(string Name, LanguageScores Scores)> Scores, bool Seen) Score(string file, FormatConfig? format = null, CancellationToken cancel = default)
    {
        var (text, _) = RunData.Templates(recipe.Data);
        var table = Table.Read(file, (format ?? recipe.Data.Format).ToTableFormat());
        text.Check(table);
        return ([.. Models.Select(model => (model.Name, Of(model.Name, model.Folder, table, text, cancel)))], table.ContentHash == RunStart.Recorded(files, "train"));
    }

    LanguageScores Of(string name, string folder, Table table, TextTemplate text, CancellationToken cancel)
    {
        using var model = ModelFolder.Load(folder, null, 0, out _, device);
        var tokenizer = Tokenizer.Load(folder);
        var member = recipe.Members.First(member => name.StartsWith(member.Name + " ", StringComparison.Ordinal));
        var config = member.Effective(recipe.Train);
        var objective = LanguageObjective.Of(config, tokenizer, member.Seeds[0], model.Recurrent, model.Backward);
        Example[] texts = [.. TextData.From(table, text, tokenizer, model.Recurrent ? model.MaxLength : Math.Min(config.MaxLength, model.MaxLength)).Examples.Where(objective.CanLearn)];
        if (texts.Sum(example => (long)example.Ids.Length) < 2) throw new DataException(table.File, "has no two tokens, of which one could be predicted from the other");
        return LanguageScores.Of(objective.PerUnit(model, texts, config.Precision, 4096, cancel));
    }

    /// <summary>Texts that a model makes up.</summary>
    /// <param name="name">Of <see cref="Models"/>; null: the first.</param>
    /// <param name="prompt">How they begin; empty: as any text does.</param>
    /// <param name="tokens">Tokens of each, at most.</param>
    /// <param name="seeds">One text for each.</param>
    /// <exception cref="ConfigException">There is no such model, or it predicts masked tokens.</exception>
    public IReadOnlyList<string> Generate(string? name, string prompt, int tokens, Sampling sampling, IReadOnlyList<int> seeds, CancellationToken cancel = default)
    {
        var models = Models;
        var chosen = name is null ? models[0] : models.FirstOrDefault(model => model.Name == name);
        if (chosen.Folder is null) throw new ConfigException("--model", $"got '{name}', which is no model of the run{Nearest.Hint(name!, models.Select(model => model.Name), "")}; it has {string.Join(", ", models.Select(model => model.Name))}");
        using var model = ModelFolder.Load(chosen.Folder, null, 0, out _, device);
        if (!model.Recurrent) throw new ConfigException("--run", $"{chosen.Name} predicts masked tokens; only recurrent language models (awd-lstm) generate text");
        var tokenizer = Tokenizer.Load(chosen.Folder);
        var ids = tokenizer.Encode(prompt).Ids;
        // A text that is read from its end follows the beginning of another one.
        var read = model.Backward && tokenizer.BosId is { } bos ? [bos, .. ids.Where(id => id != bos).Reverse()] : ids;
        if (read.Length == 0) throw new ConfigException("--prompt", "got a text without tokens; this model's texts have no beginning of their own");
        HashSet<int> never = [.. new[] { tokenizer.PadId, tokenizer.UnknownId, tokenizer.MaskId }.OfType<int>(), .. Enumerable.Range(0, model.VocabularySize).Where(id => id >= tokenizer.VocabularySize)];
        return [.. seeds.Select(seed =>
        {
            int[] text = [.. read, .. TextGenerator.Generate(model, read, tokens, sampling.Checked(), seed, never, tokenizer.BosId ?? tokenizer.EosId, cancel)];
            if (model.Backward) Array.Reverse(text);
            return tokenizer.Decode(text);
        })];
    }
}
