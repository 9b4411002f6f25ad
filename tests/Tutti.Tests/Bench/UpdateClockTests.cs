using Tutti.Bench;
using Tutti.Tests.Torch;
using Tutti.Training;

namespace Tutti.Tests.Bench;

/// <summary>What the clock times is the update that users get.</summary>
public sealed class UpdateClockTests() : EngineTest(threads: 1)
{
    static readonly BertSize size = new(2, 16, 2, 32, 60);

    [Theory]
    [InlineData(Precision.Fp32)]
    [InlineData(Precision.Bf16)]
    public void A_pass_under_the_clock_changes_the_weights_exactly_as_Learner_does(Precision precision)
    {
        // Micro-batches of 24 tokens, so that an update has several.
        var config = new TrainConfig { Batch = 8, Epochs = 1, LearningRate = 1e-3, Schedule = ScheduleKind.Constant, Warmup = 0, MicroTokens = 24, Precision = precision };
        var examples = Berts.Examples([.. Lengths.Tweets(32).Select(length => Math.Min(length, 12))], size.Vocabulary, seed: 1);
        using var learned = Berts.New(size, seed: 1);
        new Learner(learned, config, seed: 1).Fit(examples, examples[..1], cancel: TestContext.Current.CancellationToken);
        using var clocked = Berts.New(size, seed: 1);
        using (var clock = new UpdateClock(clocked, config, seed: 1)) clock.Epoch(examples);
        foreach (var (ours, theirs) in clocked.Params.Items.Zip(learned.Params.Items)) Assert.Equal(theirs.Value.ToArray<float>(), ours.Value.ToArray<float>());
        Assert.False(clocked.Params.Run.Training);
    }

    [Fact]
    public void The_parts_of_an_update_are_there_and_add_up_to_no_more_than_it()
    {
        var examples = Berts.Examples(Lengths.Fixed(16, 8), size.Vocabulary, seed: 1);
        using var model = Berts.New(size, seed: 1);
        using var clock = new UpdateClock(model, new() { Batch = 8 }, seed: 1);
        var parts = clock.Epoch(examples);
        Assert.All(new[] { parts.Forward, parts.Backward, parts.Optimizer, parts.Preparation, parts.Other }, part => Assert.True(part > 0));
        Assert.Equal(parts.Update, parts.Forward + parts.Backward + parts.Optimizer + parts.Preparation + parts.Other, 1e-9);
    }
}
