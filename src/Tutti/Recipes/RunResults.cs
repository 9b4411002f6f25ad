using Tutti.Ensembling;
using Tutti.Evaluation;
using Tutti.Predictions;
using Tutti.Reports;
using Tutti.Runs;

namespace Tutti.Recipes;

/// <summary>What a run makes of its finished cells: blend, predictions, scores, leaderboard, submission.</summary>
/// <param name="recipe">What to do.</param>
/// <param name="files">The run folder.</param>
/// <param name="data">The rows.</param>
/// <param name="cells">Finished, all of them.</param>
sealed class RunResults(Recipe recipe, RunFolder files, RunData data, Cell[] cells)
{
    readonly MemberPredictions[] members = MemberPredictions.All(cells);

    BlendKind Kind => recipe.Blend == RecipeBlend.Geometric ? BlendKind.Geometric : BlendKind.Mean;

    /// <summary>Blends all cells and writes predictions, scores and submission.</summary>
    public RunResult Finish()
    {
        var perMember = members.ToDictionary(member => member.Name, member => member.OutOfFold(data.TrainIds));
        var oof = Blend.Of(Kind, BlendMembers(perMember));
        PredictionFile.Write(files.OutOfFold, oof);
        Blend.Record(Kind, BlendMembers(perMember)).Write(files.Blend);
        if (data.Test is not null) WriteTest();
        var result = Evaluate(oof, perMember);
        if (result.Submission is { } written)
            SubmissionLedger.Note(files.Submissions, written, [.. cells.Select(cell => new SubmittedCell(cell.Member, cell.Seed, cell.Fold, cell.Fingerprint))], result.Summary, files.Blend);
        return result;
    }

    static BlendMember[] BlendMembers(Dictionary<string, PredictionSet> sets) => [.. sets.Select(pair => new BlendMember(pair.Key, pair.Value))];

    /// <summary>The members' predictions of every test row, blended; then the submission.</summary>
    void WriteTest()
    {
        var test = Blend.Of(Kind, [.. members.Select(member => new BlendMember(member.Name, member.Test()))]);
        PredictionFile.Write(files.Test, test);
        if (recipe.Submission is { } submission)
            Submission.Write(Path.Combine(files.Root, submission.File), test, recipe.Data.Id ?? "id", recipe.Data.Label!, recipe.SampleFile);
    }

    RunResult Evaluate(PredictionSet oof, Dictionary<string, PredictionSet> perMember)
    {
        var summary = EvaluationSummary.Of(oof);
        var rows = perMember.Select(pair => LeaderboardRow.Of(pair.Key, pair.Value, [.. cells.Where(cell => cell.Member == pair.Key).Select(cell => cell.Folder.Metrics)])).ToList();
        if (perMember.Count > 1) rows.Add(LeaderboardRow.Of($"blend ({recipe.Blend.ToString().ToLowerInvariant()})", oof, []));
        rows.AddRange(RunBaselines.Rows(data, oof));
        var leaderboard = new Leaderboard([.. rows]);
        leaderboard.Write(files.Leaderboard);
        AtomicFile.Write(files.Metrics, EvaluationJson.Text(summary));
        return new(files, leaderboard, summary, oof.Classes, data.Test is null ? null : files.Test, recipe.Submission is { } s && data.Test is not null ? Path.Combine(files.Root, s.File) : null);
    }
}
