using Tutti.Labels;
using Tutti.Predictions;
using Tutti.Recipes;
using Tutti.Reports;
using Tutti.Runs;
using Tutti.Tables;

namespace Tutti.App.Commands;

/// <summary>What <c>tutti labels</c> finds beside wrong classes: outliers, near duplicates, and wrong labels of rows that have several, numbers and several targets.</summary>
static class OtherIssues
{
    /// <summary>Prints and writes outliers or near duplicates of a run, or both.</summary>
    public static int Similar(string? run, (bool Outliers, bool Duplicates) which, int? top, int usualTop, string? output, bool json)
    {
        if (run is null) throw new ConfigException(which.Outliers ? "--outliers" : "--duplicates", "looks at the embeddings of a run's models; expected --run DIR");
        if (which is (true, true) && output is not null) throw new ConfigException("--out", "holds one of both; ask for --outliers or --duplicates, then for the other");
        var similar = RunSimilarity.Open(run).Find(Session.Cancel);
        if (output is not null && which.Outliers) similar.WriteOutliers(output);
        else if (output is not null) similar.WriteDuplicates(output);
        if (json)
        {
            var document = new System.Text.Json.Nodes.JsonObject();
            if (which.Outliers) document["outliers"] = SimilarRowsJson.Outliers(similar, top ?? int.MaxValue);
            if (which.Duplicates) document["duplicates"] = SimilarRowsJson.Duplicates(similar, top ?? int.MaxValue);
            Show.Line(document.ToJsonString(new() { WriteIndented = true }));
            return 0;
        }
        if (which.Outliers) ShowSimilar.Outliers(similar, top ?? usualTop);
        if (which.Duplicates) ShowSimilar.Duplicates(similar, top ?? usualTop);
        if (output is not null) Show.Line($"{(which.Outliers ? "outliers" : "near duplicates")}: {output}");
        return 0;
    }

    /// <summary>The held-out predictions of a run of labels, numbers or several targets; null of another run.</summary>
    public static AnswerSet? OfRun(string? folder)
    {
        if (folder is null || new RunFolder(folder) is var run && !(File.Exists(run.Recipe) && File.Exists(run.OutOfFold)) || !RunTask.HasAnswers(run)) return null;
        return AnswerFile.Read(run.OutOfFold, TrainedRun.Open(folder).Answers!);
    }

    /// <summary>Probabilities and labels of rows that may have several, from a file of anybody's; null where it is not of that form.</summary>
    public static AnswerSet? OfFile(string? path) =>
        path is not null && File.Exists(path) && !path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase) && Table.Stream(path, null, 1).FirstOrDefault() is { } first && FlagFile.Is(first.Columns) ? FlagFile.Read(path) : null;

    /// <summary>Prints and writes the issues of each target.</summary>
    public static int Answers(AnswerSet set, (LabelFilter Filter, LabelQuality Score) how, int? top, int usualTop, string? output, bool json)
    {
        for (var i = 0; i < set.Answers.Count; i++)
            foreach (var gap in set.Answers[i].Kind switch
            {
                AnswerKind.Class or AnswerKind.Ordinal => LabelGaps.Of(set.Answers[i].Classes, set.Known(i).Classes(i).Labels!, set.Known(i).Folds).Select(gap => $"{set.Answers[i].Name}: {gap}"),
                AnswerKind.Flag => LabelGaps.OfFlag(set.Answers[i].Name, set.Known(i).TruthOf(i), set.Known(i).Folds),
                _ => [],
            }) Show.Warning(gap);
        var queue = AnswerQueue.Of(set, how.Filter, how.Score);
        if (output is not null) queue.Write(output);
        if (json) Show.Line(AnswerQueueJson.Of(queue, top ?? int.MaxValue).ToJsonString(new() { WriteIndented = true }));
        else
        {
            ShowAnswerIssues.Queue(queue, top ?? usualTop);
            if (output is not null) Show.Line(FormattableString.Invariant($"{queue.Targets.Sum(target => target.Issues.Count)} issues: {output}"));
        }
        return 0;
    }
}
