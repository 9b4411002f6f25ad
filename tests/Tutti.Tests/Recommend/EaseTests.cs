using Tutti.Recommend;
using Tutti.Tests.Torch;

namespace Tutti.Tests.Recommend;

public sealed class EaseTests : EngineTest
{
    static readonly int[,] seen = { { 1, 1, 0, 0, 1 }, { 0, 1, 1, 0, 0 }, { 1, 0, 1, 1, 0 }, { 0, 0, 1, 1, 1 }, { 1, 1, 0, 1, 0 }, { 0, 1, 0, 0, 1 } };

    static RatingRows Rows()
    {
        var pairs = Enumerable.Range(0, 30).Select(n => (User: n / 5, Item: n % 5)).Where(pair => seen[pair.User, pair.Item] == 1).ToArray();
        return new([.. pairs.Select(pair => pair.User)], [.. pairs.Select(pair => pair.Item)], [.. pairs.Select(_ => 4f)], 6, 5);
    }

    /// <summary>numpy: P = inv(X.T @ X + 0.5 * eye(5)); B = -P / diag(P), zeros on the diagonal.</summary>
    [Fact]
    public void Weights_are_numpys_closed_form()
    {
        double[,] expected = { { 0.0000000, 0.5333333, -0.1463415, 0.4976589, -0.0658026 }, { 0.3708609, 0.0000000, 0.1138211, -0.1404682, 0.4187438 }, { -0.1192053, 0.1333333, 0.0000000, 0.4414716, 0.1016949 }, { 0.5474614, -0.2222222, 0.5962060, 0.0000000, 0.1455633 }, { -0.0485651, 0.4444444, 0.0921409, 0.0976589, 0.0000000 } };
        var model = Ease.Train(Rows(), new() { Penalty = 0.5 }, cancel: MadeRatings.Stop);
        for (var from = 0; from < 5; from++)
            for (var to = 0; to < 5; to++) Assert.Equal(expected[from, to], model.Weight(from, to), 1e-5);
    }

    [Fact]
    public void A_user_is_answered_by_the_sum_of_what_their_items_say()
    {
        var model = Ease.Train(Rows(), new() { Penalty = 0.5 }, cancel: MadeRatings.Stop);
        for (var user = 0; user < 6; user++)
            for (var item = 0; item < 5; item++)
                Assert.Equal(Enumerable.Range(0, 5).Where(from => seen[user, from] == 1).Sum(from => model.Weight(from, item)), model.Predict(user, item), 5);
    }

    [Fact]
    public void More_items_than_a_matrix_has_room_for_are_refused() =>
        Assert.Contains("30000 items; EASE needs a matrix of all pairs, for at most 20000", Assert.Throws<DataException>(() => Ease.Train(MadeRatings.Few with { ItemCount = 30_000 }, new(), cancel: MadeRatings.Stop)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_penalty_of_0_is_refused() => Assert.Throws<ConfigException>(() => Ease.Train(Rows(), new() { Penalty = 0 }, cancel: MadeRatings.Stop));
}
