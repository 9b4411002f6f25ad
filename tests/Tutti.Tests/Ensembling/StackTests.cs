using Tutti.Ensembling;

namespace Tutti.Tests.Ensembling;

public sealed class StackTests
{
    static double LogLoss(IReadOnlyList<double[]> members, double[] weights, SimulatedMembers data) =>
        BlendMetric.LogLoss.Of(Blend.Average(BlendKind.Mean, [.. members], weights, data.Classes), data.Labels, data.Classes);

    [Fact]
    public void No_other_weights_have_a_smaller_loss()
    {
        var data = SimulatedMembers.Of(1, 600, 3, 0.5, 1, 2, double.PositiveInfinity);
        var weights = NonNegativeStack.Weights(data.Members, data.Labels, data.Classes);
        Assert.Equal(1, weights.Sum(), 1e-12);
        var least = LogLoss(data.Members, weights, data);
        var random = new Random(2);
        for (var i = 0; i < 300; i++)
        {
            double[] other = [.. weights.Select(weight => Math.Max(0, weight + (0.2 * (random.NextDouble() - 0.5))))];
            double[] scaled = [.. other.Select(weight => weight / other.Sum())];
            Assert.True(LogLoss(data.Members, scaled, data) >= least - 1e-9);
        }
        Assert.Equal(weights.Max(), weights[0]);
        Assert.InRange(weights[3], 0, 0.05);
    }

    [Fact]
    public void A_member_twice_shares_what_it_would_have_alone()
    {
        var data = SimulatedMembers.Of(3, 400, 2, 0.7, 1.5);
        var (once, twice) = (NonNegativeStack.Weights(data.Members, data.Labels, 2), NonNegativeStack.Weights([.. data.Members, data.Members[0]], data.Labels, 2));
        Assert.Equal(once[0], twice[0] + twice[2], 1e-4);
        Assert.Equal(twice[0], twice[2], 1e-12);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Logistic_stacking_lies_at_a_minimum_and_beats_each_member(bool perClass)
    {
        var data = SimulatedMembers.Of(4, 1500, 3, 1, 1.2, double.PositiveInfinity);
        var stack = LogisticStack.Fit(data.Members, data.Labels, data.Classes, perClass);
        var blended = stack.Apply(data.Members);
        for (var row = 0; row < data.Labels.Length; row++) Assert.Equal(1, blended.AsSpan(row * 3, 3).ToArray().Sum(), 1e-9);
        var loss = BlendMetric.LogLoss.Of(blended, data.Labels, 3);
        Assert.All(data.Members, member => Assert.True(BlendMetric.LogLoss.Of(member, data.Labels, 3) > loss + 0.01));
        // A member that knows nothing gets next to nothing; noise of deviation 1 on logits of 1.5 wants a weight well below 1.
        Assert.InRange(stack.Weights[2], -0.1, 0.1);
        Assert.InRange(stack.Weights[0], 0.2, 0.6);
        Assert.True(stack.Weights[0] > stack.Weights[1]);
    }

    [Fact]
    public void Without_evidence_logistic_stacking_stays_the_geometric_mean()
    {
        var data = SimulatedMembers.Of(5, 4000, 2, 0, 0);
        double[][] alike = [data.Members[0], data.Members[0]];
        var stack = LogisticStack.Fit(alike, data.Labels, 2);
        Assert.Equal(stack.Weights[0], stack.Weights[1], 1e-9);
        Assert.InRange(stack.Weights.Sum(), 0.9, 1.1);
    }

    [Fact]
    public void Nothing_to_learn_from_is_an_error()
    {
        Assert.Throws<ArgumentException>(() => NonNegativeStack.Weights([], [0], 2));
        Assert.Throws<ArgumentException>(() => LogisticStack.Fit([[]], [], 2));
        Assert.Throws<ArgumentException>(() => HillClimb.Of([], [0], 2));
    }
}
