using Tutti.Ensembling;
using Tutti.Evaluation;
using Tutti.Predictions;

namespace Tutti.Tests.Predictions;

/// <summary>Answers of several kinds: files, blends and scores, worked out by hand.</summary>
public sealed class AnswerSetTests : IDisposable
{
    static readonly Answer[] answers = [new("a,b", AnswerKind.Class, ["x", "y \"z\""]), new("flag", AnswerKind.Flag, []), new("size", AnswerKind.Number, []) { Mean = 3, Spread = 2 }];

    readonly TempFolder temp = Shared.Temp();

    public void Dispose() => temp.Dispose();

    static AnswerSet Set(params double[] values) => new(["1", "2"], answers, values, [0, 1, -1.5, 1, 0, 1e300], [1, 0]);

    [Fact]
    public void A_file_reads_back_exactly()
    {
        var set = Set(0.1, 0.9, 1.0 / 3, -1e-7, 0.75, 0.25, 0, 1e300);
        AnswerFile.Write(temp.File("all.csv"), set);
        var read = AnswerFile.Read(temp.File("all.csv"), answers);
        Assert.Equal(set.Values, read.Values);
        Assert.Equal(set.Truth, read.Truth);
        Assert.Equal(set.Folds, read.Folds);
        Assert.Equal(set.Ids, read.Ids);

        AnswerFile.Write(temp.File("rows.csv"), answers, write => write("2", [0.75, 0.25, 0.5, 7]));
        Assert.Equal("id,\"prediction_a,b\",\"p_a,b=x\",\"p_a,b=y \"\"z\"\"\",prediction_flag,p_flag,prediction_size\n2,x,0.75,0.25,1,0.5,7\n", File.ReadAllText(temp.File("rows.csv")));
        Assert.Null(AnswerFile.Read(temp.File("rows.csv"), answers).Truth);
        Assert.Throws<DataException>(() => AnswerFile.Read(temp.File("rows.csv"), answers[..2]));
    }

    [Fact]
    public void A_config_keeps_answers()
    {
        var read = Answer.FromJson(Answer.ToJson(answers), "config.json");
        Assert.Equal(answers.Select(answer => (answer.Name, answer.Kind, answer.Width, answer.Mean, answer.Spread)), read.Select(answer => (answer.Name, answer.Kind, answer.Width, answer.Mean, answer.Spread)));
        Assert.Equal(answers[0].Classes, read[0].Classes);
        Assert.Contains("config.json", Assert.Throws<DataException>(() => Answer.FromJson(System.Text.Json.Nodes.JsonNode.Parse("""[{"name": 1}]""")!, "config.json")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Impossible_values_are_refused_naming_the_row()
    {
        Assert.Contains("'2'", Assert.Throws<ArgumentException>(() => Set(0.1, 0.9, 0.5, 0, 0.5, 0.6, 0, 0)).Message, StringComparison.Ordinal);
        Assert.Contains("flag", Assert.Throws<ArgumentException>(() => Set(0.1, 0.9, 1.5, 0, 0.5, 0.5, 0, 0)).Message, StringComparison.Ordinal);
        Assert.Contains("size", Assert.Throws<ArgumentException>(() => Set(0.1, 0.9, 0.5, double.NaN, 0.5, 0.5, 0, 0)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => AnswerSet.Join([Set(0.1, 0.9, 0.5, 0, 0.5, 0.5, 0, 0), Set(0.1, 0.9, 0.5, 0, 0.5, 0.5, 0, 0)], ["1", "2"]));
    }

    [Fact]
    public void Blends_average_probabilities_as_asked_and_numbers_always_by_their_mean()
    {
        double[] first = [0.2, 0.8, 0.1, 4, 0.5, 0.5, 0.5, 1], second = [0.5, 0.5, 0.9, 8, 0.5, 0.5, 0.5, 3];
        Assert.Equal([0.35, 0.65, 0.5, 6], AnswerBlend.Values(BlendKind.Mean, answers, [first, second])[..4].Select(value => Math.Round(value, 12)));
        var geometric = AnswerBlend.Values(BlendKind.Geometric, answers, [first, second]);
        // sqrt(0.2 0.5) to sqrt(0.8 0.5) is 1 to 2; sqrt(0.1 0.9) is the same for the flag and its opposite.
        Assert.Equal([1.0 / 3, 2.0 / 3, 0.5, 6], geometric[..4], (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal(2, AnswerBlend.Of(BlendKind.Mean, [Set(first), Set(second)]).Values[7]);
    }

    [Fact]
    public void Scores_are_those_of_each_kind()
    {
        double[] values = [0.9, 0.1, 0.8, 1, 0.4, 0.6, 0.3, 5];
        var set = new AnswerSet(["1", "2"], answers, values, [0, 1, 2, 0, 0, 4]);
        var scores = AnswerScores.Of(set, resamples: 50);
        Assert.Equal(["labels", "a,b", "size"], scores.Select(answer => answer.Name));
        double Of(int answer, string name) => scores[answer].Scores.Single(score => score.Name == name).Score.Value;
        Assert.Equal((1, 1, 0, 1), (Of(0, "exact match"), Of(0, "F1 micro"), Of(0, "Hamming loss"), Of(0, "ROC-AUC")));
        Assert.Equal(-(Math.Log(0.8) + Math.Log(0.7)) / 2, Of(0, "log-loss"), 12);
        Assert.Equal(0.5, Of(1, "accuracy"));
        Assert.Equal((1, 1, 0, 1), (Of(2, "RMSE"), Of(2, "MAE"), Of(2, "R2"), Math.Round(Of(2, "Spearman"), 12)));
        var losses = AnswerScores.Losses(set);
        Assert.Equal(-Math.Log(0.9) - Math.Log(0.8) + 1, losses[0], 12);              // the variance of 2 and 4 is 1
        Assert.Equal(-Math.Log(0.4) - Math.Log(0.7) + 1, losses[1], 12);
    }
}
