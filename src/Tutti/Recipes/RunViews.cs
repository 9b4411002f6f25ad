using Tutti.Evaluation;
using Tutti.Runs;
using Tutti.Text;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>
/// Test-time augmentation of a run whose cells are trained: what each cell predicts of the rows that can be seen in several ways, and what that counts for. Training has no part in it, so it may
/// be switched on and off without training again.
/// </summary>
/// <param name="recipe">What to do.</param>
/// <param name="files">The run folder.</param>
/// <param name="data">The rows.</param>
/// <param name="members">The members, opened.</param>
/// <param name="cells">Finished, all of them.</param>
/// <param name="memory">What the recipe allows.</param>
/// <param name="news">Who watches.</param>
sealed class RunViews(Recipe recipe, RunFolder files, RunData data, OpenMember[] members, Cell[] cells, MemoryBudget memory, IProgress<RunNews>? news)
{
    /// <summary>Ids that a text may be shorter than the model reads and yet have lost something: special tokens that were put together.</summary>
    const int Specials = 4;

    /// <summary>Predicts what is missing, fits the shares and records them.</summary>
    public void Finish(CancellationToken cancel)
    {
        List<(string, TestTimeConfig, Ensembling.ViewShare, int)> found = [];
        foreach (var member in members)
        {
            Cell[] own = [.. cells.Where(cell => cell.Member == member.Name)];
            if (own.Length == 0) continue;                    // left out, for there was no time
            var config = recipe.TestTimeOf(member.Config);
            if (config.Windows is not { } windows)
            {
                foreach (var cell in own) cell.DropViews();
                continue;
            }
            Predict(member, own, windows, cancel);
            var share = new MemberPredictions(member.Name, own).Share!;
            var cut = own.Where(cell => cell.Seed == own[0].Seed).Sum(cell => cell.RowsSeenOtherwise());
            found.Add((member.Name, config, share, cut));
            news?.Report(new NoteNews($"{member.Name}: test-time {RecipeJson.Name(config.Views)}, {Text(share, cut)}"));
        }
        if (found.Count > 0) TestTimeRecord.Write(files.TestTime, found);
        else File.Delete(files.TestTime);
    }

    void Predict(OpenMember member, Cell[] own, TextWindows windows, CancellationToken cancel)
    {
        var test = data.Test?.ContentHash;
        Cell[] missing = [.. own.Where(cell => !cell.HasViews(windows, test))];
        if (missing.Length == 0) return;
        var cache = TokenCache.OfUser();
        var train = Of(member, data.Train, windows, cache);
        var rows = data.Test is null ? null : Of(member, data.Test, windows, cache);
        foreach (var cell in missing)
        {
            cancel.ThrowIfCancellationRequested();
            var held = train with { Rows = [.. data.Folds.Valid(cell.Fold).Select(row => train.Rows[row])] };
            memory.Within(cell.Name, member.Model.Config, () => cell.PredictViews(member.Model, windows, held, rows, test, cancel));
        }
    }

    ViewedRows Of(OpenMember member, Tables.Table table, TextWindows windows, TokenCache cache)
    {
        var (tokenizer, length) = (member.Model.Tokenizer, member.MaxLength);
        var plain = TextData.From(table, data.Text, tokenizer, length, pair: data.Pair, cache: cache);
        var views = Views.Of(TextData.Texts(table, data.Text), data.Pair is null ? null : TextData.Texts(table, data.Pair), tokenizer, length, windows);
        return new(plain.Examples, part => Views.Attach(part, views, row => row.Ids.Length + Specials < length));
    }

    static string Text(Ensembling.ViewShare share, int cut) => share.Weight == 0
        ? FormattableString.Invariant($"{cut} of {share.Predictions.Count} held-out rows are cut: no gain, weight 0")
        : FormattableString.Invariant($"{cut} of {share.Predictions.Count} held-out rows are cut: weight {share.Weight:0.00}, log-loss {Gain(share.LogLoss)} lower, accuracy {Gain(share.Accuracy)} higher")
            + (share.LogLoss.Difference.Low > 0 ? "" : "; too little to be sure of")
            + (share.Nested ? "" : "; weight and gain are of the same rows, which flatters");

    static string Gain(PairedResult result) => FormattableString.Invariant($"{result.Difference.Value:0.0000} ({result.Difference.Low:0.0000} to {result.Difference.High:0.0000}; 95 % interval)");
}
