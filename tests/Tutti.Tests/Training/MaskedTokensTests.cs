using Tutti.Models;
using Tutti.Tests.Models;
using Tutti.Tests.Nn;
using Tutti.Tests.Torch;
using Tutti.Text;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Training;

/// <summary>Masks of tokens, and the loss of what is masked.</summary>
public sealed class MaskedTokensTests() : EngineTest(threads: 1)
{
    static readonly Tokenizer words = WordPieceTrainer.Train([.. Enumerable.Range(0, 60).Select(i => $"walking walked walker jumps jumped run{i} unhappily a the of {i}")], 150);

    static readonly string[] vocabulary = ["walking", "jumped", "unhappily", "the", "run7", "of"];

    static Example Text(int row, int count = 30) => new(words.Encode(string.Join(' ', Enumerable.Range(0, count).Select(i => vocabulary[((7 * i) + row) % 6]))).Ids, null, -1, row);

    [Fact]
    public void A_share_of_the_tokens_is_masked_and_no_special_token()
    {
        var objective = new MaskedTokens(words, 1);
        int[] special = [words.PadId!.Value, words.ClsId!.Value, words.SepId!.Value, words.MaskId!.Value, words.UnknownId!.Value];
        var (masked, random, kept) = (0, 0, 0);
        for (var row = 0; row < 300; row++)
        {
            var text = Text(row);
            var seen = objective.Masked(text, 1);
            Assert.Equal(Math.Round(0.15 * (text.Ids.Length - 2)), seen.Asked!.Length);
            Assert.Equal(seen.Asked.Select(place => text.Ids[place]), seen.Answers);
            Assert.Equal(seen.Asked, seen.Asked.Distinct().Order());
            for (var place = 0; place < text.Ids.Length; place++)
                if (!seen.Asked.Contains(place)) Assert.Equal(text.Ids[place], seen.Ids[place]);
                else if (seen.Ids[place] == words.MaskId) masked++;
                else if (seen.Ids[place] == text.Ids[place]) kept++;
                else random++;
            Assert.DoesNotContain(seen.Answers!, special.Contains);
            Assert.DoesNotContain(seen.Asked, place => seen.Ids[place] != words.MaskId && special.Contains(seen.Ids[place]));
        }
        double all = masked + random + kept;
        Assert.InRange(masked / all, 0.77, 0.83);
        Assert.InRange(random / all, 0.08, 0.12);
        Assert.InRange(kept / all, 0.08, 0.12);
    }

    [Fact]
    public void Masks_depend_on_seed_epoch_and_row_alone()
    {
        var (one, again, other) = (new MaskedTokens(words, 1), new MaskedTokens(words, 1), new MaskedTokens(words, 2));
        var text = Text(4);
        Assert.Equal(one.Masked(text, 3).Ids, again.Prepared([Text(9), text], 3)[1].Ids);
        Assert.NotEqual(one.Masked(text, 3).Asked, one.Masked(text, 4).Asked);
        Assert.NotEqual(one.Masked(text, 3).Asked, other.Masked(text, 3).Asked);
        Assert.NotEqual(one.Masked(text, 3).Asked, one.Masked(text with { Row = 5 }, 3).Asked);
    }

    [Fact]
    public void Whole_words_are_masked_with_all_their_pieces_or_not_at_all()
    {
        var objective = new MaskedTokens(words, 1, wholeWords: true);
        var pieces = 0;
        for (var row = 0; row < 100; row++)
        {
            var text = Text(row);
            var asked = objective.Masked(text, 1).Asked!.ToHashSet();
            Assert.InRange(asked.Count, 1, Math.Max(4, Math.Round(0.15 * (text.Ids.Length - 2))));
            for (var place = 2; place < text.Ids.Length - 1; place++)
                if (words.TokenOf(text.Ids[place]).StartsWith("##", StringComparison.Ordinal))
                {
                    Assert.Equal(asked.Contains(place - 1), asked.Contains(place));
                    pieces++;
                }
        }
        Assert.True(pieces > 100);
    }

    [Fact]
    public void A_text_of_special_tokens_has_nothing_to_mask()
    {
        var objective = new MaskedTokens(words, 1);
        Assert.False(objective.CanLearn(new([words.ClsId!.Value, words.SepId!.Value], null, -1, 0)));
        Assert.True(objective.CanLearn(Text(0, 1)));
        Assert.Single(objective.Masked(Text(0, 1), 1).Asked!);
    }

    static TextModel Model(string kind, DType dtype = DType.Float64, double dropout = 0.2) =>
        ModelFolder.New(Tiny.Config(kind, dropout: dropout).With("vocab_size", words.VocabularySize).With("max_position_embeddings", 64).AsLanguageModel(), 2, dtype: dtype);

