using FsCheck;
using FsCheck.Fluent;
using Tutti.Ensembling;
using Tutti.Predictions;

namespace Tutti.Tests.Ensembling;

public sealed class BlendTests
{
    static readonly PredictionSet First = new(["a", "b"], ["no", "yes"], [0.9, 0.1, 0.4, 0.6], [0, -1], [0, 1]);

    [Fact]
    public void A_blend_of_one_set_is_that_set() => Prop.ForAll<int, byte>((seed, rows) =>
    {
        var set = Some.Predictions(seed, rows + 1, 3);
        var mean = Blend.Of(BlendKind.Mean, [new("one", set)]);
        var geometric = Blend.Of(BlendKind.Geometric, [new("one", set, Weight: 7)]);
        var median = Blend.Of(BlendKind.Median, [new("one", set)]);
        return mean.Probabilities.SequenceEqual(set.Probabilities) && mean.Ids.SequenceEqual(set.Ids) && mean.Labels!.SequenceEqual(set.Labels!)
            && Near(geometric, set) && Near(median, set);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Rows_are_matched_by_id_and_classes_by_name()
    {
        var other = new PredictionSet(["b", "a"], ["yes", "no"], [0.2, 0.8, 0.3, 0.7], [1, -1], [1, 2]);
        var blend = Blend.Of(BlendKind.Mean, [new("first", First), new("other", other, Weight: 3)]);
        Assert.Equal(["a", "b"], blend.Ids);
        Assert.Equal(["no", "yes"], blend.Classes);
        double[] expected = [(0.9 + 3 * 0.7) / 4, (0.1 + 3 * 0.3) / 4, (0.4 + 3 * 0.8) / 4, (0.6 + 3 * 0.2) / 4];
        Assert.All(expected.Zip(blend.Probabilities), pair => Assert.Equal(pair.First, pair.Second, 1e-15));
        Assert.Equal([0, 0], blend.Labels!); // 'a' is known to the first, 'b' ("no") to the other
        Assert.Equal([-1, 1], blend.Folds!); // they disagree about 'a'
    }

    [Fact]
    public void A_geometric_mean_is_the_scaled_root_of_the_product()
    {
        var other = new PredictionSet(["a", "b"], ["no", "yes"], [0.5, 0.5, 0.1, 0.9]);
        var (no, yes) = (Math.Sqrt(0.9 * 0.5), Math.Sqrt(0.1 * 0.5));
        Assert.Equal(no / (no + yes), Blend.Of(BlendKind.Geometric, [new("x", First), new("y", other)]).Row(0)[0], 1e-15);
    }

    [Fact]
    public void Different_ids_are_an_error_that_says_which()
    {
        var other = new PredictionSet(["a", "c"], ["no", "yes"], [0.5, 0.5, 0.5, 0.5]);
        var error = Assert.Throws<DataException>(() => Blend.Of(BlendKind.Mean, [new("m1", First), new("m2", other)]));
        Assert.Contains("m2: cannot be blended with m1, their row ids differ: 1 missing ('b'), 1 more ('c')", error.Message);
    }

    [Fact]
    public void Fewer_rows_are_an_error_too()
    {
        var other = new PredictionSet(["a"], ["no", "yes"], [0.5, 0.5]);
        Assert.Contains("1 missing ('b'), 0 more", Assert.Throws<DataException>(() => Blend.Of(BlendKind.Mean, [new("m1", First), new("m2", other)])).Message);
    }

    [Fact]
    public void Different_classes_are_an_error_that_says_which()
    {
        var other = new PredictionSet(["a", "b"], ["no", "maybe"], [0.5, 0.5, 0.5, 0.5]);
        var error = Assert.Throws<DataException>(() => Blend.Of(BlendKind.Mean, [new("m1", First), new("m2", other)]));
        Assert.Contains("classes differ: 1 missing ('yes'), 1 more ('maybe')", error.Message);
    }

    [Fact]
    public void Different_labels_of_a_row_are_an_error()
    {
        var other = new PredictionSet(["a", "b"], ["no", "yes"], [0.5, 0.5, 0.5, 0.5], [1, 1]);
        Assert.Contains("row 'a' has label 'yes' but 'no'", Assert.Throws<DataException>(() =>
            Blend.Of(BlendKind.Mean, [new("m1", First), new("m2", other)])).Message);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(0)]
    public void Weights_are_0_or_more_and_not_all_0(double weight) =>
        Assert.Throws<ArgumentException>(() => Blend.Of(BlendKind.Mean, [new("m1", First, weight)]));

    [Fact]
    public void The_median_refuses_weights() =>
        Assert.Throws<ArgumentException>(() => Blend.Of(BlendKind.Median, [new("m1", First), new("m2", First, 2)]));

    [Fact]
    public void A_median_row_of_zeros_says_nothing_and_becomes_even()
    {
        PredictionSet Sure(int k) => new(["a"], ["x", "y", "z"], [.. Enumerable.Range(0, 3).Select(c => c == k ? 1.0 : 0)]);
        var blend = Blend.Of(BlendKind.Median, [new("1", Sure(0)), new("2", Sure(1)), new("3", Sure(2))]);
        Assert.All(blend.Probabilities, p => Assert.Equal(1 / 3.0, p, 1e-15));
    }

    [Fact]
    public void A_rank_blend_keeps_rows_that_sum_to_1()
    {
        var blend = Blend.Of(BlendKind.Rank, [new("m1", First), new("m2", First)]);
        Assert.Equal([2 / 3.0, 1 / 3.0, 1 / 3.0, 2 / 3.0], blend.Probabilities); // ranks (2,1) and (1,2) of two rows
    }

    [Fact]
    public void The_record_reads_back_with_weights_that_sum_to_1()
    {
        using var temp = Shared.Temp();
        var record = Blend.Record(BlendKind.Geometric, [new("m1", First, 1), new("m2", First, 3)]);
        record.Write(temp.File("blend.json"));
        var read = BlendRecord.Read(temp.File("blend.json"));
        Assert.Equal(BlendKind.Geometric, read.Kind);
        Assert.Equal([new("m1", 0.25), new("m2", 0.75)], read.Members);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"kind\":\"Mean\",\"members\":[],\"more\":1}")]
    [InlineData("{\"kind\":\"Middle\",\"members\":[]}")]
    public void A_broken_record_is_a_data_error(string text)
    {
        using var temp = Shared.Temp();
        Assert.Throws<DataException>(() => BlendRecord.Read(temp.Write("blend.json", text)));
        Assert.Throws<DataException>(() => BlendRecord.Read(temp.File("absent.json")));
    }

    static bool Near(PredictionSet a, PredictionSet b) => a.Probabilities.Zip(b.Probabilities).All(pair => Math.Abs(pair.First - pair.Second) < 1e-12);
}
