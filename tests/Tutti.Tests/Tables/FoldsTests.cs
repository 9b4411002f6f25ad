using FsCheck;
using FsCheck.Fluent;
using Tutti.Tables;

namespace Tutti.Tests.Tables;

public class FoldsTests
{
    sealed record Case(string[] Labels, string[] Groups, int Count, int Seed);

    // Every class has at least as many rows as there are folds, as stratified folds need.
    static readonly Arbitrary<Case> Cases = (
        from count in Gen.Choose(2, 6)
        from sizes in Gen.Choose(count, 25).ListOf(3)
        from groups in Gen.Choose(0, 11).ArrayOf(sizes.Sum())
        from seed in Gen.Choose(-1000, 1000)
        from labels in Gen.Shuffle(sizes.SelectMany((size, c) => Enumerable.Repeat($"c{c}", size)))
        select new Case(labels, [.. groups.Select(g => $"g{g}")], count, seed)).ToArbitrary();

    [Fact]
    public void Folds_of_every_kind_partition_the_rows_and_are_stable_for_a_seed() => Prop.ForAll(Cases, c =>
    {
        FoldSettings[] all = [Kind(c, FoldKind.KFold), Kind(c, FoldKind.Stratified), Kind(c, FoldKind.Grouped),
            Kind(c, FoldKind.Holdout), Kind(c, FoldKind.Column)];
        foreach (var settings in all)
        {
            if (settings.Kind is FoldKind.Grouped or FoldKind.Column && c.Groups.Distinct().Count() < Math.Max(2, c.Count)) continue;
            var labels = settings.Kind == FoldKind.Stratified ? c.Labels : null;
            var (folds, again) = (Folds.Make(settings, c.Labels.Length, labels, c.Groups), Folds.Make(settings, c.Labels.Length, labels, c.Groups));
            var validated = Enumerable.Range(0, folds.Count).SelectMany(folds.Valid).ToList();
            Assert.Equal(validated.Count, validated.Distinct().Count());
            if (settings.Kind != FoldKind.Holdout) Assert.Equal(c.Labels.Length, validated.Count);
            for (var fold = 0; fold < folds.Count; fold++)
            {
                Assert.NotEmpty(folds.Valid(fold));
                Assert.Equal(Enumerable.Range(0, c.Labels.Length), folds.Train(fold).Concat(folds.Valid(fold)).Order());
                Assert.Equal(folds.Valid(fold), again.Valid(fold));
            }
        }
    }).Check(Config.QuickThrowOnFailure);

    [Fact]
    public void Class_counts_and_sizes_of_stratified_folds_differ_by_at_most_one() => Prop.ForAll(Cases, c =>
    {
        var folds = Folds.Make(Kind(c, FoldKind.Stratified), c.Labels.Length, c.Labels);
        var parts = Enumerable.Range(0, c.Count).Select(folds.Valid).ToList();
        Assert.InRange(parts.Max(p => p.Length) - parts.Min(p => p.Length), 0, 1);
        foreach (var label in c.Labels.Distinct())
        {
            var counts = parts.Select(p => p.Count(row => c.Labels[row] == label)).ToList();
            Assert.InRange(counts.Max() - counts.Min(), 0, 1);
        }
    }).Check(Config.QuickThrowOnFailure);

    [Fact]
    public void Rows_of_the_same_text_come_into_the_same_fold_and_others_as_ever() => Prop.ForAll(Cases, c =>
    {
        foreach (var kind in (FoldKind[])[FoldKind.KFold, FoldKind.Stratified, FoldKind.Holdout])
        {
            var (rows, settings) = (c.Labels.Length, Kind(c, kind));
            // Every row twice, the copies behind.
            UInt128?[] texts = [.. Enumerable.Range(0, 2 * rows).Select(row => (UInt128?)(ulong)(row % rows))];
            var labels = kind == FoldKind.Stratified ? c.Labels : null;
            var single = Folds.Make(settings, rows, labels);
            var twice = Folds.Make(settings, 2 * rows, labels is null ? null : [.. labels, .. labels], texts: texts);
            for (var row = 0; row < rows; row++) Assert.Equal((single.Of(row), single.Of(row)), (twice.Of(row), twice.Of(row + rows)));
            var none = Folds.Make(settings, rows, labels, texts: new UInt128?[rows]);
            Assert.Equal(Enumerable.Range(0, rows).Select(single.Of), Enumerable.Range(0, rows).Select(none.Of));
        }
    }).Check(Config.QuickThrowOnFailure);

