using Tutti.Tests.Evaluation;
using Tutti.Training;

namespace Tutti.Tests.Training;

public sealed class LanguageStreamsTests
{
    public static TheoryData<string> Files => Parity.Files("03_awdlstm/text_rules", "lm_batches*.json");

    [Theory]
    [MemberData(nameof(Files))]
    public void Pieces_equal_the_recorded_reference(string file)
    {
        var (parity, recorded, next) = (new Parity(file), Parity.Json(file), 0);
        List<Example> texts = [];
        foreach (var length in Parity.Integers(recorded["item_lengths"]))
        {
            texts.Add(new([.. Enumerable.Range(next, length)], null, -1, texts.Count));
            next += length;
        }
        var order = new LanguageStreams(texts, (int)recorded["bs"]!.GetValue<double>(), (int)recorded["seq_len"]!.GetValue<double>(), seed: null);
        var updates = order.Epoch(1);
        parity.Near("batches", recorded["n_batches"], updates.Count, 0);
        parity.True("batches of an epoch", updates.Count == order.PerEpoch);
        foreach (var (update, batch) in updates.Zip(recorded["batches"]!.AsArray()))
        {
            parity.Near("x", batch!["x"], [.. update.SelectMany(piece => piece.Ids).Select(id => (double)id)], 0);
            parity.Near("y", batch["y"], [.. update.SelectMany(piece => piece.Answers!).Select(id => (double)id)], 0);
        }
        parity.Near("length of the last batch", recorded["last_len"], updates[^1][0].Ids.Length, 0);
        parity.Near("length of a stream", recorded["batch_length"], updates.Sum(update => update[0].Ids.Length), 0);
        parity.Finish();
    }

    [Theory, InlineData(7, 6, 0), InlineData(7, 6, 2.5), InlineData(3, 40, 5), InlineData(1, 9, 100), InlineData(16, 72, 5), InlineData(2, 1, 3)]
    public void Every_token_is_predicted_once_an_epoch_and_each_piece_goes_on_where_its_stream_was(int streams, int length, double jitter)
    {
        var order = new LanguageStreams(Texts(60), streams, length, seed: 3, jitter);
        for (var epoch = 1; epoch <= 3; epoch++)
        {
            var updates = order.Epoch(epoch);
            Assert.Equal(order.PerEpoch, updates.Count);
            var perStream = (int)((order.Tokens - 1) / streams);
            for (var stream = 0; stream < streams; stream++)
            {
                Example[] pieces = [.. updates.Select(update => update[stream])];
                Assert.All(pieces, piece => Assert.Equal((stream, piece.Ids.Length), (piece.Row, piece.Answers!.Length)));
                Assert.Equal(perStream, pieces.Sum(piece => piece.Ids.Length));
                int[] read = [.. pieces.SelectMany(piece => piece.Ids)], asked = [.. pieces.SelectMany(piece => piece.Answers!)];
                Assert.Equal(read[1..], asked[..^1]);
            }
            Assert.All(updates, update => Assert.Single(update.Select(piece => piece.Ids.Length).Distinct()));
            Assert.All(updates, update => Assert.InRange(update[0].Ids.Length, 1, Math.Max(length + (2 * (length / 4)), length)));
        }
        Assert.Equal(Flat(order.Epoch(1)), Flat(order.Epoch(1)));
        Assert.NotEqual(Flat(order.Epoch(1)), Flat(order.Epoch(2)));
    }

    [Fact]
    public void Jitter_moves_the_places_where_pieces_end_and_not_their_number()
    {
        var (plain, moved) = (new LanguageStreams(Texts(200), 4, 20, 1), new LanguageStreams(Texts(200), 4, 20, 1, jitter: 5));
        Assert.Equal(plain.PerEpoch, moved.PerEpoch);
        int[] Lengths(LanguageStreams order, int epoch) => [.. order.Epoch(epoch).Select(update => update[0].Ids.Length)];
        Assert.All(Lengths(plain, 1)[..^1], length => Assert.Equal(20, length));
        Assert.True(Lengths(moved, 1).Distinct().Count() > 5);
        Assert.NotEqual(Lengths(moved, 1), Lengths(moved, 2));
        Assert.Equal(Enumerable.Range(1, 1).SelectMany(epoch => Lengths(moved, epoch)).Max(), moved.Longest.Ids.Length);
    }

    [Fact]
    public void Too_few_tokens_for_the_streams_are_an_error_that_says_what_to_change()
    {
        var error = Assert.Throws<ArgumentException>(() => new LanguageStreams([new([1, 2, 3], null, -1, 0)], 3, 5, null));
        Assert.Contains("3 tokens; 3 streams need at least 4", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, new LanguageStreams([new([1, 2, 3, 4], null, -1, 0)], 3, 5, null).PerEpoch);
    }

    static Example[] Texts(int count) => [.. Enumerable.Range(0, count).Select(row => new Example([.. Enumerable.Range(row * 100, 1 + (row * 7 % 23))], null, -1, row))];

    static int[] Flat(IReadOnlyList<Example[]> updates) => [.. updates.SelectMany(update => update).SelectMany(piece => piece.Ids)];
}
