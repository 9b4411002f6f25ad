using System.Globalization;
using Tutti.Predictions;
using Tutti.Tables;

namespace Tutti.Labels;

/// <summary>Label issues of rows that have several labels, numbers or several targets: of each target its own, by its kind.</summary>
/// <param name="Rows">How many rows were looked at.</param>
/// <param name="Filter">What is an issue of classes and labels.</param>
/// <param name="Score">What these are ranked by.</param>
/// <param name="Targets">All labels that a row may have or not are one target.</param>
public sealed record AnswerQueue(int Rows, LabelFilter Filter, LabelQuality Score, IReadOnlyList<TargetIssues> Targets)
{
    /// <summary>What the labels that a row may have or not are called together.</summary>
    public const string Labels = "labels";

    /// <param name="set">Predictions of models that did not see the row, with what is given.</param>
    /// <param name="filter">What is an issue of classes and labels.</param>
    /// <param name="score">What these are ranked by; numbers go by their residual.</param>
    public static AnswerQueue Of(AnswerSet set, LabelFilter filter, LabelQuality score)
    {
        int[] flags = [.. Enumerable.Range(0, set.Answers.Count).Where(i => set.Answers[i].Kind == AnswerKind.Flag && set.KnownRows(i).Count == set.Count)];
        var targets = new List<TargetIssues>();
        if (flags.Length > 0) targets.Add(OfFlags(Labels, set, flags, filter, score));
        for (var i = 0; i < set.Answers.Count; i++)
        {
            if (flags.Contains(i) || set.KnownRows(i) is not { Count: > 0 } rows) continue;
            var known = set.Known(i);
            var issues = set.Answers[i] switch
            {
                { HasClasses: true } => OfClass(known, i, filter, score),
                { Kind: AnswerKind.Flag } what => OfFlags(what.Name, known, [i], filter, score),
                _ => OfNumber(known, i),
            };
            targets.Add(rows.Count == set.Count ? issues : issues with { Issues = [.. issues.Issues.Select(issue => issue with { Row = rows[issue.Row] })] });
        }
        return new(set.Count, filter, score, targets);
    }

    /// <summary>Writes the issues as CSV: target, id, given, suggested, quality; each target's worst first.</summary>
    /// <exception cref="ConfigException">The file cannot be written.</exception>
    public void Write(string path) => TableWriter.Write(path, ["target", "id", "given", "suggested", "quality"], writer =>
    {
        foreach (var target in Targets)
            foreach (var issue in target.Issues) writer.Add(target.Name).Add(issue.Id).Add(issue.Given).Add(issue.Suggested).Add(issue.Quality).EndRow();
    });

    static TargetIssues OfClass(AnswerSet set, int answer, LabelFilter filter, LabelQuality score)
    {
        var own = set.Classes(answer);
        if (own.K < 2) return new(set.Answers[answer].Name, set.Answers[answer].Kind, 1, []);
        var queue = LabelQueue.Of(ProbabilityRows.Of(own.Probabilities, own.K), own.Labels!, own.Classes, own.Ids, filter, score);
        return new(set.Answers[answer].Name, set.Answers[answer].Kind, queue.Health.Score, [.. queue.Issues.Select(issue => new AnswerIssue(issue.Id, issue.Row, own.Classes[issue.Given], own.Classes[issue.Suggested], issue.Quality))])
        { Classes = queue };
    }

    static TargetIssues OfFlags(string name, AnswerSet set, int[] flags, LabelFilter filter, LabelQuality score)
    {
        var (k, search) = (flags.Length, new LabelSearch { Filter = filter });
        var (given, probabilities) = (flags.Select(set.TruthOf).ToArray(), flags.Select(set.Column).ToArray());
        int[] labels = [.. from row in Enumerable.Range(0, set.Count) from one in given select one[row] > 0 ? 1 : 0];
        var audit = new MultiLabelAudit(labels, [.. from row in Enumerable.Range(0, set.Count) from one in probabilities select one[row]], k);
        var (byClass, flagged, quality, each) = (audit.FindByClass(search), audit.Find(search), audit.Quality(score), audit.QualityByClass(score));
        var common = audit.CommonIssues(search).ToLookup(issue => issue.Class);
        return new(name, AnswerKind.Flag, audit.Health(search), [.. audit.Ranked(flagged, score).Select(row =>
        {
            var worst = Enumerable.Range(0, k).MinBy(one => each[one][row]);
            bool Doubted(int one) => byClass.Any(other => other[row]) ? byClass[one][row] : one == worst;
            return new AnswerIssue(set.Ids[row], row, Names(one => labels[(row * k) + one] == 1), Names(one => labels[(row * k) + one] == 1 != Doubted(one)), quality[row]);
        })])
        { Flags = [.. Enumerable.Range(0, k).Select(one => new FlagIssues(set.Answers[flags[one]].Name, labels.Where((_, i) => i % k == one).Sum(), common[one].Single(issue => issue.Given).Rows, common[one].Single(issue => !issue.Given).Rows))] };

        string Names(Func<int, bool> has) => string.Join(", ", Enumerable.Range(0, k).Where(has).Select(one => set.Answers[flags[one]].Name));
    }

    static TargetIssues OfNumber(AnswerSet set, int answer)
    {
        var (given, predicted) = (set.TruthOf(answer), set.Column(answer));
        var quality = RegressionQuality.Relative(given, predicted);
        AnswerIssue[] issues = [.. QualityScores.Order(Enumerable.Range(0, set.Count).Where(row => quality[row] < RegressionQuality.Doubtful), quality)
            .Select(row => new AnswerIssue(set.Ids[row], row, Text(given[row]), Text(predicted[row]), quality[row]))];
        return new(set.Answers[answer].Name, AnswerKind.Number, 1 - (issues.Length / (double)Math.Max(1, set.Count)), issues);
    }

    static string Text(double value) => value.ToString("G6", CultureInfo.InvariantCulture);
}

/// <summary>The label issues of one target.</summary>
/// <param name="Name">The column, or <see cref="AnswerQueue.Labels"/>.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Health">The share of rows without an issue; of classes of labels that are not counted as wrong.</param>
/// <param name="Issues">Worst first.</param>
public sealed record TargetIssues(string Name, AnswerKind Kind, double Health, IReadOnlyList<AnswerIssue> Issues)
{
    /// <summary>Of a target of classes: its queue, with their health and overlaps.</summary>
    public LabelQueue? Classes { get; init; }

    /// <summary>Of labels: how often each is wrong.</summary>
    public IReadOnlyList<FlagIssues> Flags { get; init; } = [];
}

/// <summary>How often a label is wrong.</summary>
/// <param name="Label">Its name.</param>
/// <param name="Rows">Rows that have it.</param>
/// <param name="WronglyGiven">Rows that should not, as it seems.</param>
/// <param name="WronglyWithheld">Rows that should have it and have not.</param>
public sealed record FlagIssues(string Label, int Rows, int WronglyGiven, int WronglyWithheld);

/// <summary>One row whose answer is probably wrong.</summary>
/// <param name="Id">The row's id.</param>
/// <param name="Row">Its place, from 0.</param>
/// <param name="Given">The class; all labels that the row has; the number.</param>
/// <param name="Suggested">The same as the models would have it.</param>
/// <param name="Quality">How likely it is right, 1 at best.</param>
public sealed record AnswerIssue(string Id, int Row, string Given, string Suggested, double Quality);
