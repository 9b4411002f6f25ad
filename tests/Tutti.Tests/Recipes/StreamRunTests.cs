using Tutti.Recipes;

namespace Tutti.Tests.Recipes;

/// <summary>Recurrent language models by a recipe of task language-model.</summary>
[Collection(RunCollection.Name)]
public sealed class StreamRunTests : IDisposable
{
    const string Texts = """
        task: language-model
        data: { train: train.csv, text: "{text}", validation: 0.25 }
        train: { batch: 4, epochs: 2, bptt: 10, learning-rate: 1e-2 }
        members:
          - { model: { kind: awd-lstm, layers: 1, embedding: 12, hidden: 16, vocabulary: 200 }, name: awd }
          - { model: { kind: electra, layers: 1, hidden: 32, heads: 2, vocabulary: 300 }, name: masked, train: { max-length: 40 } }
        """;

    readonly TempFolder temp = Shared.Temp();

    public StreamRunTests() => TinyRun.Rows("train.csv", temp.File("train.csv"), 0, 96);

    public void Dispose() => temp.Dispose();

    IReadOnlyList<LanguageRow> Train(string recipe, string folder = "run")
    {
        using var thread = new OneThread();
        return new LanguageRun(Recipe.Parse(recipe, temp.Path), temp.File(folder)).Train(null, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Models_of_next_and_of_masked_tokens_stand_in_one_run_and_are_scored_on_other_texts()
    {
        var rows = Train(Texts);
        Assert.Equal(2, rows.Count);
        var awd = rows.Single(row => row.Cell.StartsWith("awd", StringComparison.Ordinal));
        Assert.Equal(24, awd.Perplexity.N);
        Assert.InRange(awd.Perplexity.Value, 2, 200);
        Assert.InRange(awd.Perplexity.Value, awd.Perplexity.Low, awd.Perplexity.High);
        TinyRun.Rows("train.csv", temp.File("others.csv"), 100, 40);
        var (scores, seen) = TrainedLanguage.Open(temp.File("run")).Score(temp.File("others.csv"), cancel: TestContext.Current.CancellationToken);
        Assert.False(seen);
        Assert.Equal(rows.Select(row => row.Cell), scores.Select(item => item.Name));
        Assert.All(scores, item => Assert.InRange(item.Scores.Perplexity.Value, 2, 400));
        Assert.Contains("predicts masked tokens; only recurrent", Assert.Throws<ConfigException>(() => TrainedLanguage.Open(temp.File("run")).Generate("masked seed 1 fold 0", "fire", 3, new(), [1], TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "the file is empty")]
    [InlineData("text\n", "a header")]
    [InlineData("text\na\nb\n", "train.batch 4 cuts them into as many streams")]
    public void A_corpus_of_nothing_or_next_to_nothing_is_refused(string file, string expected)
    {
        temp.Write("train.csv", file);
        var error = Assert.ThrowsAny<InputException>(() => Train(Texts.Replace("batch: 4,", file.Length > 6 ? "batch: 4, max-length: 8," : "batch: 4,", StringComparison.Ordinal).Split("\n  - { model: { kind: electra")[0] + "\n"));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(temp.File("run")));
    }

    [Fact]
    public void One_enormous_line_is_learnt_in_pieces()
    {
        temp.Write("train.csv", "text\n" + string.Concat(Enumerable.Range(0, 30_000).Select(i => i % 3 == 0 ? "fire " : "water ")) + "\nfire water water fire\n");
        var recipe = Texts.Replace("epochs: 2", "epochs: 1", StringComparison.Ordinal).Replace("batch: 4", "batch: 32", StringComparison.Ordinal).Replace("bptt: 10", "bptt: 70", StringComparison.Ordinal).Split("\n  - { model: { kind: electra")[0] + "\n";
        // Whichever line is held out, the other one has enough.
        var row = Train(recipe.Replace("validation: 0.25", "validation: 0.5", StringComparison.Ordinal).Replace("batch: 32", "batch: 2", StringComparison.Ordinal))[0];
        Assert.InRange(row.Perplexity.Value, 1, 40);
    }

    [Theory]
    [InlineData("validation: 0.25 }", "validation: 0.25, label: target }", "data.label: has no meaning with task language-model")]
    [InlineData("bptt: 10", "bptt: 1", "train.bptt: got 1")]
    [InlineData("bptt: 10", "jitter: -1", "train.jitter: got -1")]
    [InlineData("name: awd }", "name: awd, train: { mask-share: 0.2 } }", "awd predicts next tokens, not masked ones")]
    public void What_belongs_to_other_tasks_is_refused(string was, string now, string expected)
    {
        var error = Assert.ThrowsAny<InputException>(() => Train(Texts.Replace(was, now, StringComparison.Ordinal)));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(temp.File("run")));
    }
}
