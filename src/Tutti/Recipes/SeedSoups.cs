using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Ensembling;
using Tutti.Predictions;
using Tutti.Runs;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>
/// Soups: for every member with several seeds and every fold, one model whose weights are the mean of the seeds' best weights. Which seeds a greedy soup takes is
/// decided by how the soups of those seeds do on held-out rows; the soup that predicts a row out of fold is chosen by the rows of other parts (folds, or fifths of a
/// single holdout), the one that is kept for other rows by all of them.
/// </summary>
/// <param name="recipe">What to do.</param>
/// <param name="files">The run folder.</param>
/// <param name="data">The rows.</param>
/// <param name="device">Where soups predict.</param>
/// <param name="news">Who watches.</param>
sealed class SeedSoups(Recipe recipe, RunFolder files, RunData data, Device device, IProgress<RunNews>? news)
{
    /// <summary>What a member's soup is called; no member's name holds a blank.</summary>
    public static string NameOf(string member) => $"{member} soup";

    /// <summary>The member's soup: read from the run folder where it was made of the very same cells, else made.</summary>
    /// <param name="member">With several seeds.</param>
    /// <param name="parts">The part of every held-out row, by id.</param>
    public ResultMember Of(MemberPredictions member, IReadOnlyDictionary<string, int> parts)
    {
        var folds = member.Cells.Select(cell => cell.Fold).Distinct().Order().ToArray();
        var identity = Identity(member, parts);
        var folders = folds.Select(fold => files.Soup(member.Name, fold)).ToArray();
        if (!folders.All(folder => IsMade(folder, identity))) Make(member, parts, folds, identity);
        var rows = PredictionSet.Join([.. folders.Select(folder => PredictionFile.Read(folder.Predictions))], data.TrainIds);
        return new(NameOf(member.Name), rows, () => Blend.Of(BlendKind.Mean, [.. folders.Select(folder => new BlendMember(folder.Root, PredictionFile.Read(folder.Test)))]), folders, [])
        {
            Sources = [.. member.Cells.Select(cell => cell.Folder)],
        };
    }

    bool IsMade(CellFolder folder, string identity) => Cell.Recorded(folder, "fingerprint") == identity && File.Exists(folder.Predictions) && File.Exists(Path.Combine(folder.Checkpoint, "model.safetensors"))
        && (data.Test is null || File.Exists(folder.Test));