    [Fact]
    public void Copies_of_one_text_do_not_make_a_class_large_enough()
    {
        UInt128?[] texts = [1, 1, 1, 2, 3, 4];
        var rare = Assert.Throws<DataException>(() => Folds.Make(new() { Count = 3 }, 6, ["a", "a", "a", "b", "b", "b"], texts: texts)).Message;
        Assert.Contains("class 'a' has 1 row of different texts, too few for 3", rare, StringComparison.Ordinal);
        var few = Assert.Throws<DataException>(() => Folds.Make(new() { Kind = FoldKind.KFold, Count = 5 }, 6, texts: texts)).Message;
        Assert.Contains("4 rows of different texts cannot be divided into 5 parts", few, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Folds.Make(new() { Kind = FoldKind.KFold, Count = 2 }, 6, texts: [1]));
    }

    [Fact]
    public void No_group_is_in_two_folds() => Prop.ForAll(Cases, c =>
    {
        if (c.Groups.Distinct().Count() < c.Count) return;
        var folds = Folds.Make(Kind(c, FoldKind.Grouped), c.Labels.Length, groups: c.Groups);
        foreach (var rows in Enumerable.Range(0, c.Labels.Length).GroupBy(row => c.Groups[row])) Assert.Single(rows.Select(folds.Of).Distinct());
    }).Check(Config.QuickThrowOnFailure);

    [Fact]
    public void The_largest_group_goes_first_into_the_smallest_fold()
    {
        // Sizes 5, 3, 2, 2: 5 | 3, then 2 to the second (5 | 5), then 2 to the first of equals.
        string[] groups = ["a", "a", "a", "a", "a", "b", "b", "b", "c", "c", "d", "d"];
        var folds = Folds.Make(new() { Kind = FoldKind.Grouped, Count = 2, Column = "g" }, 12, groups: groups);
        Assert.Equal(folds.Of(0), 1 - folds.Of(5));
        Assert.Equal((7, 5), (folds.Valid(0).Length, folds.Valid(1).Length));
    }

    [Fact]
    public void The_shuffle_is_the_published_generator()
    {
        // SplitMix64 seeded with 0 first gives 0xE220A8397B1DCDAF and 0x6E789E6AA1B965F4 (reference implementation by Vigna, prng.di.unimi.it).
        // Their high halves times 3 and 2 are 2 and 0: the last of three stays, then places 1 and 0 swap.
        int[] items = [10, 20, 30];
        new Shuffle(0).Order<int>(items);
        Assert.Equal([20, 10, 30], items);
    }

    [Fact]
    public void Another_seed_gives_other_folds()
    {
        var labels = Enumerable.Range(0, 100).Select(i => i % 2 == 0 ? "a" : "b").ToArray();
        foreach (var kind in new[] { FoldKind.KFold, FoldKind.Stratified, FoldKind.Holdout })
            Assert.NotEqual(Folds.Make(new() { Kind = kind, Seed = 1 }, 100, labels).Valid(0),
                Folds.Make(new() { Kind = kind, Seed = 2 }, 100, labels).Valid(0));
    }

    [Fact]
    public void A_holdout_is_one_fold_with_its_share_of_every_class()
    {
        var labels = Enumerable.Repeat("a", 70).Concat(Enumerable.Repeat("b", 28)).Concat(Enumerable.Repeat("c", 2)).ToArray();
        var folds = Folds.Make(new() { Kind = FoldKind.Holdout, Validation = 0.25 }, 100, labels);
        Assert.Equal((1, 25, 75), (folds.Count, folds.Valid(0).Length, folds.Train(0).Length));
        var counts = folds.Valid(0).CountBy(row => labels[row]).ToDictionary(c => c.Key, c => c.Value);
        Assert.InRange(counts["a"], 17, 18);   // 17.5
        Assert.Equal(7, counts["b"]);
        Assert.Equal(1, counts["c"]);          // 0.5, and one at least
        Assert.Equal(-1, folds.Of(folds.Train(0)[0]));
        Assert.Equal(25, Folds.Make(new() { Kind = FoldKind.Holdout, Validation = 0.25 }, 100).Valid(0).Length);
    }

