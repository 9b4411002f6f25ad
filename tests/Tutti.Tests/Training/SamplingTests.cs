using Tutti.Training;

namespace Tutti.Tests.Training;

public sealed class SamplingTests
{
    static readonly float[] logits = [MathF.Log(0.1f), MathF.Log(0.4f), MathF.Log(0.2f), MathF.Log(0.3f)];
    static readonly HashSet<int> none = [];

    [Fact]
    public void Plain_sampling_has_the_probabilities_of_softmax_the_most_probable_first()
    {
        var candidates = new Sampling().Candidates(logits, none);
        Assert.Equal([1, 3, 2, 0], candidates.Select(item => item.Id));
        foreach (var (rank, (_, probability)) in candidates.Index()) Assert.Equal(0.1 * (4 - rank), probability, 6);
    }

    [Fact]
    public void Top_k_and_top_p_keep_the_most_probable_tokens_and_give_them_everything()
    {
        var two = new Sampling(TopK: 2).Candidates(logits, none);
        Assert.Equal([1, 3], two.Select(item => item.Id));
        Assert.Equal(0.4 / 0.7, two[0].Probability, 6);
        Assert.Equal([1, 3], new Sampling(TopP: 0.6).Candidates(logits, none).Select(item => item.Id));
        Assert.Equal([1], new Sampling(TopP: 0.39).Candidates(logits, none).Select(item => item.Id));
        Assert.Equal(1, new Sampling(TopK: 3, TopP: 0.8).Candidates(logits, none).Sum(item => item.Probability), 12);
    }

    [Fact]
    public void Temperature_sharpens_and_0_takes_the_most_probable_token_of_those_allowed()
    {
        var cold = new Sampling(Temperature: 0.5).Candidates(logits, none);
        Assert.Equal(0.16 / (0.16 + 0.09 + 0.04 + 0.01), cold[0].Probability, 6);
        Assert.Equal([(1, 1.0)], new Sampling(Temperature: 0).Candidates(logits, none));
        Assert.Equal([(3, 1.0)], new Sampling(Temperature: 0).Candidates(logits, new HashSet<int> { 1 }));
    }

    [Fact]
    public void Draws_cover_the_candidates_by_their_shares()
    {
        var candidates = new Sampling().Candidates(logits, none);
        Assert.Equal([1, 1, 1, 1, 3, 3, 3, 2, 2, 0], Enumerable.Range(0, 10).Select(tenth => Sampling.Draw(candidates, (tenth / 10.0) + 0.05)));
        Assert.Equal(0, Sampling.Draw(candidates, 0.99999999999));
    }

    [Theory, InlineData(-1, 0, 1, "--temperature"), InlineData(double.NaN, 0, 1, "--temperature"), InlineData(1, -1, 1, "--top-k"), InlineData(1, 0, 0, "--top-p"), InlineData(1, 0, 1.1, "--top-p")]
    public void Numbers_out_of_range_are_named(double temperature, int k, double p, string option) =>
        Assert.Equal(option, Assert.Throws<ConfigException>(() => new Sampling(temperature, k, p).Checked()).Path);
}
