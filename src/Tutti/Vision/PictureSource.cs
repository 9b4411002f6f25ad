using System.Collections.Concurrent;
using Tutti.Tables;

namespace Tutti.Vision;

/// <summary>A file that was left out.</summary>
/// <param name="Name">As in the list.</param>
/// <param name="What">What is wrong with it.</param>
public sealed record SkippedPicture(string Name, string What);

/// <summary>
/// The pictures of a list at the size where training starts from them: decoded, turned, brought to a size, and kept in a cache where there is one. The same bytes on any
/// number of threads.
/// </summary>
public sealed class PictureSource
{
    readonly ConcurrentDictionary<int, SkippedPicture> skipped = new();

    /// <summary>How files are read.</summary>
    public PictureReading Reading { get; init; } = new();

    /// <summary>The size that pictures are brought to, once; random transforms start from it.</summary>
    public ResizeRule Size { get; init; } = ResizeRule.None;

    public ResizeFilter Filter { get; init; } = ResizeFilter.Bilinear;

    /// <summary>Whether JPEG and WebP may be reduced while they are decoded: much quicker, and slightly other pixels.</summary>
    public bool ShrinkOnLoad { get; init; } = true;

    public PictureErrors Errors { get; init; } = PictureErrors.Fail;

    public PictureCache? Cache { get; init; }

    /// <summary>Threads that decode; all cores unless said otherwise.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Pictures that may wait for whoever takes them, beside those in the making.</summary>
    public int Waiting { get; init; } = 16;

    /// <summary>What was left out so far, by row.</summary>
    public IReadOnlyList<SkippedPicture> Skipped => [.. skipped.OrderBy(pair => pair.Key).Select(pair => pair.Value)];

    /// <summary>One picture.</summary>
    /// <exception cref="DataException">It cannot be read; names it.</exception>
    public Picture Read(PictureItem item)
    {
        var reading = ShrinkOnLoad ? Reading with { Enough = Size.Enough } : Reading;
        var bytes = PictureFile.Bytes(item.Path, reading);
        var key = Cache is null ? null : PictureCache.Key(bytes, $"{reading.Identity} {Size} {Filter}");
        if (key is not null && Cache!.Find(key) is { } kept) return kept;
        var picture = PictureFile.DecodeTo(bytes, item.Path, reading, Size, Filter);
        if (key is not null) Cache!.Keep(key, picture);
        return picture;
    }

    /// <summary>One picture, or null where it cannot be read and may be left out.</summary>
    public Picture? TryRead(PictureItem item)
    {
        try
        {
            return Read(item);
        }
        catch (DataException e) when (Errors == PictureErrors.Skip)
        {
            skipped.TryAdd(item.Row, new(item.Name, e.Message));
            return null;
        }
    }

    /// <summary>
    /// What a function makes of each picture, in the order of the items, decoded and made on several threads ahead of whoever takes them. Pictures that are left out are passed over.
    /// </summary>
    /// <param name="items">In any order and number.</param>
    /// <param name="make">Random transforms and the like; by item alone, so that threads do not matter.</param>
    /// <param name="cancellation">Ends it.</param>
    public IEnumerable<T> All<T>(IEnumerable<PictureItem> items, Func<PictureItem, Picture, T> make, CancellationToken cancellation = default)
    {
        foreach (var (made, value) in Ahead.Of(items, item => TryRead(item) is { } picture ? (true, make(item, picture)) : (false, default!), Threads, Threads + Waiting, cancellation))
            if (made) yield return value;
    }

    /// <summary>As <see cref="All"/>, put together; the next batch is made while the caller works on one.</summary>
    /// <param name="items">In the order of training.</param>
    /// <param name="size">Pictures of a batch; the last may have fewer.</param>
    /// <param name="sides">Width and height that <paramref name="make"/> gives.</param>
    /// <param name="make">The numbers of one picture.</param>
    /// <param name="classes">The classes of the targets; null: there are none.</param>
    /// <param name="cancellation">Ends it.</param>
    public IEnumerable<PictureBatch> Batches(IEnumerable<PictureItem> items, int size, (int Width, int Height) sides, Func<PictureItem, Picture, float[]> make, LabelMap? classes, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        return Ahead.Of(All(items, (item, picture) => (item, Numbers: make(item, picture)), cancellation).Chunk(size).Select(part =>
            PictureBatch.Of([.. part.Select(one => one.Numbers)], sides.Width, sides.Height, [.. part.Select(one => one.item.Row)], classes is null ? null : [.. part.Select(one => Class(one.item, classes))], classes?.Count ?? 0)));
    }

    static int Class(PictureItem item, LabelMap classes) => item.Label is null ? -1 : classes.IndexOf(item.Label) is >= 0 and var place ? place
        : throw new DataException(item.Path, $"the class '{item.Label}' is none of those of training{Nearest.Hint(item.Label, classes.Names)} They are: {string.Join(", ", classes.Names.Take(20))}");

    /// <summary>Decodes every picture once: what cannot be read is found before training, and the cache is filled.</summary>
    /// <returns>The list without what is left out.</returns>
    /// <exception cref="DataException">A picture cannot be read and may not be left out, or none is left.</exception>
    public PictureList Checked(PictureList list, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        var done = 0;
        foreach (var _ in Ahead.Of(list.Items, TryRead, Threads, Threads + Waiting, cancellation)) progress?.Report(++done);
        if (skipped.IsEmpty) return list;
        var left = list.Without(skipped.Keys.ToHashSet());
        return left.Count > 0 ? left : throw new DataException(list.Items[0].Path, FormattableString.Invariant($"none of the {list.Count} pictures can be read; the first: {Skipped[0].What}"));
    }
}
