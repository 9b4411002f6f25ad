using Tutti.Torch;

namespace Tutti.Recommend;

/// <summary>
/// Ratings dealt into blocks by groups of users and of items (Gemulla et al. 2011, "Large-scale matrix factorization with distributed stochastic gradient
/// descent"). Blocks of one round share neither users nor items, so they may be worked on at the same time by any number of threads and the
/// numbers come out the same. How many groups there are depends on the ratings alone.
/// </summary>
sealed class BlockSchedule
{
    const int RowsPerGroup = 16384, MostGroups = 8;

    // Ratings of a block are sorted by user and shuffled within stretches of so many: the users of a stretch stay in the nearest cache.
    const int Stretch = 2048;

    readonly FactorRating[] ratings;
    readonly int[] starts;                                    // of block (user group, item group), row by row
    readonly int[][] itemsOf;                                 // of every item group
    readonly int groups;

    /// <param name="groups">Of users and of items; 0 for the usual number.</param>
    public BlockSchedule(RatingRows rows, RandomStream random, int groups = 0)
    {
        this.groups = groups > 0 ? groups : Math.Clamp(rows.Count / RowsPerGroup, 4, MostGroups);
        var (userGroup, itemGroup) = (Deal(rows.Users, rows.UserCount, new(random.Bits(0))), Deal(rows.Items, rows.ItemCount, new(random.Bits(1))));
        starts = new int[(this.groups * this.groups) + 1];
        for (var row = 0; row < rows.Count; row++) starts[Block(row) + 1]++;
        for (var block = 1; block < starts.Length; block++) starts[block] += starts[block - 1];
        ratings = new FactorRating[rows.Count];
        var next = starts.ToArray();
        foreach (var row in ByUser(rows)) ratings[next[Block(row)]++] = new(rows.Users[row], rows.Items[row], rows.Values[row]);

        itemsOf = [.. Enumerable.Range(0, this.groups).Select(group => Enumerable.Range(0, rows.ItemCount).Where(item => itemGroup[item] == group).ToArray())];

        int Block(int row) => (userGroup[rows.Users[row]] * this.groups) + itemGroup[rows.Items[row]];
    }

    /// <summary>Blocks of one epoch.</summary>
    public int Blocks => groups * groups;

    static int[] ByUser(RatingRows rows)
    {
        var (next, order) = (new int[rows.UserCount + 1], new int[rows.Count]);
        foreach (var user in rows.Users) next[user + 1]++;
        for (var user = 0; user < rows.UserCount; user++) next[user + 1] += next[user];
        for (var row = 0; row < order.Length; row++) order[next[rows.Users[row]]++] = row;
        return order;
    }

    /// <summary>The items that are the block's own in its round, those without a rating too.</summary>
    public ReadOnlySpan<int> ItemsOf(int block) => itemsOf[block % groups];

    /// <summary>Works on every block once, in an order of its own in every epoch, and those of a round at the same time.</summary>
    /// <param name="random">Of this epoch.</param>
    /// <param name="work">Given some of a block's ratings, shuffled, the block's number, and a number that no other call of the epoch has; what it gives back is added up in the same order always.</param>
    public double Epoch(RandomStream random, int threads, Func<Span<FactorRating>, int, int, double> work, CancellationToken cancel)
    {
        var (sums, offsets, options) = (new double[Blocks], Enumerable.Range(0, groups).ToArray(), new ParallelOptions { MaxDegreeOfParallelism = threads });
        new RandomStream(random.Bits(0)).Shuffle<int>(offsets);
        foreach (var offset in offsets)
        {
            cancel.ThrowIfCancellationRequested();
            if (threads <= 1)
                for (var group = 0; group < groups; group++) One(group, offset);
            else Parallel.For(0, groups, options, group => One(group, offset));
        }
        return sums.Sum();

        void One(int group, int offset)
        {
            var block = (group * groups) + ((group + offset) % groups);
            var (own, draws) = (starts[block + 1] - starts[block], new RandomStream(random.Bits(1 + block)));
            var stretches = Enumerable.Range(0, (own + Stretch - 1) / Stretch).ToArray();
            draws.Shuffle<int>(stretches);
            foreach (var stretch in stretches)
            {
                var start = starts[block] + (stretch * Stretch);
                var some = ratings.AsSpan(start, Math.Min(Stretch, starts[block + 1] - start));
                new RandomStream(draws.Bits(own + stretch)).Shuffle(some);
                sums[block] += work(some, block, start);
            }
        }
    }

    // Sorted by how many ratings they have and dealt a hand at a time, one to each group in random order: every group gets as much work.
    int[] Deal(int[] numbers, int count, RandomStream random)
    {
        var (ratings, order, dealt, hand) = (new int[count], new int[count], new int[count], new int[groups]);
        foreach (var number in numbers) ratings[number]--;
        for (var n = 0; n < count; n++) order[n] = n;
        Array.Sort(ratings, order);                           // by numbers alone: the same on every machine, as introsort is
        for (var n = 0; n < count; n++)
        {
            if (n % groups == 0)
            {
                for (var group = 0; group < groups; group++) hand[group] = group;
                new RandomStream(random.Bits(n)).Shuffle<int>(hand);
            }
            dealt[order[n]] = hand[n % groups];
        }
        return dealt;
    }
}
