using Tutti.Labels;
using Tutti.Vision;

namespace Tutti.Reports;

/// <summary>
/// The small pictures of a report, each once, as JPEG in base64. Bounded in number and size, so that the page stays one file that opens at once: those that are looked at first come
/// first, and the rest of the rows go without.
/// </summary>
public sealed class ReportPictures
{
    /// <summary>Of the longer side, in pixels.</summary>
    public const int Side = 128;

    /// <summary>At most so many, and so many bytes of base64.</summary>
    public const int Most = 1000, MostBytes = 6 * 1024 * 1024;

    readonly Dictionary<(bool Test, string Id), int> places = [];
    readonly List<string> jpegs = [];

    /// <param name="wanted">The rows whose pictures are wanted, the most telling first.</param>
    /// <param name="itemOf">Where a row's picture is; null: nowhere.</param>
    /// <param name="reading">How files are read; one that cannot be is left out.</param>
    /// <param name="most">Pictures.</param>
    /// <param name="mostBytes">Of all of them in base64.</param>
    /// <param name="cancel">Ends it.</param>
    public ReportPictures(IEnumerable<(bool Test, string Id)> wanted, Func<(bool Test, string Id), PictureItem?> itemOf, PictureReading reading, int most = Most, int mostBytes = MostBytes, CancellationToken cancel = default)
    {
        (bool Test, string Id)[] rows = [.. wanted.Distinct()];
        Wanted = rows.Length;
        var items = rows.Take(most).Select((row, i) => itemOf(row) is { } item ? item with { Row = i } : null).OfType<PictureItem>();
        // Reduced on loading where the file can be; resized here, because a picture that is small already keeps its size.
        var source = new PictureSource { Reading = reading with { Enough = (Side, Side) }, ShrinkOnLoad = false, Errors = PictureErrors.Skip };
        foreach (var (row, jpeg) in source.All(items, (item, picture) => (item.Row, Convert.ToBase64String(Thumbnail.Jpeg(picture, Side))), cancel))
        {
            if (Bytes + jpeg.Length > mostBytes) break;
            Bytes += jpeg.Length;
            places.Add(rows[row], jpegs.Count);
            jpegs.Add(jpeg);
        }
    }

    /// <summary>Rows that are listed.</summary>
    public int Wanted { get; }

    /// <summary>Of the base64.</summary>
    public int Bytes { get; }

    /// <summary>The pictures, in the order of importance.</summary>
    public IReadOnlyList<string> Jpegs => jpegs;

    /// <summary>Which of them a row has; null: none.</summary>
    public int? Of(bool test, string id) => places.TryGetValue((test, id), out var place) ? place : null;

    /// <summary>The rows that a report lists, the most telling first: those at random; losses and label issues in turn; duplicates and outliers; then from every cell of the confusion matrix.</summary>
    /// <param name="ids">Of the predictions.</param>
    /// <param name="rows">What the report embeds of them.</param>
    /// <param name="similar">Duplicates and outliers, or null.</param>
    public static IEnumerable<(bool Test, string Id)> Listed(IReadOnlyList<string> ids, ReportRows rows, SimilarRows? similar)
    {
        var first = rows.Sample.Concat(rows.ToExplain(int.MaxValue)).Select(row => (false, ids[row]));
        var alike = similar is null ? [] : SimilarRowsJson.Shown(similar).Select(row => (row.IsTest, row.Id));
        return [.. first, .. alike, .. ReportRows.InTurn([[], .. rows.Confusion.Concat(rows.Targets.SelectMany(target => target.Confusion)).Select(cell => cell.Rows)]).Select(row => (false, ids[row]))];
    }
}
