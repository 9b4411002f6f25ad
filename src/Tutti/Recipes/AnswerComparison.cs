using Tutti.Evaluation;
using Tutti.Predictions;
using Tutti.Runs;

namespace Tutti.Recipes;

/// <summary>One run of a comparison of a target.</summary>
/// <param name="Name">Its folder as it was given.</param>
/// <param name="Rows">Its rows that have the target, whether others have them or not.</param>
/// <param name="Scores">Of the common rows.</param>
/// <param name="AgainstFirst">Null for the first.</param>
/// <param name="Fixes">Rows that it gets right and the first run wrong; null where nothing is right or wrong.</param>
/// <param name="Breaks">The other way round.</param>
public sealed record ComparedAnswer(string Name, int Rows, AnswerSummary Scores, AnswerDifference? AgainstFirst, int? Fixes, int? Breaks);

/// <summary>Runs compared in one target.</summary>
/// <param name="Name">Its column, or the label.</param>
/// <param name="Common">The rows that were compared.</param>
/// <param name="OtherTruth">Rows of the same id whose true value differs between runs, and which are left out.</param>
/// <param name="Runs">In the order they were given.</param>
public sealed record ComparedTarget(string Name, int Common, int OtherTruth, IReadOnlyList<ComparedAnswer> Runs);

/// <summary>Finished runs of which some say more of a row than one class, in every target that all of them have; <see cref="RunComparison"/> is the same for one class per row.</summary>
/// <param name="Targets">In the order of the first run.</param>
/// <param name="Others">Targets that some have and others have not.</param>
/// <param name="Seen">Of each run, rows of the file that it was trained on; 0 where held-out rows are compared.</param>
public sealed record AnswerComparison(IReadOnlyList<ComparedTarget> Targets, IReadOnlyList<string> Others, IReadOnlyList<int> Seen)
{
    /// <summary>Compares out-of-fold predictions, matched by id; a run of one class per row has one target, called as its column.</summary>
    /// <param name="folders">At least two run folders.</param>
    /// <param name="data">A labelled file that all runs predict, in place of the rows that they held out.</param>
    /// <exception cref="DataException">Not a finished run, no common target, other classes, or no common rows.</exception>
    public static AnswerComparison Of(IReadOnlyList<string> folders, string? data = null, CancellationToken cancel = default)
    {
        RunComparison.CheckFolders(folders);
        var runs = folders.Select(folder => data is null ? (OutOfFold(folder), 0) : TrainedRun.Open(folder).Labelled(data, cancel)).ToArray();
        AnswerSet[] sets = [.. runs.Select(run => run.Item1)];
        string[][] names = [.. sets.Select(set => set.Answers.Select(answer => answer.Name).ToArray())];
        string[] shared = [.. names[0].Where(name => names.All(own => own.Contains(name)))];
        if (shared.Length == 0) throw new DataException(folders[1], $"has no target in common with {folders[0]}: there {string.Join(", ", names[0].Take(5))}, here {string.Join(", ", names[1].Take(5))}");
        return new([.. shared.Select(name => Of(name, folders, sets))], [.. names.SelectMany(own => own).Except(shared)], [.. runs.Select(run => run.Item2)]);
    }

    /// <summary>What a run predicts of the rows that it held out.</summary>
    static AnswerSet OutOfFold(string folder)
    {
        var files = new RunFolder(folder);
        RunComparison.CheckFinished(files);
        if (RunTask.HasAnswers(files)) return AnswerFile.Read(files.OutOfFold, TrainedRun.Open(folder).Answers!);
        RunTask.RequireClasses(files, "comparisons", pictures: true);
        var set = PredictionFile.Read(files.OutOfFold).Labelled();
        var label = Recipe.Load(files.Recipe).Data.Label!;
        return new(set.Ids, [new Answer(label, AnswerKind.Class, set.Classes)], set.Probabilities, [.. set.Labels!.Select(place => (double)place)]);
    }

