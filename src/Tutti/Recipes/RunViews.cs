using Tutti.Evaluation;
using Tutti.Runs;

namespace Tutti.Recipes;

/// <summary>
/// Test-time augmentation of a run whose cells are trained: what each cell predicts of the rows that can be seen in several ways, and what that counts for. Training has no part in it, so it may
/// be switched on and off without training again.
/// </summary>
/// <param name="files">The run folder.</param>
/// <param name="data">The rows.</param>
/// <param name="members">The members, and how they see rows.</param>
/// <param name="cells">Finished, all of them.</param>
/// <param name="memory">What the recipe allows.</param>
/// <param name="news">Who watches.</param>
sealed class RunViews(RunFolder files, RunData data, IReadOnlyList<ViewedMember> members, Cell[] cells, MemoryBudget memory, IProgress<RunNews>? news)
{
    /// <summary>Predicts what is missing, fits the shares and records them.</summary>
    public void Finish(CancellationToken cancel)
    {
        List<(string, TestTimeConfig, SeenShare, int)> found = [];
        foreach (var member in members)
        {
            Cell[] own = [.. cells.Where(cell => cell.Member == member.Name)];
            if (own.Length == 0) continue;                    // left out, for there was no time
            var config = member.Settings;
            if (!config.Any)
            {
                foreach (var cell in own) cell.DropViews();
                continue;
            }
            Predict(member, own, cancel);
            var share = data.Answers is { } known ? SeenShare.Of(new AnswerPredictions(member.Name, own, known.Answers).Share!) : SeenShare.Of(new MemberPredictions(member.Name, own).Share!);
            var cut = own.Where(cell => cell.Seed == own[0].Seed).Sum(cell => cell.RowsSeenOtherwise());
            found.Add((member.Name, config, share, cut));
            news?.Report(new NoteNews($"{member.Name}: test-time {RecipeJson.Name(config.Views)}, {Text(config, share, cut)}"));
        }
        if (found.Count > 0) TestTimeRecord.Write(files.TestTime, found);
        else File.Delete(files.TestTime);
    }

    void Predict(ViewedMember member, Cell[] own, CancellationToken cancel)
    {
        var test = data.Test?.ContentHash;
        Cell[] missing = [.. own.Where(cell => !cell.HasViews(member.Settings, test))];
        if (missing.Length == 0) return;
        var train = member.Rows(data.Train);
        var rows = data.Test is null ? null : member.Rows(data.Test);
        foreach (var cell in missing)
        {
            cancel.ThrowIfCancellationRequested();
            var held = train with { Rows = [.. data.Folds.Valid(cell.Fold).Select(row => train.Rows[row])] };
            memory.Within(cell.Name, member.Train, () => cell.PredictViews(member, held, rows, test, data.Answers?.Answers, cancel));
        }
    }

    static string Text(TestTimeConfig config, SeenShare share, int seen) => FormattableString.Invariant($"{seen} of {share.Rows} held-out rows are {(config.OfPictures ? "seen otherwise" : "cut")}: ") + (share.Weight == 0
        ? "no gain, weight 0"
        : FormattableString.Invariant($"weight {share.Weight:0.00}, {string.Join("; ", share.Differences.Select(Gain))}") + (share.Nested ? "" : "; weight and gain are of the same rows, which flatters"));

    static string Gain(AnswerDifference of) =>
        $"{(of.Name.Length > 0 ? $"{of.Name}: " : "")}{(of.Name.Length > 0 && of.Measure == "MAE" ? "loss" : "log-loss")} {Gain(of.Loss.Reversed)} lower, {of.Measure} {Gain(of.Higher ? of.Value : of.Value.Reversed)} {(of.Higher ? "higher" : "lower")}{(of.Loss.Difference.High < 0 ? "" : "; too little to be sure of")}";

    static string Gain(PairedResult result) => FormattableString.Invariant($"{result.Difference.Value:0.0000} ({result.Difference.Low:0.0000} to {result.Difference.High:0.0000}; 95 % interval)");
}
