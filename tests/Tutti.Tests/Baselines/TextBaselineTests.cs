using System.Text.Json.Nodes;
using Tutti.Baselines;

namespace Tutti.Tests.Baselines;

/// <summary>TF-IDF and logistic regression against values recorded from scikit-learn (the file beside this one, on texts of our own).</summary>
public sealed class TextBaselineTests
{
    static readonly JsonNode recorded = JsonNode.Parse(File.ReadAllText(Path.Combine(Shared.Root, "tests", "Tutti.Tests", "Baselines", "text-baseline.json")))!;

    public static TheoryData<int> Cases() => [.. Enumerable.Range(0, recorded["cases"]!.AsArray().Count)];

    static (string[] Texts, int[] Labels, int Training, int Classes, JsonNode Json) Case(int i)
    {
        var json = recorded["cases"]![i]!;
        return ([.. json["texts"]!.AsArray().Select(text => (string)text!)], [.. json["labels"]!.AsArray().Select(label => (int)label!)], (int)json["training"]!, (int)json["classes"]!, json);
    }

    [Theory, MemberData(nameof(Cases))]
    public void Words_and_weights_are_those_of_scikit_learn(int i)
    {
        var (texts, _, training, _, json) = Case(i);
        var (vocabulary, counts) = WordCounts.Of(texts);
        var rows = TfIdf.Of(counts, [.. Enumerable.Range(0, training)]);
        for (var row = 0; row < texts.Length; row++)
        {
            var actual = Enumerable.Range(rows.Starts[row], rows.Starts[row + 1] - rows.Starts[row]).Where(at => rows.Values[at] > 0).ToDictionary(at => vocabulary[rows.Indices[at]], at => rows.Values[at]);
            var expected = json["tfidf"]![row]!.AsObject();
            Assert.Equal(expected.Select(pair => pair.Key).Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
            foreach (var (word, value) in expected) Assert.Equal((double)value!, actual[word], 1e-14);
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Probabilities_are_those_of_scikit_learn(int i)
    {
        var (texts, labels, training, classes, json) = Case(i);
        var actual = TextBaseline.Predict(texts[..training], labels[..training], classes, texts[training..]);
        var expected = json["probabilities"]!.AsArray().SelectMany(row => row!.AsArray()).Select(value => (double)value!).ToArray();
        Assert.Equal(expected.Length, actual.Length);
        // The gradient is driven to 5e-5, the reference's to 1e-10.
        for (var at = 0; at < expected.Length; at++) Assert.Equal(expected[at], actual[at], 2e-5);
    }

    [Theory, MemberData(nameof(Cases))]
    public void Out_of_fold_is_each_fold_predicted_from_the_others(int i)
    {
        var (texts, labels, _, classes, _) = Case(i);
        int[] folds = [.. Enumerable.Range(0, texts.Length).Select(row => (row % 4) - 1)];
        var all = TextBaseline.OutOfFold(texts, labels, classes, folds);
        for (var fold = 0; fold < 3; fold++)
        {
            int[] held = [.. Enumerable.Range(0, texts.Length).Where(row => folds[row] == fold)], others = [.. Enumerable.Range(0, texts.Length).Except(held)];
            var alone = TextBaseline.Predict([.. others.Select(row => texts[row])], [.. others.Select(row => labels[row])], classes, [.. held.Select(row => texts[row])]);
            for (var at = 0; at < held.Length; at++)
                for (var k = 0; k < classes; k++) Assert.Equal(alone[(at * classes) + k], all[(held[at] * classes) + k], 1e-9);
        }
        for (var row = 0; row < texts.Length; row += 4) Assert.All(all[(row * classes)..((row + 1) * classes)], value => Assert.Equal(0, value));
    }

    [Fact]
    public void Labels_of_held_out_rows_are_never_read()
    {
        var (texts, labels, training, classes, _) = Case(1);
        int[] folds = [.. Enumerable.Range(0, texts.Length).Select(row => row < training ? 0 : 1)];
        var before = TextBaseline.OutOfFold(texts, labels, classes, folds);
        int[] changed = [.. labels.Select((label, row) => row < training ? label : (label + 1) % classes)];
        var after = TextBaseline.OutOfFold(texts, changed, classes, folds);
        Assert.Equal(before[(training * classes)..], after[(training * classes)..]);
        Assert.NotEqual(before[..(training * classes)], after[..(training * classes)]);
    }

    [Fact]
    public void A_class_without_training_rows_gets_no_probability()
    {
        string[] texts = ["aa bb", "aa cc", "dd ee", "dd ff"];
        var three = TextBaseline.Predict(texts, [0, 0, 2, 2], 3, ["aa", "dd", "unseen"]);
        var two = TextBaseline.Predict(texts, [0, 0, 1, 1], 2, ["aa", "dd", "unseen"]);
        for (var row = 0; row < 3; row++)
        {
            Assert.Equal((two[row * 2], 0d, two[(row * 2) + 1]), (three[row * 3], three[(row * 3) + 1], three[(row * 3) + 2]));
            Assert.Equal(1, two[row * 2] + two[(row * 2) + 1], 1e-12);
        }
        Assert.True(two[0] > 0.5 && two[2] < 0.5);
        Assert.Equal([0d, 1, 0], TextBaseline.Predict(texts, [1, 1, 1, 1], 3, ["aa"]));
    }

    [Fact]
    public void Words_of_one_text_only_share_a_column_and_get_their_weights_back()
    {
        // Columns 0 and 3 have two values, 1, 2 and 5 one, 4 none.
        var x = new SparseRows(6, [0, 4, 6, 7], [0, 1, 2, 3, 0, 5, 3], [1, 3, 4, 2, 5, 6, 7]);
        var fewer = FewerColumns.Of(x, out var rows);
        Assert.Equal([0, 3, 5, 6], rows.Starts);
        Assert.Equal((4, (int[])[0, 1, 2, 0, 3, 1], (double[])[1, 2, 5, 5, 6, 7]), (rows.Columns, rows.Indices, rows.Values), new Parts());
        Assert.Equal([10, 30 * 0.6, 30 * 0.8, 20, 0, 40, 50], fewer.Spread([10, 20, 30, 40, 50], 1));
        Assert.Equal([1, 2, 5 * 0.6, 6 * 0.6, 5 * 0.8, 6 * 0.8, 3, 4, 0, 0, 7, 8, 9, 10], fewer.Spread([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 2));
    }

    sealed class Parts : IEqualityComparer<(int, int[], double[])>
    {
        public bool Equals((int, int[], double[]) a, (int, int[], double[]) b) => a.Item1 == b.Item1 && a.Item2.SequenceEqual(b.Item2) && a.Item3.SequenceEqual(b.Item3);
        public int GetHashCode((int, int[], double[]) value) => value.Item1;
    }

    [Fact]
    public void Wrong_sizes_and_labels_are_errors()
    {
        Assert.Throws<ArgumentException>(() => TextBaseline.OutOfFold(["a"], [0, 1], 2, [0]));
        Assert.Throws<ArgumentException>(() => TextBaseline.Predict([], [], 2, ["aa"]));
        Assert.Throws<ArgumentException>(() => TextBaseline.Predict(["aa", "bb"], [0, 2], 2, ["aa"]));
    }

    /// <summary>More texts than one thread counts at a time: the numbering does not depend on who counted what.</summary>
    [Fact]
    public void Many_texts_are_counted_as_one_after_the_other()
    {
        string[] texts = [.. Enumerable.Range(0, 1000).Select(i => $"w{i % 37} w{i % 11} both w{i % 37} Both")];
        var (vocabulary, counts) = WordCounts.Of(texts);
        Assert.Equal(38, vocabulary.Count);
        Assert.Equal(vocabulary.Order(StringComparer.Ordinal), vocabulary);
        for (var row = 0; row < texts.Length; row++)
        {
            var expected = texts[row].ToLowerInvariant().Split(' ').GroupBy(word => word).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => (group.Key, (double)group.Count()));
            Assert.Equal(expected, Enumerable.Range(counts.Starts[row], counts.Starts[row + 1] - counts.Starts[row]).Select(at => (vocabulary[counts.Indices[at]], counts.Values[at])));
        }
    }
}