    static ComparedTarget Of(string name, IReadOnlyList<string> folders, AnswerSet[] sets)
    {
        int[] places = [.. sets.Select(set => set.Answers.Index().First(answer => answer.Item.Name == name).Index)];
        var answers = sets.Zip(places, (set, at) => set.Answers[at]).ToArray();
        for (var i = 1; i < answers.Length; i++) CheckKind(folders[0], answers[0], folders[i], answers[i]);
        var truth = sets.Zip(places, Truth).ToArray();
        string[] known = [.. truth[0].Keys.Where(id => truth.All(of => of.ContainsKey(id)))], common = [.. known.Where(id => truth.Select(of => of[id]).Distinct().Count() == 1)];
        if (common.Length == 0)
            throw new DataException(folders[1], $"has no row in common with {folders[0]} whose {name} is known{(known.Length > 0 ? $": {known.Length} ids are the same, but what is true of them is not" : "")}; compare runs on the same data");
        AnswerSet[] parts = [.. sets.Zip(places, (set, at) => Part(set, at, common, answers[0]))];
        return new(name, common.Length, known.Length - common.Length, [.. folders.Select((folder, i) => Compared(folder, truth[i].Count, parts[i], i == 0 ? null : parts[0]))]);
    }

    static ComparedAnswer Compared(string folder, int rows, AnswerSet part, AnswerSet? first)
    {
        var scores = AnswerScores.Of(part)[0];
        if (first is null) return new(folder, rows, scores, null, null, null);
        var difference = AnswerDifference.Of(part, first)[0];
        if (!part.Answers[0].HasClasses) return new(folder, rows, scores, difference, null, null);
        var (before, after, labels) = (first.Classes(0).Predicted(), part.Classes(0).Predicted(), part.Classes(0).Labels!);
        int Changed(int[] wrong, int[] right) => labels.Index().Count(row => wrong[row.Index] != row.Item && right[row.Index] == row.Item);
        return new(folder, rows, scores, difference, Changed(before, after), Changed(after, before));
    }

    static void CheckKind(string firstName, Answer first, string name, Answer answer)
    {
        if (first.Kind != answer.Kind || !first.Classes.Order(StringComparer.Ordinal).SequenceEqual(answer.Classes.Order(StringComparer.Ordinal)))
            throw new DataException(name, $"has another {first.Name} than {firstName}: there {Described(first)}, here {Described(answer)}; runs of different tasks cannot be compared");
    }

    static string Described(Answer answer) => answer.HasClasses ? $"{answer.Kind.ToString().ToLowerInvariant()} of {answer.Classes.Count} ({string.Join(", ", answer.Classes.Take(3))}, ...)" : answer.Kind.ToString().ToLowerInvariant();

    /// <summary>What is true of each row that has the answer, in words.</summary>
    static Dictionary<string, string> Truth(AnswerSet set, int answer)
    {
        var (truth, what) = (set.TruthOf(answer), set.Answers[answer]);
        return set.KnownRows(answer).ToDictionary(row => set.Ids[row], row => what.HasClasses ? what.Classes[(int)truth[row]] : truth[row].ToString("R", System.Globalization.CultureInfo.InvariantCulture), StringComparer.Ordinal);
    }

    /// <summary>One answer of some rows, its classes in the first run's order.</summary>
    static AnswerSet Part(AnswerSet set, int answer, string[] ids, Answer first)
    {
        var rowOf = set.Ids.Index().ToDictionary(pair => pair.Item, pair => pair.Index, StringComparer.Ordinal);
        int[] rows = [.. ids.Select(id => rowOf[id])];
        var (what, at, truth) = (set.Answers[answer], Answer.Places(set.Answers)[answer], set.TruthOf(answer));
        int[] columns = [.. first.HasClasses ? first.Classes.Select(name => what.Classes.Index().First(own => own.Item == name).Index) : [0]];
        return new(ids, [first], [.. rows.SelectMany(row => columns.Select(column => set.Row(row)[at + column]))], [.. rows.Select(row => what.HasClasses ? Array.IndexOf(columns, (int)truth[row]) : truth[row])]);
    }
}
