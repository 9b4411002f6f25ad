using Tutti.Predictions;

namespace Tutti.Ensembling;

/// <summary>Several members' predictions in the order of rows and classes of the first.</summary>
/// <param name="First">The first member: ids and classes of all.</param>
/// <param name="Probabilities">n*K values per member.</param>
/// <param name="Labels">From whichever member knows them; null if none does.</param>
/// <param name="Folds">Where all members agree, else -1; null if a member has none.</param>
sealed record Alignment(PredictionSet First, double[][] Probabilities, int[]? Labels, int[]? Folds)
{
    const int Shown = 3;

    /// <exception cref="DataException">Ids, classes or labels differ; the message says which.</exception>
    public static Alignment Of(IReadOnlyList<BlendMember> members)
    {
        var first = members[0].Predictions;
        var (labels, folds) = ((int[]?)first.Labels?.Clone(), (int[]?)first.Folds?.Clone());
        var rowOf = first.Ids.Index().ToDictionary(pair => pair.Item, pair => pair.Index);
        var classOf = first.Classes.Index().ToDictionary(pair => pair.Item, pair => pair.Index);
        var probabilities = new double[members.Count][];
        for (var m = 0; m < members.Count; m++)
        {
            var set = members[m].Predictions;
            Same("classes", members[0].Name, first.Classes, members[m].Name, set.Classes, classOf);
            Same("row ids", members[0].Name, first.Ids, members[m].Name, set.Ids, rowOf);
            var columns = set.Classes.Select(name => classOf[name]).ToArray();
            probabilities[m] = new double[first.Probabilities.Length];
            if (set.Folds is null) folds = null;
            if (set.Labels is not null && labels is null)
            {
                labels = new int[first.Count];
                Array.Fill(labels, -1);
            }
            for (var i = 0; i < set.Count; i++)
            {
                var row = rowOf[set.Ids[i]];
                for (var k = 0; k < columns.Length; k++) probabilities[m][row * columns.Length + columns[k]] = set.Row(i)[k];
                if (folds is not null && set.Folds is not null && folds[row] != set.Folds[i]) folds[row] = -1;
                if (labels is null || set.Labels is null || set.Labels[i] < 0) continue;
                var label = columns[set.Labels[i]];
                if (labels[row] >= 0 && labels[row] != label)
                    throw new DataException(members[m].Name,
                        $"row '{set.Ids[i]}' has label '{first.Classes[label]}' but '{first.Classes[labels[row]]}' in an earlier member; "
                        + "were they trained on different data?");
                labels[row] = label;
            }
        }
        return new(first, probabilities, labels, folds);
    }

    static void Same(string what, string firstName, IReadOnlyList<string> first, string otherName, IReadOnlyList<string> other, Dictionary<string, int> known)
    {
        var extra = other.Where(name => !known.ContainsKey(name)).ToList();
        if (extra.Count == 0 && first.Count == other.Count) return;
        var have = other.ToHashSet();
        var missing = first.Where(name => !have.Contains(name)).ToList();
        throw new DataException(otherName, $"cannot be blended with {firstName}, their {what} differ: "
            + $"{missing.Count} missing{Examples(missing)}, {extra.Count} more{Examples(extra)}; predict the same rows with members of the same classes");
    }

    static string Examples(List<string> names) =>
        names.Count == 0 ? "" : $" ({string.Join(", ", names.Take(Shown).Select(name => $"'{name}'"))}{(names.Count > Shown ? ", ..." : "")})";
}
