using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Tutti.Tables;

namespace Tutti.Bench;

/// <summary>A review and what its writer thought of the film.</summary>
sealed record Review(string Text, string Label);

/// <summary>The reviews of the Large Movie Review Dataset in an order drawn by their hashes, which is the same everywhere: each text once, and no text of the training part in the test part.</summary>
/// <param name="Train">Of the training part.</param>
/// <param name="Test">Of the test part.</param>
sealed record UlmfitReviews(IReadOnlyList<Review> Train, IReadOnlyList<Review> Test)
{
    public static readonly string[] Classes = ["neg", "pos"];

    /// <param name="scratch">A folder for the unpacked files, which are gone afterwards.</param>
    public static UlmfitReviews Read(string scratch)
    {
        var (train, test) = (Read("train", scratch), Read("test", scratch));
        var known = train.Select(review => review.Text).ToHashSet(StringComparer.Ordinal);
        return new(train, [.. test.Where(review => !known.Contains(review.Text))]);
    }

    /// <summary>The first so many of the training part, as many of each class.</summary>
    public Review[] Labelled(int count) => Balanced(Train, count);

    /// <summary>The same of the test part.</summary>
    public Review[] Tested(int count) => Balanced(Test, count);

    static Review[] Balanced(IReadOnlyList<Review> from, int count)
    {
        var chosen = Classes.SelectMany(label => from.Where(review => review.Label == label).Take(count / Classes.Length)).ToHashSet();
        return [.. from.Where(chosen.Contains)];
    }

    static Review[] Read(string part, string scratch)
    {
        var plain = Path.Combine(scratch, FormattableString.Invariant($"unpacked-{part}-{Environment.ProcessId}.csv"));
        try
        {
            using (var packed = new GZipStream(File.OpenRead(BaselineBench.Data($"imdb_full/{part}.csv.gz")), CompressionMode.Decompress))
            using (var to = File.Create(plain))
                packed.CopyTo(to);
            var table = Table.Read(plain);
            return [.. table.Column("text").Zip(table.Column("label"), (text, label) => new Review(text!, label!)).DistinctBy(review => review.Text, StringComparer.Ordinal)
                .Select(review => (Review: review, Key: Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(review.Text))))).OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => one.Review)];
        }
        finally
        {
            File.Delete(plain);
        }
    }
}