    [Fact]
    public void The_values_of_a_column_name_the_folds()
    {
        string?[] cells = ["10", "9", null, "10", "9", " "];
        var folds = Folds.Make(new() { Kind = FoldKind.Column, Column = "fold" }, 6, groups: cells);
        Assert.Equal([1, 0, -1, 1, 0, -1], Enumerable.Range(0, 6).Select(folds.Of));
        Assert.Equal([1, 2, 4, 5], folds.Train(1));
    }

    [Theory]
    [InlineData("True", "False")]
    [InlineData("valid", "train")]
    [InlineData("test", "train")]
    public void Two_values_that_name_the_parts_are_a_holdout(string valid, string train)
    {
        var folds = Folds.Make(new() { Kind = FoldKind.Column, Column = "part" }, 3, groups: [train, valid, train]);
        Assert.Equal((1, 0, -1), (folds.Count, folds.Of(1), folds.Of(0)));
    }

    [Fact]
    public void The_reviews_of_the_sample_are_held_out_by_their_own_column()
    {
        var table = Table.Read(Shared.Data("imdb_sample/texts.csv"));
        var folds = Folds.Make(table, new() { Kind = FoldKind.Column, Column = "is_valid" }, "label");
        Assert.Equal((200, 800), (folds.Valid(0).Length, folds.Train(0).Length));
    }

    [Fact]
    public void Folds_are_saved_and_loaded_in_the_order_of_the_ids()
    {
        using var temp = Shared.Temp();
        var folds = Folds.Make(new() { Kind = FoldKind.KFold, Count = 3, Seed = 5 }, 7);
        folds.Save(temp.File("a.csv"));
        Assert.Equal(Of(folds), Of(Folds.Load(temp.File("a.csv"))));
        string[] ids = ["x", "y,z", "3", "0", "e", "f", "g"];
        folds.Save(temp.File("b.csv"), ids);
        Assert.Equal(Of(folds).Reverse(), Of(Folds.Load(temp.File("b.csv"), [.. ids.Reverse()])));
        var holdout = Folds.Make(new() { Kind = FoldKind.Holdout }, 7);
        holdout.Save(temp.File("c.csv"));
        Assert.Equal((1, string.Join(' ', Of(holdout))), (Folds.Load(temp.File("c.csv")).Count, string.Join(' ', Of(Folds.Load(temp.File("c.csv"))))));

        static IEnumerable<int> Of(Folds folds) => Enumerable.Range(0, folds.Rows).Select(folds.Of);
    }

