using Tutti.Predictions;

namespace Tutti.Ensembling;

/// <summary>What blends learn from: every member's predictions of the same labelled rows, each by models that did not see the row.</summary>
/// <param name="Names">The members'.</param>
/// <param name="Rows">Ids, classes, labels and folds; its probabilities are the first member's.</param>
/// <param name="Members">n*K probabilities of each.</param>
/// <param name="Parts">n: rows of one part are judged by what was learnt from the others.</param>
public sealed record OutOfFoldRows(IReadOnlyList<string> Names, PredictionSet Rows, double[][] Members, int[] Parts)
{
    const int PartsOfOneFold = 5, Shown = 3;

    /// <summary>n class indices.</summary>
    public int[] Labels => Rows.Labels!;

    /// <summary>Checks that the members belong together.</summary>
    /// <param name="members">Labelled predictions with folds.</param>
    /// <param name="expected">The fold of every row that was held out; null: those of the first member.</param>
    /// <param name="groups">Rows of the same number come into the same part where there is one fold only; null: every row has its own.</param>
    /// <exception cref="DataException">A member lacks rows, or held them out in other folds; says how many and which.</exception>
    public static OutOfFoldRows Of(IReadOnlyList<BlendMember> members, IReadOnlyDictionary<string, int>? expected = null, IReadOnlyDictionary<string, UInt128>? groups = null)
    {
        var first = members[0].Predictions;
        foreach (var member in members)
        {
            if (member.Predictions.Folds is null) throw new DataException(member.Name, "its predictions name no folds, so nobody knows which models saw the rows; expected a column fold");
            if (member.Predictions.Labels is null || member.Predictions.Labels.Contains(-1)) throw new DataException(member.Name, "has rows without a label; a blend is judged by all of its rows");
            CheckFolds(member, expected ?? Folds(first), expected is null ? members[0].Name : null);
        }
        var aligned = Alignment.Of(members);
        var rows = new PredictionSet(first.Ids, first.Classes, aligned.Probabilities[0], aligned.Labels, first.Folds);
        var folds = first.Folds!;
        return new([.. members.Select(member => member.Name)], rows, aligned.Probabilities, folds.Distinct().Count() > 1 ? folds
            : [.. first.Ids.Select((id, i) => (int)((groups is null ? (UInt128)(uint)i : groups[id]) % PartsOfOneFold))]);
    }

    /// <summary>The rows of the members at some places.</summary>
    public PredictionSet With(double[] probabilities) => new(Rows.Ids, Rows.Classes, probabilities, Rows.Labels, Rows.Folds);

    static Dictionary<string, int> Folds(PredictionSet set) => set.Ids.Index().ToDictionary(pair => pair.Item, pair => set.Folds![pair.Index], StringComparer.Ordinal);

    static void CheckFolds(BlendMember member, IReadOnlyDictionary<string, int> expected, string? first)
    {
        var own = Folds(member.Predictions);
        var missing = expected.Keys.Where(id => !own.ContainsKey(id)).ToList();
        if (missing.Count > 0)
            throw new DataException(member.Name, $"its out-of-fold predictions are incomplete: {missing.Count} of {expected.Count} held-out rows are missing{Examples(missing)}; "
                + "weights would be learnt from rows that some members were never asked about. Delete the cell that lacks them (cells/NAME-sSEED-fFOLD) and repeat tutti train");
        var other = own.Where(pair => expected.TryGetValue(pair.Key, out var fold) && fold != pair.Value).Select(pair => pair.Key).ToList();
        if (other.Count > 0)
            throw new DataException(member.Name, $"has other folds than {first ?? "the run"}: {other.Count} of {expected.Count} rows were held out elsewhere ('{other[0]}' in fold {own[other[0]]}, not {expected[other[0]]}). "
                + "Members with different folds cannot be blended: a row that one fold's weights are learnt from would have been seen in training by models they are judged on. Train all members on the same folds");
    }

    static string Examples(List<string> names) => $" ({string.Join(", ", names.Take(Shown).Select(name => $"'{name}'"))}{(names.Count > Shown ? ", ..." : "")})";
}
