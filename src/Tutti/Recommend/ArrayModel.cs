using System.Numerics.Tensors;

namespace Tutti.Recommend;

/// <summary>A recommender that is arrays of numbers, kept as one safetensors file whose header names its kind.</summary>
public abstract class ArrayModel : RatingModel
{
    static readonly Dictionary<string, Func<ModelArrays, ArrayModel>> kinds = new(StringComparer.Ordinal)
    {
        [Averages.KindName] = Averages.Read,
        [DotBiasModel.KindName] = DotBiasModel.Read,
        [EmbeddingNNModel.KindName] = EmbeddingNNModel.Read,
        [RatingBaseline.KindName] = RatingBaseline.Read,
        [BiasedFactors.KindName] = BiasedFactors.Read,
        [SvdPlusPlus.KindName] = SvdPlusPlus.Read,
        [AlsFactors.KindName] = AlsFactors.Read,
        [ItemNeighbours.KindName] = ItemNeighbours.Read,
        [Ease.KindName] = Ease.Read,
        [ImplicitAls.KindName] = ImplicitAls.Read,
        [Bpr.KindName] = Bpr.Read,
        [RatingBlend.KindName] = RatingBlend.Read,
        [BayesianFactors.KindName] = BayesianFactors.Read,
    };

    /// <summary>The model's name in files.</summary>
    public abstract string Kind { get; }

    /// <summary>Writes the model; <see cref="Load"/> gives back one that answers the same bits.</summary>
    public void Save(string path)
    {
        var arrays = new ModelArrays();
        Write(arrays);
        arrays.Save(path, Kind);
    }

    /// <exception cref="DataException">The file is none that <see cref="Save"/> wrote.</exception>
    public static ArrayModel Load(string path)
    {
        var (arrays, kind) = ModelArrays.Open(path);
        return Read(arrays, kind);
    }

    internal abstract void Write(ModelArrays to);

    internal static ArrayModel Read(ModelArrays from, string kind) =>
        kinds.TryGetValue(kind, out var read) ? read(from) : throw new DataException(from.Path, $"holds a model of kind '{kind}'; expected one of {string.Join(", ", kinds.Keys.Order(StringComparer.Ordinal))}");

    /// <summary>Refuses a number of factors that is too small, or so large that one side's would not fit in an array.</summary>
    /// <param name="copies">Samples, where each has its own.</param>
    private protected static void CheckFactors(int factors, int least, RatingRows rows, long copies = 1)
    {
        const int Padding = 16;
        if (factors < least) throw new ConfigException("factors", $"is {factors}; expected at least {least}");
        var (side, numbers) = (Math.Max(rows.UserCount, rows.ItemCount), copies * Math.Max(rows.UserCount, rows.ItemCount) * ((long)factors + Padding));
        if (numbers > Array.MaxLength) throw new ConfigException("factors", $"{factors} for each of {side} users or items{(copies > 1 ? $" in {copies} samples" : "")} are more than {Array.MaxLength} numbers; choose fewer");
    }

    private protected void CheckFoldIn(ReadOnlySpan<int> items, ReadOnlySpan<float> values)
    {
        if (items.Length != values.Length) throw new ArgumentException($"{items.Length} items and {values.Length} values", nameof(values));
        foreach (var item in items) ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)item, (uint)ItemCount, nameof(items));
        if (!values.IsEmpty && !TensorPrimitives.IsFiniteAll(values)) throw new ArgumentException("a rating is not a finite number", nameof(values));
    }
}
