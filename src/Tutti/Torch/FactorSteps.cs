using System.Runtime.InteropServices;

namespace Tutti.Torch;

/// <summary>One rating as kernels take it.</summary>
[StructLayout(LayoutKind.Sequential)]
readonly record struct FactorRating(int User, int Item, float Value);

/// <summary>Rows of numbers where kernels want them: each begins at a whole vector of memory and is filled up with zeros.</summary>
sealed class FactorRows
{
    const int Block = 16;                                     // floats: the widest vector, and a line of cache

    readonly float[] values;
    readonly int start;

    public FactorRows(int count, int factors)
    {
        (Count, Factors, Width) = (count, factors, (factors + Block - 1) / Block * Block);
        values = GC.AllocateArray<float>(checked((count * Width) + Block), pinned: true);
        unsafe
        {
            var bytes = (nuint)(Block * sizeof(float));
            fixed (float* first = values) start = (int)((bytes - ((nuint)first % bytes)) % bytes / sizeof(float));
        }
    }

    /// <summary>Rows that lie one behind the other.</summary>
    public static FactorRows Of(ReadOnlySpan<float> numbers, int count, int factors)
    {
        var rows = new FactorRows(count, factors);
        for (var row = 0; row < count; row++) numbers.Slice(row * factors, factors).CopyTo(rows[row]);
        return rows;
    }

    public int Count { get; }
    public int Factors { get; }

    /// <summary>Numbers from one row to the next.</summary>
    public int Width { get; }

    /// <summary>The factors of one.</summary>
    public Span<float> this[int row] => values.AsSpan(start + (row * Width), Factors);

    /// <summary>All of them, from the first row's first number on.</summary>
    internal ReadOnlySpan<float> All => values.AsSpan(start, Count * Width);

    /// <summary>The rows without what fills them up.</summary>
    public float[] ToArray()
    {
        var rows = new float[Count * Factors];
        for (var row = 0; row < Count; row++) this[row].CopyTo(rows.AsSpan(row * Factors));
        return rows;
    }
}

/// <summary>Gradient steps of a factor model (native/simd/factors.cpp): half the squared error of a rating plus half the penalties, downhill, one rating after the other.</summary>
sealed record FactorSteps
{
    public required FactorRows Users { get; init; }
    public required FactorRows Items { get; init; }
    public required float[] UserBias { get; init; }
    public required float[] ItemBias { get; init; }

    /// <summary>What a rating of each user, and of each item, adds to the penalties.</summary>
    public required float[] UserShare { get; init; }
    public required float[] ItemShare { get; init; }

    /// <summary>Of all predictions, before the sigmoid.</summary>
    public float Offset { get; init; }

    /// <summary>The sigmoid's lower end and its height; 0: there is none.</summary>
    public float Low { get; init; }
    public float Span { get; init; }

    /// <summary>Weight of the squared factors, and of the squared biases.</summary>
    public float Penalty { get; init; }
    public float BiasPenalty { get; init; }

    /// <summary>A step for every rating; the sum of squared errors, each before its step. Several threads may work at once on ratings that share nothing.</summary>
    /// <param name="ratings">Numbers of users and items that there are; they are not looked at again.</param>
    /// <param name="rate">The learning rate of factors.</param>
    /// <param name="biasRate">That of biases.</param>
    public unsafe double Run(ReadOnlySpan<FactorRating> ratings, float rate, float biasRate)
    {
        fixed (float* users = Users.All, items = Items.All, userBias = UserBias, itemBias = ItemBias, userShare = UserShare, itemShare = ItemShare)
        fixed (FactorRating* first = ratings)
        {
            var tables = new Native.FactorTables
            {
                Users = users,
                Items = items,
                UserBias = userBias,
                ItemBias = itemBias,
                UserShare = userShare,
                ItemShare = itemShare,
                Width = Users.Width,
                Offset = Offset,
                Low = Low,
                Span = Span,
                Penalty = Penalty,
                BiasPenalty = BiasPenalty,
            };
            return Native.tutti_factor_steps(&tables, first, ratings.Length, rate, biasRate);
        }
    }
}
