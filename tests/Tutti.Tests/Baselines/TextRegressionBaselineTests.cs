using Tutti.Baselines;

namespace Tutti.Tests.Baselines;

/// <summary>Ridge regression of TF-IDF values.</summary>
public sealed class TextRegressionBaselineTests
{
    /// <summary>
    /// From scikit-learn 1.2.1: TfidfVectorizer().fit_transform(texts[:4]), Ridge(alpha=1).fit(., [1, 2, 3, 10]).predict of the last two.
    /// </summary>
    [Fact]
    public void Numbers_are_those_of_scikit_learn()
    {
        string[] texts = ["red apple", "red pear", "green pear today", "blue whale whale", "green apple", "blue pear"];
        var predicted = TextRegressionBaseline.OutOfFold(texts, [1, 2, 3, 10, 4, 5], [-1, -1, -1, -1, 0, 0]);
        Assert.Equal(Expected, predicted[4..], (a, b) => Math.Abs(a - b) < 1e-6);
    }

    static readonly double[] Expected = [3.278781056664213, 4.854881939964101];
}
