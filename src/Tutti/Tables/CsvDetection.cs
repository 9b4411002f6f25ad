using System.Text;

namespace Tutti.Tables;

/// <summary>
/// Finds delimiter and quote by parsing the start of a file with every pair of candidates: the delimiter that cuts most records into as
/// many cells as the first one, and the quote that is needed to do so. In doubt: comma and double quote.
/// </summary>
static class CsvDetection
{
    const int SampleCharacters = 1 << 16;
    static readonly char[] Delimiters = [',', '\t', ';', '|'];

    /// <summary>How well a delimiter and a quote explain the sample.</summary>
    /// <param name="Columns">Cells of the first record.</param>
    /// <param name="Consistency">Share of the records with as many cells as the first.</param>
    /// <param name="Broken">Records whose quoting is broken.</param>
    /// <param name="Useful">Cells that hold a delimiter, a line break or a quote because they are quoted.</param>
    /// <param name="Spaced">Cells that begin with a space: the delimiter was punctuation of a sentence.</param>
    public readonly record struct Fit(char Delimiter, char Quote, int Columns, double Consistency, int Broken, int Useful, int Spaced);

    /// <summary>The best pair, where a stated delimiter or quote is kept.</summary>
    public static Fit Detect(TextFile file, char? delimiter, char? quote, bool header)
    {
        var (sample, whole) = Sample(file);
        var fits = (delimiter is { } stated ? [stated] : Delimiters.Where(d => d != quote))
            .Select(d => quote is { } q ? Measure(sample, whole, d, q) : BestQuote(sample, whole, d)).ToList();
        var best = fits.Where(f => f.Columns > 1).OrderByDescending(f => f.Consistency).ThenBy(f => f.Spaced).ThenByDescending(f => f.Columns).FirstOrDefault();
        var single = fits.Where(f => f.Columns == 1).OrderByDescending(f => f.Consistency).FirstOrDefault();
        if (best.Columns == 0) return single;
        // Without a header the first row may be a sentence: most rows must agree before its punctuation counts as a delimiter.
        return !header && best.Consistency < 0.5 && single.Consistency == 1 ? single : best;
    }

    static Fit BestQuote(string sample, bool whole, char delimiter)
    {
        var twice = Measure(sample, whole, delimiter, '"');
        var once = Measure(sample, whole, delimiter, '\'');
        return once.Broken == 0 && once.Useful > twice.Useful && once.Consistency >= twice.Consistency ? once : twice;
    }

    static Fit Measure(string sample, bool whole, char delimiter, char quote)
    {
        var (records, broken, useful) = CsvRows.Try(sample, delimiter, quote);
        if (!whole && records.Count > 1) records.RemoveAt(records.Count - 1);   // most likely cut
        if (records.Count == 0) return new(delimiter, quote, 1, 0, broken, useful, 0);
        var columns = records[0].Length;
        return new(delimiter, quote, columns, (double)records.Count(r => r.Length == columns) / records.Count, broken, useful,
            records.Sum(r => r.Skip(1).Count(c => c.StartsWith(' '))));
    }

    static (string Text, bool Whole) Sample(TextFile file)
    {
        using var reader = file.Reader();
        var buffer = new char[SampleCharacters];
        try
        {
            var read = reader.ReadBlock(buffer);
            return (new string(buffer, 0, read), read < buffer.Length);
        }
        catch (DecoderFallbackException cause)
        {
            throw file.Undecodable(cause);
        }
    }
}
