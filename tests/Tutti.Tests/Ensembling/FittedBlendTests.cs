using Tutti.Ensembling;

namespace Tutti.Tests.Ensembling;

public sealed class FittedBlendTests
{
    static readonly SimulatedMembers data = SimulatedMembers.Of(11, 300, 3, 0.3, 1, 2, 4);

    public static TheoryData<string> Methods => [.. All.Keys];

    static Dictionary<string, BlendMethod> All => new BlendMethod[]
    {
        BlendMethod.Plain(BlendKind.Mean), BlendMethod.Plain(BlendKind.Geometric), BlendMethod.Plain(BlendKind.Rank), BlendMethod.Best(BlendMetric.Accuracy), BlendMethod.HillClimbing(BlendMetric.MacroF1), BlendMethod.Stack,
        BlendMethod.Logistic(), BlendMethod.Logistic(perClass: true), BlendMethod.PerClass(BlendMethod.Stack), BlendMethod.Subset(BlendMethod.Plain(BlendKind.Rank), 2, BlendMetric.LogLoss), BlendMethod.Subset(BlendMethod.Logistic(perClass: true), 2, BlendMetric.LogLoss),
    }.ToDictionary(method => method.Name);

    static FittedBlend Fit(string method) => All[method].Fit(data.Members, data.Labels, 3);

    /// <summary>Rows that come a few at a time get what they get together: that is how files are predicted.</summary>
    [Theory, MemberData(nameof(Methods))]
    public void A_row_is_blended_by_itself(string method)
    {
        var fitted = Fit(method);
        var whole = fitted.Apply(data.Members);
        for (var row = 0; row < 300; row += 7) Assert.Equal(whole[(3 * row)..((3 * row) + 3)], fitted.Apply([.. data.Members.Select(member => member[(3 * row)..((3 * row) + 3)])]));
        for (var row = 0; row < 300; row++) Assert.Equal(1, whole[3 * row] + whole[(3 * row) + 1] + whole[(3 * row) + 2], 1e-12);
    }

    [Theory, MemberData(nameof(Methods))]
    public void What_is_kept_in_a_file_blends_alike_to_the_last_bit(string method)
    {
        using var temp = Shared.Temp();
        var fitted = Fit(method);
        BlendRecord.Of(fitted, ["a", "b", "c", "d"]).Write(temp.File("blend.json"));
        var read = BlendRecord.Read(temp.File("blend.json"));
        Assert.Equal(["a", "b", "c", "d"], read.Members.Select(member => member.Name));
        Assert.Equal(fitted.Apply(data.Members), read.Fitted(3).Apply(data.Members));
    }

    [Theory, MemberData(nameof(Methods))]
    public void Members_without_a_part_need_not_be_asked(string method)
    {
        var fitted = Fit(method);
        var used = fitted.Used;
        Assert.Equal(fitted.Apply(data.Members), fitted.Of(used).Apply([.. used.Select(m => data.Members[m])]));
        Assert.Equal(fitted.Apply(data.Members), fitted.Of(used).Among(used, 4).Apply(data.Members));
        if (method.Contains("at most 2", StringComparison.Ordinal)) Assert.InRange(used.Length, 1, 2);
        if (method == "best") Assert.Equal([0], used);
    }

    [Fact]
    public void Ranks_of_known_rows_are_those_of_the_rank_blend()
    {
        var expected = Blend.Average(BlendKind.Rank, data.Members, [0.25, 0.25, 0.25, 0.25], 3);
        Blend.ScaleRows(expected, 3);
        var fitted = Fit("rank").Apply(data.Members);
        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], fitted[i], 1e-12);
    }

    [Fact]
    public void A_new_value_gets_a_rank_between_those_of_its_neighbours()
    {
        var scale = RankScale.Of([0.9, 0.1, 0.5, 0.5]);
        Assert.Equal((0.25, 2.5 / 4, 1.0), (scale.Of(0.1), scale.Of(0.5), scale.Of(0.9)));
        Assert.Equal((0.25 + 0.625) / 2, scale.Of(0.3), 1e-12);
        Assert.Equal((0.25, 1.0), (scale.Of(0), scale.Of(1)));
    }

    [Fact]
    public void Of_many_values_a_thousand_are_kept_and_ranks_stay_within_a_thousandth()
    {
        double[] known = [.. Enumerable.Range(0, 50_000).Select(i => Math.Sqrt((i + 0.5) / 50_000))];
        var scale = RankScale.Of(known);
        Assert.Equal(1000, scale.Values.Count);
        for (var i = 0; i < known.Length; i += 37) Assert.Equal((i + 1) / 50_000.0, scale.Of(known[i]), 1e-3);
    }

    [Fact]
    public void With_two_classes_weights_per_class_change_nothing()
    {
        var two = SimulatedMembers.Of(12, 400, 2, 0.3, 2);
        var (plain, perClass) = (BlendMethod.Stack.Fit(two.Members, two.Labels, 2), BlendMethod.PerClass(BlendMethod.Stack).Fit(two.Members, two.Labels, 2));
        for (var m = 0; m < 2; m++)
            for (var k = 0; k < 2; k++) Assert.Equal(plain.Weights[m], perClass.ClassWeights![m][k], 1e-6);
    }

    /// <summary>Two members, each of which knows one class: only weights per class can use both.</summary>
    [Fact]
    public void Weights_per_class_use_what_a_member_knows_of_one_class()
    {
        var random = new Random(3);
        int[] labels = [.. Enumerable.Range(0, 900).Select(_ => random.Next(3))];
        double[] Knows(int k) => [.. labels.SelectMany(label => label == k ? Enumerable.Range(0, 3).Select(c => c == k ? 0.9 : 0.05) : Enumerable.Range(0, 3).Select(c => c == k ? 0.04 : 0.48))];
        double[][] members = [Knows(0), Knows(1)];
        var (plain, perClass) = (BlendMethod.Stack.Fit(members, labels, 3).Apply(members), BlendMethod.PerClass(BlendMethod.Stack).Fit(members, labels, 3));
        Assert.True(perClass.ClassWeights![0][0] > 0.9 && perClass.ClassWeights[1][1] > 0.9);
        Assert.True(BlendMetric.LogLoss.Of(perClass.Apply(members), labels, 3) < BlendMetric.LogLoss.Of(plain, labels, 3) - 0.05);
    }
}
