using Tutti.Ensembling;
using Tutti.Evaluation;
using Tutti.Predictions;
using Tutti.Reports;
using Tutti.Runs;
using Tutti.Tables;
using Tutti.Torch;

namespace Tutti.Recipes;

/// <summary>What a run makes of its finished cells: soups, blend, predictions, scores, leaderboard, submission.</summary>
/// <param name="recipe">What to do.</param>
/// <param name="files">The run folder.</param>
/// <param name="data">The rows.</param>
/// <param name="cells">Finished, all of them.</param>
sealed class RunResults(Recipe recipe, RunFolder files, RunData data, Cell[] cells)
{
    /// <summary>Where soups predict; null: where the recipe says.</summary>
    public Device? Device { get; init; }

    /// <summary>Who watches.</summary>
    public IProgress<RunNews>? News { get; init; }

    /// <summary>Blends all cells and writes predictions, scores and submission.</summary>
    public RunResult Finish()
    {
        var members = Members();
        var rows = OutOfFoldRows.Of([.. members.Select(member => new BlendMember(member.Name, member.OutOfFold))], Expected(), Groups());
        var blend = ChosenBlend.Of(rows, recipe.Blend.Plan);
        OutOfFoldFiles.Write(files, data, members);
        PredictionFile.Write(files.OutOfFold, blend.OutOfFold);
        (blend.Record with { Settings = RunBlend.Settings(recipe) }).Write(files.Blend);
        if (data.Test is not null) WriteTest(blend, members);
        var result = Evaluate(blend, members);
        if (result.Submission is { } written)
            SubmissionLedger.Note(files.Submissions, written, [.. cells.Select(cell => new SubmittedCell(cell.Member, cell.Seed, cell.Fold, cell.Fingerprint))], result.Summary.Scores, files.Blend);
        return result;
    }

    ResultMember[] Members()
    {
        var trained = MemberPredictions.All(cells);
        var members = trained.Select(member => ResultMember.Of(member, data.TrainIds)).ToArray();
        if (recipe.Blend.Soups == RecipeSoups.None) return members;
        var rows = OutOfFoldRows.Of([new(members[0].Name, members[0].OutOfFold)], Expected(), Groups());
        var parts = rows.Rows.Ids.Index().ToDictionary(pair => pair.Item, pair => rows.Parts[pair.Index], StringComparer.Ordinal);
        var soups = new SeedSoups(recipe, files, data, Device ?? recipe.Device.Resolve(), News);
        return [.. members, .. trained.Where(member => member.Cells.DistinctBy(cell => cell.Seed).Count() > 1).Select(member => soups.Of(member, parts))];
    }

    // The fold of every row that some cell has to hold out.
    Dictionary<string, int> Expected() => data.TrainIds.Index().Where(pair => data.Folds.Of(pair.Index) >= 0).ToDictionary(pair => pair.Item, pair => data.Folds.Of(pair.Index), StringComparer.Ordinal);

    // Rows of the same text belong together also where a single holdout is divided to judge a blend.
    Dictionary<string, UInt128> Groups() => TextKeys.Of(data.Train, data.Text, data.Pair).Index().ToDictionary(pair => data.TrainIds[pair.Index], pair => pair.Item ?? (UInt128)(uint)pair.Index, StringComparer.Ordinal);

    /// <summary>The members' predictions of every test row, blended; then the submission.</summary>
    void WriteTest(ChosenBlend blend, ResultMember[] members)
    {
        var test = blend.Apply([.. members.Select(member => new BlendMember(member.Name, member.Test()))]);
        PredictionFile.Write(files.Test, test);
        if (recipe.Submission is { } submission)
            Submission.Write(Path.Combine(files.Root, submission.File), test, recipe.Data.Id ?? "id", recipe.Data.Label!, recipe.SampleFile);
    }

    RunResult Evaluate(ChosenBlend blend, ResultMember[] members)
    {
        var summary = EvaluationSummary.Of(blend.OutOfFold);
        var entries = members.Select(member => new LeaderboardEntry(member.Name, member.OutOfFold, member.Folders) { Seeds = member.Seeds, Sources = member.Sources }).ToList();
        if (members.Length > 1) entries.Add(new($"blend ({blend.Name})", blend.OutOfFold, [.. blend.Fitted.Used.SelectMany(m => members[m].Folders)]) { Sources = [.. blend.Fitted.Used.SelectMany(m => members[m].Sources)] });
        entries.AddRange(RunBaselines.Entries(recipe, data, blend.OutOfFold));
        var leaderboard = Leaderboard.Of(entries);
        leaderboard.Write(files.Leaderboard);
        var gains = Gains(blend, members, leaderboard);
        AtomicFile.Write(files.Metrics, EvaluationJson.Text(RunningScores.AllOf(blend.OutOfFold, summary), gains));
        return new(files, leaderboard, summary, blend, blend.OutOfFold.Classes, data.Test is null ? null : files.Test, recipe.Submission is { } s && data.Test is not null ? Path.Combine(files.Root, s.File) : null) { Gains = gains };
    }

    Gain[] Gains(ChosenBlend blend, ResultMember[] members, Leaderboard leaderboard)
    {
        IEnumerable<Gain> Blended()
        {
            if (members.Length < 2) return [];
            var best = members.First(member => member.Name == leaderboard.Sorted.First(row => members.Any(one => one.Name == row.Name)).Name);
            var against = Leaderboard.Difference(blend.OutOfFold, best.OutOfFold);
            return [new($"blend ({blend.Name})", $"{best.Name}, the best member", [AnswerDifference.OfClasses(against.Accuracy, against.LogLoss, against.McNemar)])];
        }
        return [.. Blended(), .. members.SelectMany(member => member.Views is { } views ? (Gain[])[views.Gain(member.Name, recipe.TestTimeOf(recipe.Members.First(one => one.Name == member.Name)))] : [])];
    }
}
