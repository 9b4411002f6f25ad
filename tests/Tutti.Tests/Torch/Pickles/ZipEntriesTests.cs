using System.Buffers.Binary;
using System.IO.Compression;
using Tutti.Bench.Fuzz;
using Tutti.Torch;
using Tutti.Torch.Pickles;

namespace Tutti.Tests.Torch.Pickles;

public sealed class ZipEntriesTests
{
    static readonly ZipItem one = new("a/one", [1, 2, 3]);
    static readonly ZipItem two = new("a/two", [4, 5]);

    [Theory, InlineData(false), InlineData(true)]
    public void Entries_are_found_where_they_lie(bool wide)
    {
        using var temp = Shared.Temp();
        using var file = new MappedFile(temp.Write("a.zip", ZipWriter.Write([one, two], wide)), 1, "archive");
        var entries = new ZipEntries(file);
        Assert.Equal([1, 2, 3], file.Span(entries.Find("a/one")!.Value.Begin, 3).ToArray());
        Assert.Equal([4, 5], file.Span(entries.Find("a/two")!.Value.Begin, 2).ToArray());
        Assert.Equal(0, entries.Find("a/two")!.Value.Begin % 64);
        Assert.Null(entries.Find("a/three"));
    }

    [Fact]
    public void A_compressed_bomb_is_refused_without_unpacking_it()
    {
        using var memory = new MemoryStream();
        using (var zip = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            using var entry = zip.CreateEntry("a/data.pkl", CompressionLevel.SmallestSize).Open();
            entry.Write(new byte[50_000_000]);
        }
        Assert.Contains("'a/data.pkl' is compressed", Refused(memory.ToArray()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("name", "another name")]
    [InlineData("method", "compressed in its own header")]
    [InlineData("bytes", "in its own header")]
    [InlineData("long", "claims 1000000 bytes")]
    [InlineData("encrypted", "encrypted")]
    [InlineData("deflated", "is compressed")]
    public void Headers_that_contradict_the_directory_are_refused(string lie, string reason) => Assert.Contains(reason, Refused(ZipWriter.Write([lie switch
    {
        "name" => one with { LocalName = "a/eno" },
        "method" => one with { LocalMethod = 8 },
        "bytes" => one with { LocalBytes = 2 },
        "long" => one with { ClaimedBytes = 1_000_000 },
        "encrypted" => one with { Flags = 1 },
        _ => one with { Method = 8 },
    }, two])), StringComparison.Ordinal);

    [Fact]
    public void Sizes_that_are_left_open_by_a_streaming_writer_are_accepted()
    {
        using var temp = Shared.Temp();
        using var file = new MappedFile(temp.Write("a.zip", ZipWriter.Write([one with { Flags = 8, LocalBytes = 0 }])), 1, "archive");
        Assert.Equal(3, new ZipEntries(file).Find("a/one")!.Value.Bytes);
    }

    [Fact]
    public void An_entry_that_is_there_twice_or_shares_bytes_is_refused()
    {
        Assert.Contains("twice", Refused(ZipWriter.Write([one, one])), StringComparison.Ordinal);
        var shared = ZipWriter.Write([one, two with { Name = "a/owt", LocalName = "a/one", Data = [1, 2, 3] }]);
        var second = shared.AsSpan().LastIndexOf("PK\x01\x02"u8);
        BinaryPrimitives.WriteUInt32LittleEndian(shared.AsSpan(second + 42), 0);
        "a/one"u8.CopyTo(shared.AsSpan(second + 46));
        Assert.Contains("twice", Refused(shared), StringComparison.Ordinal);
        // The first entry claims the bytes of the second, header and all.
        var wide = ZipWriter.Write([one, two]);
        var (first, length) = (wide.AsSpan().IndexOf("PK\x01\x02"u8), (uint)(wide.AsSpan().IndexOf("PK\x01\x02"u8) - 64));
        foreach (var at in (int[])[18, 22, first + 20, first + 24]) BinaryPrimitives.WriteUInt32LittleEndian(wide.AsSpan(at), length);
        Assert.Contains("shares bytes", Refused(wide), StringComparison.Ordinal);
    }

    [Theory, InlineData(1), InlineData(3), InlineData(60_000)]
    public void A_directory_with_another_number_of_entries_is_refused(int count) => Assert.Contains("directory", Refused(ZipWriter.Write([one, two], count: count)), StringComparison.Ordinal);

    [Theory, InlineData(false), InlineData(true)]
    public void An_archive_cut_at_any_byte_is_refused(bool wide)
    {
        var whole = ZipWriter.Write([one, two], wide);
        for (var length = 1; length < whole.Length; length++) Refused(whole[..length]);
    }

    static string Refused(byte[] zip)
    {
        using var temp = Shared.Temp();
        using var file = new MappedFile(temp.Write("a.zip", zip), 1, "archive");
        return Assert.Throws<DataException>(() => new ZipEntries(file)).Message;
    }
}