    // Everything that decides what the soup is: a cell that was trained again has other metrics (its seconds, at the least).
    string Identity(MemberPredictions member, IReadOnlyDictionary<string, int> parts)
    {
        var text = new StringBuilder().Append(recipe.Blend.Soups).Append('\n').Append(recipe.Blend.Metric).Append('\n').Append(data.Test?.ContentHash).Append('\n');
        foreach (var cell in member.Cells) text.Append(cell.Name).Append('\n').Append(File.ReadAllText(cell.Folder.Metrics)).Append('\n');
        foreach (var (id, part) in parts) text.Append(id).Append(' ').Append(part).Append('\n');
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    void Make(MemberPredictions member, IReadOnlyDictionary<string, int> parts, int[] folds, string identity)
    {
        var clock = Stopwatch.GetTimestamp();
        using var temporary = new TemporaryFolder("tutti-soup-");
        var kitchen = new Kitchen(recipe, data, member, device, temporary);
        var all = Choose(kitchen, parts, part: null);
        var perPart = parts.Values.Distinct().ToDictionary(part => part, part => Choose(kitchen, parts, part));
        news?.Report(new NoteNews($"{NameOf(member.Name)}: the mean weights of seeds {string.Join(", ", all.Select(seed => seed.ToString(System.Globalization.CultureInfo.InvariantCulture)))}"));
        foreach (var fold in folds)
        {
            var folder = files.Soup(member.Name, fold);
            if (File.Exists(folder.Metrics)) File.Delete(folder.Metrics);
            WeightSoup.Write([.. all.Select(seed => kitchen.Cell(seed, fold).Folder.Checkpoint)], folder.Checkpoint);
            PredictionFile.Write(folder.Predictions, HeldOut(kitchen, fold, parts, perPart));
            if (data.Test is not null) PredictionFile.Write(folder.Test, new(data.TestIds, data.Labels.Names, kitchen.Predict(folder.Checkpoint, data.Test.Count, Kitchen.Texts(data, data.Test))));
            AtomicFile.Write(folder.Metrics, new JsonObject
            {
                ["fingerprint"] = identity,
                ["soup"] = RecipeJson.Name(recipe.Blend.Soups),
                ["seeds"] = new JsonArray([.. all.Select(seed => (JsonNode)seed)]),
                ["heldOutSeeds"] = new JsonArray([.. kitchen.Rows(fold).Ids.Select(id => parts[id]).Distinct().Order().Select(part => (JsonNode)new JsonArray([.. perPart[part].Select(seed => (JsonNode)seed)]))]),
                ["peakBytes"] = Memory.Stats(device).Peak,
                ["seconds"] = Stopwatch.GetElapsedTime(clock).TotalSeconds / folds.Length,
            }.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
        }
    }

    static PredictionSet HeldOut(Kitchen kitchen, int fold, IReadOnlyDictionary<string, int> parts, Dictionary<int, int[]> perPart)
    {
        var rows = kitchen.Rows(fold);
        var probabilities = new double[rows.Probabilities.Length];
        foreach (var part in rows.Ids.Select(id => parts[id]).Distinct())
        {
            var soup = kitchen.HeldOut(perPart[part], fold);
            for (var row = 0; row < rows.Count; row++)
                if (parts[rows.Ids[row]] == part) soup.AsSpan(row * rows.K, rows.K).CopyTo(probabilities.AsSpan(row * rows.K));
        }
        return new(rows.Ids, rows.Classes, probabilities, rows.Labels, rows.Folds);
    }

    /// <summary>The seeds of a soup: all, or those that were kept one by one, the best first, because the average was no worse with them.</summary>
    /// <param name="part">The rows that have no say; null: all have.</param>
    int[] Choose(Kitchen kitchen, IReadOnlyDictionary<string, int> parts, int? part)
    {
        if (recipe.Blend.Soups == RecipeSoups.Uniform) return kitchen.Seeds;
        var metric = recipe.Blend.Metric;
        double Score(int[] seeds) => kitchen.Score(metric, seeds, id => parts[id] != part);
        var order = kitchen.Seeds.Select(seed => (Seed: seed, Score: Score([seed]))).OrderBy(one => metric.LessIsBetter() ? one.Score : -one.Score).ToArray();
        int[] chosen = [order[0].Seed];
        var best = order[0].Score;
        foreach (var (seed, _) in order.Skip(1))
        {
            int[] more = [.. chosen.Append(seed).Order()];
            if (Score(more) is var score && metric.Better(best, score)) continue;
            (chosen, best) = (more, score);
        }
        return chosen;
    }
}

/// <summary>Averages weights of a member's cells and predicts with them; what was computed once is kept.</summary>
sealed class Kitchen(Recipe recipe, RunData data, MemberPredictions member, Device device, TemporaryFolder temporary)
{
    readonly TrainConfig config = recipe.Members.Single(one => one.Name == member.Name).Effective(recipe.Train);
    readonly Dictionary<string, int> rowOf = data.TrainIds.Index().ToDictionary(pair => pair.Item, pair => pair.Index, StringComparer.Ordinal);
    readonly (string[] Texts, string[]? Pairs) texts = Texts(data, data.Train);
    readonly Dictionary<string, double[]> done = [];
    readonly Dictionary<int, PredictionSet> rows = [];

    public int[] Seeds { get; } = [.. member.Cells.Select(cell => cell.Seed).Distinct().Order()];

    public Cell Cell(int seed, int fold) => member.Cells.Single(cell => cell.Seed == seed && cell.Fold == fold);

    /// <summary>The rows that a fold held out.</summary>
    public PredictionSet Rows(int fold) => rows.TryGetValue(fold, out var known) ? known : rows[fold] = PredictionFile.Read(Cell(Seeds[0], fold).Folder.Predictions);

    /// <summary>n*K probabilities of the rows that a fold held out, by the soup of some seeds of that fold.</summary>
    public double[] HeldOut(int[] seeds, int fold)
    {
        var name = FormattableString.Invariant($"{string.Join('-', seeds)} of {fold}");
        if (done.TryGetValue(name, out var known)) return known;
        if (seeds is [var alone]) return done[name] = PredictionFile.Read(Cell(alone, fold).Folder.Predictions).Probabilities;
        var checkpoint = temporary.File("soup");
        TemporaryFolder.OnDisk(() => WeightSoup.Write([.. seeds.Select(seed => Cell(seed, fold).Folder.Checkpoint)], checkpoint));
        int[] held = [.. Rows(fold).Ids.Select(id => rowOf[id])];
        return done[name] = Predict(checkpoint, held.Length, ([.. held.Select(row => texts.Texts[row])], texts.Pairs is { } pairs ? [.. held.Select(row => pairs[row])] : null));
    }

    /// <summary>The score of a soup on the held-out rows of all folds that have a say.</summary>
    public double Score(BlendMetric metric, int[] seeds, Func<string, bool> counts)
    {
        List<double> probabilities = [];
        List<int> labels = [];
        var classes = 0;
        foreach (var fold in member.Cells.Select(cell => cell.Fold).Distinct().Order())
        {
            var (set, soup) = (Rows(fold), HeldOut(seeds, fold));
            classes = set.K;
            for (var row = 0; row < set.Count; row++)
                if (counts(set.Ids[row]))
                {
                    probabilities.AddRange(soup.AsSpan(row * classes, classes));
                    labels.Add(set.Labels![row]);
                }
        }
        return metric.Of([.. probabilities], [.. labels], classes);
    }

    /// <summary>n*K probabilities by a checkpoint.</summary>
    public double[] Predict(string checkpoint, int count, (string[] Texts, string[]? Pairs) of)
    {
        if (count == 0) return [];
        using var model = new TrainedModel(checkpoint, config, device);
        return model.Probabilities(of.Texts, of.Pairs);
    }

    public static (string[] Texts, string[]? Pairs) Texts(RunData data, Tables.Table table) => ([.. TextData.Texts(table, data.Text)], data.Pair is null ? null : [.. TextData.Texts(table, data.Pair)]);
}
