namespace Tutti.Labels;

/// <summary>Labels of which too little is known for a doubt to mean much.</summary>
public static class LabelGaps
{
    /// <summary>A sentence for each class that no row is labelled with, and for each whose rows one fold holds out together, so that the models that judge them never saw it.</summary>
    /// <param name="classes">Class names.</param>
    /// <param name="labels">Given labels.</param>
    /// <param name="folds">The fold that held each row out, -1: none; null where that is not known.</param>
    public static IEnumerable<string> Of(IReadOnlyList<string> classes, IReadOnlyList<int> labels, IReadOnlyList<int>? folds)
    {
        var rows = labels.Index().ToLookup(item => item.Item, item => item.Index);
        for (var one = 0; one < classes.Count; one++)
            if (!rows[one].Any()) yield return $"no row is labelled '{classes[one]}'; nothing is confidently of that class";
        if (folds is null || folds.Distinct().Count() < 2) yield break;
        for (var one = 0; one < classes.Count; one++)
            if (Alone(rows[one], folds) is { } fold) yield return FormattableString.Invariant($"all {rows[one].Count()} rows labelled '{classes[one]}' are held out by fold {fold}: the models that judge them never saw the class, and doubt them all");
    }

    /// <summary>The same of a label that a row may have or not.</summary>
    /// <param name="label">Its name.</param>
    /// <param name="given">1 where a row has it.</param>
    /// <param name="folds">As in <see cref="Of"/>.</param>
    public static IEnumerable<string> OfFlag(string label, IReadOnlyList<double> given, IReadOnlyList<int>? folds)
    {
        int[] rows = [.. given.Index().Where(item => item.Item > 0).Select(item => item.Index)];
        if (rows.Length == 0) yield return $"no row has the label '{label}'; it is never missed";
        else if (folds is not null && folds.Distinct().Count() > 1 && Alone(rows, folds) is { } fold)
            yield return FormattableString.Invariant($"all {rows.Length} rows that have the label '{label}' are held out by fold {fold}: the models that judge them never saw it, and doubt them all");
    }

    static int? Alone(IEnumerable<int> rows, IReadOnlyList<int> folds) => rows.Select(row => folds[row]).Distinct().ToArray() is [>= 0 and var fold] ? fold : null;
}