    [Theory, MemberData(nameof(Tiny.Kinds), MemberType = typeof(Tiny))]
    public void Only_the_asked_tokens_get_numbers_and_they_are_those_of_all(string kind)
    {
        using var model = Model(kind);
        Example[] texts = [.. new MaskedTokens(words, 1).Prepared([Text(0, 8), Text(1, 3), Text(2, 9)], 1)];
        var batch = TextData.Batch(texts);
        var asked = model.Forward(batch);
        Assert.Equal([batch.Asked!.Length, words.VocabularySize], asked.Shape);
        var all = model.Forward(batch with { Asked = null }).IndexSelect(0, Tensor.From(Array.ConvertAll(batch.Asked, place => (long)place)));
        Assert.True(Check.Worst(all.ToArray<double>(), asked.ToArray<double>()) <= 1e-12);
    }

    [Theory, MemberData(nameof(Tiny.Kinds), MemberType = typeof(Tiny))]
    public void The_gradient_counts_every_masked_token_alike_however_an_update_is_cut(string kind)
    {
        using var model = Model(kind);
        var objective = new MaskedTokens(words, 1);
        Example[] texts = [.. objective.Prepared([.. Enumerable.Range(0, 7).Select(row => Text(row, 2 + (row * 4)))], 1)];
        Assert.Equal(texts.Sum(text => text.Asked!.Length), objective.Weight(texts));
        Dictionary<string, double[]> Gradients(bool checkpointing, params Example[][] parts)
        {
            foreach (var item in model.Params.Items) item.Stored.SetGrad(null);
            new Learner(model, new TrainConfig(), 3, objective: objective).Gradients(parts, 5, checkpointing);
            return model.Params.Items.ToDictionary(item => item.Name, item => (item.Stored.Grad ?? throw new InvalidOperationException($"{item.Name} has no gradient")) is { IsByRows: true } grad ? grad.Dense().ToArray<double>() : item.Stored.Grad.ToArray<double>());
        }
        var whole = Gradients(false, texts);
        foreach (var other in new[] { Gradients(false, texts[..1], texts[1..5], texts[5..]), Gradients(true, texts[..3], texts[3..]) })
            foreach (var (name, values) in whole) Assert.True(Check.Worst(values, other[name]) <= 1e-11, name);
    }

    [Theory, MemberData(nameof(Tiny.Kinds), MemberType = typeof(Tiny))]
    public void An_adapted_encoder_is_read_back_and_becomes_a_classifier(string kind)
    {
        using var temp = Shared.Temp();
        using var model = Model(kind, DType.Float32);
        ModelFolder.Save(model, temp.Path);
        using (var same = ModelFolder.Load(temp.Path, null, 9, out var report))
        {
            Assert.Empty(report.Lines());
            Assert.True(new ModelConfig(same.Config, "").IsLanguageModel);
            var batch = TextData.Batch([Text(0, 4)]);
            Assert.Equal(model.Forward(batch).ToArray<float>(), same.Forward(batch).ToArray<float>());
        }
        using var classifier = ModelFolder.Load(temp.Path, ["no", "yes"], 9, out var fresh);
        var prefix = Catalog.Find(new(model.Config, "")).Prefix;
        foreach (var item in model.Params.Items.Where(item => item.Name.StartsWith(prefix + ".", StringComparison.Ordinal)))
            Assert.Equal(item.Value.ToArray<float>(), classifier.Params.Items.Single(other => other.Name == Named(item.Name)).Value.ToArray<float>());
        string Named(string name) => Catalog.Find(new(classifier.Config, "")).Renamed is { } renamed ? renamed(new(classifier.Config, ""), name, _ => false)! : name;
        Assert.DoesNotContain(fresh.Missing, name => name.StartsWith(prefix + ".", StringComparison.Ordinal) && name.Contains(".layer", StringComparison.Ordinal) || name.Contains("embeddings", StringComparison.Ordinal));
        Assert.Equal([1, 2], classifier.Forward(TextData.Batch([Text(0, 4)])).Shape);
    }

    [Fact]
    public void A_small_model_learns_that_a_text_repeats_its_word()
    {
        using var model = Model("bert", DType.Float32, dropout: 0);
        var objective = new MaskedTokens(words, 1, wholeWords: true);
        string[] some = ["the ", "of ", "a "];
        Example[] texts = [.. Enumerable.Range(0, 60).Select(row => new Example(words.Encode(string.Concat(Enumerable.Repeat(some[row % 3], 8))).Ids, null, -1, row))];
        var before = objective.Evaluate(model, texts[40..], Precision.Fp32, 512, TestContext.Current.CancellationToken);
        var fit = new Learner(model, new TrainConfig { Batch = 20, Epochs = 40, LearningRate = 5e-3 }, 1, objective: objective).FitInTest(texts[..40], texts[40..]);
        Assert.True(before.Loss > 3, $"{before.Loss}");
        Assert.True(fit.Best is { Loss: < 0.5, Accuracy: > 0.8 }, $"{fit.Best}");
        var after = objective.Evaluate(model, texts[40..], Precision.Fp32, 64, TestContext.Current.CancellationToken);
        Assert.Equal(fit.Best.Loss, after.Loss, 1e-5);                            // the masks of held-out texts are always the same
    }
}
