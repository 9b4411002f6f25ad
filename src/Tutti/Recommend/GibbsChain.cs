using Tutti.Torch;

namespace Tutti.Recommend;

/// <summary>
/// One Gibbs chain of a Bayesian factorisation machine over users and items (Rendle 2012, "Factorization machines with libFM", section 4.3): every
/// weight, factor, prior and the noise is drawn in turn, given all others. Runs on one thread, so that its numbers depend on the seed alone.
/// </summary>
sealed class GibbsChain
{
    readonly int factors;
    readonly RatingIndex ratings;                             // by user
    readonly float[] residuals;                               // rating less prediction, in the order of ratings
    readonly GammaStream draws;
    readonly double centre;

    public GibbsChain(RatingIndex byUser, RatingIndex byItem, double centre, BayesianConfig config, long seed, int chain)
    {
        (factors, ratings, this.centre) = (config.Factors, byUser, centre);
        residuals = new float[byUser.Values.Length];
        draws = new(RandomStream.Of(seed, "gibbs", chain));
        Users = new(byUser, config.UserItems ? byItem : null, config.UserFeatures, config, RandomStream.Of(seed, "init users", chain));
        Items = new(byItem, config.ItemUsers ? byUser : null, config.ItemFeatures, config, RandomStream.Of(seed, "init items", chain));
        Intercept = centre;
    }

    public GibbsSide Users { get; }
    public GibbsSide Items { get; }

    /// <summary>Added to every prediction.</summary>
    public double Intercept { get; private set; }

    /// <summary>How exact ratings are: 1 / variance of the noise.</summary>
    public double Precision { get; private set; }

    /// <summary>Of every rating, by user: what the numbers drawn so far leave.</summary>
    internal ReadOnlySpan<float> Residuals => residuals;

    /// <summary>Draws everything once; the root mean squared error on the ratings before.</summary>
    public double Sweep()
    {
        var squares = Begin();
        Precision = draws.Gamma((1 + residuals.Length) / 2.0) * 2 / (1 + squares);
        Users.SamplePriors(draws);
        Items.SamplePriors(draws);
        SampleIntercept();
        SampleWeights(Users);
        SampleWeights(Items);
        if (factors > 0) UserSums(0);
        for (var f = 0; f < factors; f++)
        {
            Users.SampleFactor(f, Precision, draws);
            MoveUsers(f);
            Items.SampleFactor(f, Precision, draws);
            MoveItems(f);
        }
        Users.Refresh();
        Items.Refresh();
        return Math.Sqrt(squares / residuals.Length);
    }

    // Anew in every sweep, so that rounding does not add up.
    double Begin()
    {
        var squares = 0.0;
        for (var user = 0; user < ratings.Count; user++)
        {
            var (from, to) = (ratings.Starts[user], ratings.Starts[user + 1]);
            for (var at = from; at < to; at++)
                residuals[at] = ratings.Values[at] - (float)Intercept - Users.Linear[user] - Items.Linear[ratings.Others[at]];
            for (var f = 0; f < factors; f++)
            {
                var (q, other) = (Users.Q[f][user], Items.Q[f]);
                for (var at = from; at < to; at++) residuals[at] -= q * other[ratings.Others[at]];
            }
            for (var at = from; at < to; at++) squares += (double)residuals[at] * residuals[at];
        }
        return squares;
    }

    void SampleIntercept()
    {
        var sum = 0.0;
        foreach (var residual in residuals) sum += residual;
        // A prior as weak as one rating of the mean.
        var sharp = 1 + (Precision * residuals.Length);
        var value = ((centre + (Precision * (sum + (residuals.Length * Intercept)))) / sharp) + (draws.Normal() / Math.Sqrt(sharp));
        var change = (float)(value - Intercept);
        for (var at = 0; at < residuals.Length; at++) residuals[at] -= change;
        Intercept = value;
    }

    void SampleWeights(GibbsSide side)
    {
        var users = ReferenceEquals(side, Users);
        foreach (ref var row in side.State.AsSpan()) (row.E1, row.Own) = (0, 0);
        for (var user = 0; user < ratings.Count; user++)
            for (var at = ratings.Starts[user]; at < ratings.Starts[user + 1]; at++) side.State[users ? user : ratings.Others[at]].E1 += residuals[at];
        side.SampleWeights(Precision, draws);
        for (var user = 0; user < ratings.Count; user++)
            for (var at = ratings.Starts[user]; at < ratings.Starts[user + 1]; at++) residuals[at] -= side.State[users ? user : ratings.Others[at]].Own;
    }

    // Sums of every user's ratings for factor f.
    void UserSums(int f)
    {
        var (own, other) = (Users.Q[f], Items.Q[f]);
        for (var user = 0; user < ratings.Count; user++)
        {
            var row = new GibbsSide.Row { Q = own[user], C = ratings.CountOf(user) };
            for (var at = ratings.Starts[user]; at < ratings.Starts[user + 1]; at++) Add(ref row, other[ratings.Others[at]], residuals[at]);
            Users.State[user] = row;
        }
    }

    // What the users' draw of factor f changes, and the sums of every item's ratings.
    void MoveUsers(int f)
    {
        var (own, other) = (Users.Q[f], Items.Q[f]);
        var items = Items.State;
        for (var item = 0; item < items.Length; item++) items[item] = new() { Q = other[item], C = items[item].C };
        for (var user = 0; user < own.Length; user++)
        {
            var row = Users.State[user];
            var change = row.Q - own[user];
            own[user] = row.Q;
            for (var at = ratings.Starts[user]; at < ratings.Starts[user + 1]; at++)
            {
                var item = ratings.Others[at];
                var residual = residuals[at] - (change * other[item]) - row.Own;
                residuals[at] = residual;
                Add(ref items[item], row.Q, residual);
            }
        }
    }

    // What the items' draw of factor f changes, and the sums of every user's ratings for the next factor in the same pass.
    void MoveItems(int f)
    {
        var (own, other, next) = (Items.Q[f], Users.Q[f], Math.Min(f + 1, factors - 1));
        var (items, nextOwn, nextOther) = (Items.State, Users.Q[next], next == f ? own : Items.Q[next]);
        for (var item = 0; item < items.Length; item++)
        {
            var value = items[item].Q;
            items[item].Q = value - own[item];                // from here on the change
            own[item] = value;
        }
        for (var user = 0; user < ratings.Count; user++)
        {
            var (q, row) = (other[user], new GibbsSide.Row { Q = nextOwn[user], C = ratings.CountOf(user) });
            for (var at = ratings.Starts[user]; at < ratings.Starts[user + 1]; at++)
            {
                var item = ratings.Others[at];
                var residual = residuals[at] - (items[item].Q * q) - items[item].Own;
                residuals[at] = residual;
                Add(ref row, nextOther[item], residual);
            }
            Users.State[user] = row;
        }
    }

    static void Add(ref GibbsSide.Row row, float other, float residual)
    {
        row.T1 += other;
        row.T2 += other * other;
        row.E1 += residual;
        row.E2 += residual * other;
    }
}
