using System.Text.Json.Nodes;
using Tutti.Bench;
using Tutti.Training;

namespace Tutti.Tests.Bench;

/// <summary>From measured numbers to what is printed.</summary>
public sealed class FiguresTests
{
    static readonly Surroundings quiet = new(0, 0, 0);
    static readonly string[] peaks = ["ours_peak_bytes", "ours_peak_rss_bytes", "peer_peak_rss_bytes"], rates = ["other", "forward_gflops", "backward_gflops", "update_gflops"];

    [Fact]
    public void A_median_is_the_middle_or_between_the_two_in_the_middle()
    {
        Assert.Equal(2, Figures.Median([9, 1, 2]));
        Assert.Equal(1.5, Figures.Median([2, 1]));
        Assert.Equal("2.00 (1.00..9.00)", Figures.Spread([9, 1, 2]));
    }

    [Fact]
    public void A_column_without_values_is_not_shown()
    {
        var lines = Grid.Lines([["case", "empty", "value"], ["one", "", "1"], ["two", "", "22"]], Format.Markdown);
        Assert.Equal(["| case | value |", "|------|-------|", "| one  | 1     |", "| two  | 22    |"], lines);
    }

    [Fact]
    public void Memory_ratios_are_our_peaks_over_the_peers_resident_set_with_all_numbers_kept()
    {
        var outcome = new Outcome("made", [new(4, Peak: 100, Resident: 300), new(6, Peak: 150, Resident: 320)], [new(2, Peak: 600), new(3, Peak: 500)], "peer", "", null, quiet);
        var json = new Report(new("made", "", "examples/s", true, [], (_, _) => outcome), Format.Json).Json(outcome);
        Assert.Equal([150, 320, 600], peaks.Select(key => (long)json[key]!));
        Assert.Equal(0.25, (double)json["memory_ratio"]!);
        Assert.Equal(0.5333, (double)json["resident_ratio"]!);
        Assert.Equal(2, (double)json["ratio"]!);
    }

    [Fact]
    public void A_share_of_the_ceiling_is_the_products_time_over_that_of_Learners_update_in_the_cases_own_type()
    {
        // 2 GFLOP forward and 4 backward; 100 ms by Learner; 70 ms of products in bf16, 140 in fp32; the large product at 200 and 100 GFLOP/s.
        var work = new UpdateWork(2, 4, [(new(64, 8, 8), 1)], 1);
        var round = new UpdateRound(100, new(104, 30, 50, 20, 1), Sweep(140, 100), Sweep(70, 200));
        Assert.Equal((0.7, 0.3), Shares(Precision.Bf16));
        Assert.Equal((1.4, 0.6), Shares(Precision.Fp32));
        var json = Json(Precision.Bf16);
        Assert.Equal([3, 66.67, 80, 60], rates.Select(key => (double)json[key]!));

        Sweep Sweep(double milliseconds, double large) => new([new(1, 1, 1)], new(milliseconds / 4, milliseconds / 4, milliseconds / 2), large);
        JsonObject Json(Precision precision) => new UpdateOutcome(new("made", new(1, 8, 1, 8), precision, 16, 1, _ => []), work, [round], quiet).Json();
        (double, double) Shares(Precision precision) => ((double)Json(precision)["share_of_products"]!, (double)Json(precision)["share_of_large_product"]!);
    }

    [Fact]
    public void A_peer_that_groups_regains_even_batches_from_the_examples_of_a_round()
    {
        var lengths = Lengths.GroupedTweets(128, 16);
        Assert.Equal(128, lengths.Length);
        Assert.InRange(lengths.Average(), 29, 37);                                                            // as of all tweets
        Assert.InRange(Real(lengths.Order()), 0.95, 1);
        Assert.InRange(Real(lengths), 0, 0.75);                                                               // they do not come sorted

        static double Real(IEnumerable<int> lengths) => lengths.Sum() / (double)lengths.Chunk(16).Sum(batch => 16 * batch.Max());
    }

    [Fact]
    public void Every_case_that_documents_name_can_be_run()
    {
        string[] named = ["bert-base-tweets-fp32", "bert-base-tweets-bf16", "bert-base-tweets-default", "bert-base-tweets-grouped-fp32", "bert-base-tweets-grouped-bf16",
            "bert-base-128-fp32", "bert-base-128-bf16", "bert-base-512-bf16", "bert-tiny-fp32", "bert-tiny-bf16"];
        Assert.Empty(named.Except(TrainBench.All.Cases));
        var usual = TrainCase.Find("bert-base-tweets-default");
        Assert.Equal((Precision.Auto, Precision.Fp32, false), (usual.Precision, usual.Theirs, usual.PeerGroups));
        Assert.True(TrainCase.Find("bert-base-tweets-grouped-bf16").PeerGroups);
    }
}
