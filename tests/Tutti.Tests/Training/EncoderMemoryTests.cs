using Tutti.Models;
using Tutti.Tests.Models;
using Tutti.Tests.Torch;
using Tutti.Text;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Training;

/// <summary>The plan of memory holds for architectures whose attention needs a rectangle, for shared layers, and for losses over a vocabulary.</summary>
public sealed class EncoderMemoryTests() : EngineTest(threads: 1)
{
    static readonly Tokenizer words = WordPieceTrainer.Train([.. Enumerable.Range(0, 400).Select(i => $"word{i} other{i * 7}")], 800);

    static double[] Fit(string kind, bool language, long? limit, out MemoryPlan plan, out long peak)
    {
        Memory.Trim();
        var config = Tiny.Config(kind, classes: 3, dropout: 0.1, layers: 3);
        foreach (var (key, value) in new[] { ("hidden_size", 48), ("dim", 48), ("num_attention_heads", 4), ("n_heads", 4), ("intermediate_size", 96), ("hidden_dim", 96), ("max_position_embeddings", 98), ("vocab_size", language ? words.VocabularySize : SmallEncoder.Vocabulary) })
            if (config.Json[key] is not null) config = config.With(key, value);
        if (language) config = config.AsLanguageModel();
        if (limit is { } bytes) Memory.Limit(bytes);
        try
        {
            using var model = ModelFolder.New(config, 1);
            var (steps, plans) = (new SomeExamples.Kept<StepResult>(), new SomeExamples.Kept<MemoryReport>());
            var texts = SmallEncoder.Examples(96);
            var settings = SmallEncoder.Config with { Epochs = 1, LabelSmoothing = 0 };
            var fit = new Learner(model, settings, 1, objective: language ? new MaskedTokens(words, 1) : null).FitInTest(texts, texts[..20], new(steps, Plans: plans));
            (plan, peak) = (plans[0].Plan, fit.PeakBytes);
            return [.. steps.Select(step => step.Loss)];
        }
        finally
        {
            Memory.Limit(null);
        }
    }

    [Theory, InlineData("deberta-v2", false), InlineData("mpnet", false), InlineData("modernbert", false), InlineData("albert", false), InlineData("bert", true), InlineData("deberta-v2", true), InlineData("awd-lstm", false)]
    public void A_smaller_limit_is_kept_and_changes_time_only(string kind, bool language)
    {
        var natural = Fit(kind, language, null, out var plan, out var peak);
        Assert.InRange(plan.PredictedPeak, peak * 0.85, peak * 1.15);
        foreach (var share in new[] { 0.7, 0.45 })
        {
            var limit = (long)(share * peak);
            var losses = Fit(kind, language, limit, out var smaller, out var used);
            Assert.InRange(used, 1, limit);
            Assert.True(smaller.MicroTokens < plan.MicroTokens || smaller.Checkpointing);
            Assert.All(natural.Zip(losses), pair => Assert.Equal(pair.First, pair.Second, 2e-4 * pair.First));
        }
    }
}
