using Tutti.Ensembling;
using Tutti.Evaluation;
using Tutti.Predictions;
using Tutti.Reports;
using Tutti.Runs;

namespace Tutti.Recipes;

/// <summary>What a run of labels, numbers or several targets makes of its finished cells; <see cref="RunResults"/> is the same for one class per row.</summary>
/// <param name="recipe">What to do.</param>
/// <param name="files">The run folder.</param>
/// <param name="data">The rows.</param>
/// <param name="cells">Finished, all of them.</param>
sealed class AnswerResults(Recipe recipe, RunFolder files, RunData data, Cell[] cells)
{
    readonly IReadOnlyList<Answer> answers = data.Answers!.Answers;

    BlendKind Kind => recipe.Blend.Method == BlendChoice.Geometric ? BlendKind.Geometric : BlendKind.Mean;

    /// <summary>Blends all cells and writes predictions, scores and submission.</summary>
    public AnswersResult Finish()
    {
        var members = AnswerPredictions.All(cells, answers);
        var perMember = members.Select(member => member.OutOfFold(data.TrainIds)).ToArray();
        var oof = AnswerBlend.Of(Kind, perMember);
        AnswerFile.Write(files.OutOfFold, oof);
        new BlendRecord(Kind, [.. members.Select(member => new BlendWeight(member.Name, 1.0 / members.Length))]) { Settings = RunBlend.Settings(recipe) }.Write(files.Blend);
        var submission = data.Test is null ? null : WriteTest(members);

        List<AnswerRow> rows = [.. members.Select((member, m) => AnswerRow.Of(member.Name, perMember[m], [.. member.Cells.Select(cell => cell.Folder.Metrics)]))];
        List<Gain> gains = [.. members.SelectMany(member => Views(member))];
        if (members.Length > 1)
        {
            var (name, best) = ($"blend ({RecipeJson.Name(recipe.Blend.Method)})", rows.Index().MinBy(row => row.Item.Loss.Value).Index);
            rows.Add(AnswerRow.Of(name, oof, []));
            gains.Insert(0, new(name, $"{members[best].Name}, the best member", AnswerDifference.Of(oof, perMember[best])));
        }
        rows.AddRange(AnswerBaselines.Rows(data, oof));
        var board = new AnswerBoard(rows);
        board.Write(files.Leaderboard);
        var scores = AnswerScores.Of(oof);
        AtomicFile.Write(files.Metrics, AnswersJson.Text(AnswerScores.Of(oof, metrics: MetricChoice.All), gains));
        if (submission is not null)
            SubmissionLedger.Note(files.Submissions, submission, [.. cells.Select(cell => new SubmittedCell(cell.Member, cell.Seed, cell.Fold, cell.Fingerprint))],
                [.. scores.SelectMany(answer => answer.Scores.Select(score => score with { Name = $"{answer.Name}: {score.Name}" }))], files.Blend);
        return new(files, board, scores, data.Test is null ? null : files.Test, submission) { Gains = gains };
    }

    IEnumerable<Gain> Views(AnswerPredictions member) => member.Share is { } share ? [SeenShare.Of(share).Gain(member.Name, recipe.TestTimeOf(recipe.Members.First(one => one.Name == member.Name)))] : [];

    /// <summary>The mean of a member's cells for every test row, blended; then the submission.</summary>
    string? WriteTest(AnswerPredictions[] members)
    {
        var test = AnswerBlend.Of(Kind, [.. members.Select(member => member.Test())]);
        AnswerFile.Write(files.Test, test);
        if (recipe.Submission is not { } submission) return null;
        var path = Path.Combine(files.Root, submission.File);
        AnswerSubmission.Write(path, test, recipe.Data.Id ?? "id", recipe.Data.Separator is { } separator ? new(recipe.Data.Label!, separator) : null, recipe.SampleFile);
        return path;
    }
}