    [Fact]
    public void Folds_of_other_rows_are_refused()
    {
        using var temp = Shared.Temp();
        Folds.Make(new() { Kind = FoldKind.KFold, Count = 2 }, 3).Save(temp.File("f.csv"), ["a", "b", "c"]);
        Expect("'d' has no fold", temp.File("f.csv"), ["a", "b", "d"]);
        Expect("3 ids here, 2 rows", temp.File("f.csv"), ["a", "b"]);
        Expect("line 3, column 'fold': got 'one'", temp.Write("g.csv", "id,fold\n0,1\n1,one\n"));
        Expect("no row is in fold 0", temp.Write("h.csv", "id,fold\n0,1\n1,1\n"));
        Expect("occurs twice", temp.Write("i.csv", "id,fold\n0,1\n0,0\n"));

        static void Expect(string expected, string path, string[]? ids = null) =>
            Assert.Contains(expected, Assert.Throws<DataException>(() => Folds.Load(path, ids)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_class_with_fewer_rows_than_folds_is_refused()
    {
        string[] labels = [.. Enumerable.Repeat("common", 20), "rare", "rare", "rare"];
        var message = Assert.Throws<DataException>(() => Folds.Make(new() { Count = 5 }, labels.Length, labels, source: "t.csv")).Message;
        Assert.Equal("t.csv: class 'rare' has 3 rows, too few for 5 stratified folds (each needs one).\n"
            + "State count: 3 or less, add rows of this class, or leave the class out.", message);
    }

    [Fact]
    public void A_fold_without_a_class_is_refused()
    {
        string[] labels = ["a", "b", "a", "a"], groups = ["x", "x", "y", "y"];
        foreach (var kind in new[] { FoldKind.Column, FoldKind.Grouped })
        {
            var message = Assert.Throws<DataException>(() => Folds.Make(new() { Kind = kind, Count = 2, Column = "g" }, 4, labels, groups)).Message;
            Assert.Contains("class 'b' (1 row) has none in the ", message, StringComparison.Ordinal);
        }
        Assert.Throws<DataException>(() => Folds.Make(new() { Kind = FoldKind.Holdout }, 4, labels));
        Assert.Throws<DataException>(() => Folds.Make(new() { Kind = FoldKind.KFold, Count = 2 }, 4, labels));
    }

    [Fact]
    public void Too_little_to_divide_is_refused()
    {
        Expect("only one class", new() { Count = 2 }, 4, labels: ["a", "a", "a", "a"]);
        Expect("the value '1'", new() { Kind = FoldKind.Column, Column = "f" }, 3, groups: ["1", "1", "1 "]);
        Expect("an empty cell", new() { Kind = FoldKind.Column, Column = "f" }, 3, groups: [null, null, ""]);
        Expect("2 groups, too few for 3 folds", new() { Kind = FoldKind.Grouped, Column = "g", Count = 3 }, 4, groups: ["a", "a", "b", "b"]);
        Expect("1 of 3 rows have no group", new() { Kind = FoldKind.Grouped, Column = "g", Count = 2 }, 3, groups: ["a", null, "b"]);
        Expect("2 rows cannot be divided into 5", new() { Kind = FoldKind.KFold }, 2);
        Expect("1 rows cannot be divided into 2", new() { Kind = FoldKind.Holdout }, 1);

        static void Expect(string expected, FoldSettings settings, int rows, string[]? labels = null, string?[]? groups = null) =>
            Assert.Contains(expected, Assert.Throws<DataException>(() => Folds.Make(settings, rows, labels, groups)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_that_cannot_be_are_refused()
    {
        FoldSettings[] all = [new() { Count = 1 }, new() { Kind = FoldKind.Holdout, Validation = 1 },
            new() { Kind = FoldKind.Holdout, Validation = double.NaN }, new() { Kind = FoldKind.Grouped }, new() { Kind = FoldKind.Column },
                new() { Kind = (FoldKind)9 }, new()];
        foreach (var settings in all) Assert.Throws<ConfigException>(() => Folds.Make(settings, 10));
    }

    [Fact]
    public void The_tweets_are_divided_as_evenly_as_can_be()
    {
        var table = Table.Read(Shared.Data("disaster_tweets/train.csv"));
        var folds = Folds.Make(table, new() { Seed = 7 }, "target");
        Assert.All(Enumerable.Range(0, 5), f => Assert.InRange(folds.Valid(f).Length, 1522, 1523));                                   // 7,613 / 5 = 1,522.6
        Assert.All(Enumerable.Range(0, 5), f => Assert.InRange(folds.Valid(f).Count(row => table[row, "target"] == "1"), 654, 655));  // 3,271 / 5 = 654.2
    }

    [Fact]
    public void No_tweet_is_trained_on_and_validated_on()
    {
        var table = Table.Read(Shared.Data("disaster_tweets/train.csv"));
        var text = TextTemplate.Parse("text");
        DataSummary Summary(Folds folds) => DataSummary.Of(table, text, folds: folds);
        Assert.True(Summary(Folds.Make(table, new() { Seed = 7 }, "target")).AcrossFolds.Texts > 20);
        Assert.Equal(0, Summary(Folds.Make(table, new() { Seed = 7 }, "target", TextKeys.Of(table, text))).AcrossFolds.Texts);
    }

    static FoldSettings Kind(Case c, FoldKind kind) => new() { Kind = kind, Count = c.Count, Seed = c.Seed, Column = "g", Validation = 0.3 };
}
