using Tutti.Baselines;
using Tutti.Predictions;
using Tutti.Reports;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>What stands beside the members where answers are learnt: what says the same of every row, and TF-IDF of words with logistic regression or, for numbers, ridge regression.</summary>
static class AnswerBaselines
{
    /// <param name="data">The run's rows.</param>
    /// <param name="scored">Out-of-fold answers: which rows are scored, and in which fold each was held out.</param>
    public static IEnumerable<AnswerRow> Rows(RunData data, AnswerSet scored)
    {
        var (answers, rowOf) = (data.Answers!, data.TrainIds.Index().ToDictionary(pair => pair.Item, pair => pair.Index, StringComparer.Ordinal));
        int[] rows = [.. scored.Ids.Select(id => rowOf[id])], folds = [.. Enumerable.Range(0, data.Train.Count).Select(data.Folds.Of)];
        yield return Row("always the same", Enumerable.Range(0, answers.Answers.Count).Select(answer => Same(data, answer, folds)));
        if (data.Pictures) yield break;                       // they have no words
        var texts = TextData.Texts(data.Train, data.Text);
        if (data.Pair is not null) texts = [.. texts.Zip(TextData.Texts(data.Train, data.Pair), (first, second) => $"{first} {second}")];
        yield return Row("TF-IDF baseline", Enumerable.Range(0, answers.Answers.Count).Select(answer => Words(answers, answer, texts, folds)));

        AnswerRow Row(string name, IEnumerable<double[]> columns)
        {
            var parts = columns.ToArray();
            return AnswerRow.Of(name, new(scored.Ids, scored.Answers, [.. rows.SelectMany(row => parts.SelectMany((part, answer) => part.AsSpan(row * answers.Answers[answer].Width, answers.Answers[answer].Width).ToArray()))], scored.Truth, scored.Folds), []);
        }
    }

    /// <summary>The shares of the classes, of the rows with a label, or the mean of the numbers, among the training rows of each row's fold.</summary>
    static double[] Same(RunData data, int answer, int[] folds)
    {
        var (what, truth) = (data.Answers!.Answers[answer], data.Answers.Truth);
        var perFold = Enumerable.Range(0, data.Folds.Count).Select(fold =>
        {
            var training = data.Folds.Train(fold);
            double[] known = [.. training.Select(row => (double)truth[row][answer]).Where(value => !double.IsNaN(value))];
            return what.HasClasses ? Enumerable.Range(0, what.Width).Select(k => known.Count(value => value == k) / (double)known.Length).ToArray() : [known.Average()];
        }).ToArray();
        return [.. folds.SelectMany(fold => fold < 0 ? new double[what.Width] : perFold[fold])];
    }

    static double[] Words(RunAnswers answers, int answer, string[] texts, int[] folds)
    {
        var truth = answers.Truth.Select(row => row[answer]).ToArray();
        if (answers.Answers[answer].Kind == AnswerKind.Number) return TextRegressionBaseline.OutOfFold(texts, [.. truth.Select(value => (double)value)], folds);
        var flag = answers.Answers[answer].Kind == AnswerKind.Flag;
        var probabilities = TextBaseline.OutOfFold(texts, [.. truth.Select(value => float.IsNaN(value) ? -1 : (int)value)], flag ? 2 : answers.Answers[answer].Width, folds);
        return flag ? [.. Enumerable.Range(0, texts.Length).Select(row => probabilities[(row * 2) + 1])] : probabilities;
    }
}
