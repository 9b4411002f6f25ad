using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;

namespace Tutti.Reports;

/// <summary>
/// The self-contained page: the bundle of web/ with the run's document in it. A text of the data cannot leave the document: what HTML gives a meaning
/// (&lt;, &gt;, &amp;, quotes) stands in it as \u escapes, so neither &lt;/script&gt; nor &lt;!-- occurs.
/// </summary>
public static class ReportPage
{
    /// <summary>The document is kept below this, by cutting texts shorter.</summary>
    public const int MostBytes = 12 * 1024 * 1024;

    const string Resource = "report.html", Place = "/* data */";

    static readonly int[] textCharacters = [4000, 2000, 1000, 500, 250, 120, 60];
    static readonly JsonWriterOptions options = new() { Encoder = JavaScriptEncoder.Create(UnicodeRanges.All) };

    /// <summary>Writes the page.</summary>
    /// <param name="path">The file.</param>
    /// <param name="source">The run.</param>
    /// <param name="rows">The rows to embed; null without predictions.</param>
    /// <exception cref="ConfigException">The file cannot be written.</exception>
    public static void Write(string path, ReportSource source, ReportRows? rows)
    {
        var (page, json) = (Template(), Document(source, rows));
        var at = page.IndexOf(Place, StringComparison.Ordinal);
        AtomicFile.Write(path, stream =>
        {
            stream.Write(Encoding.UTF8.GetBytes(page[..at]));
            stream.Write(json);
            stream.Write(Encoding.UTF8.GetBytes(page[(at + Place.Length)..]));
        });
    }

    /// <summary>The document as it stands in the page; texts are cut as far as it takes to stay below <see cref="MostBytes"/>.</summary>
    internal static byte[] Document(ReportSource source, ReportRows? rows)
    {
        foreach (var characters in textCharacters)
            if (Bytes(ReportData.Of(source, rows, characters)) is var json && (json.Length <= MostBytes || characters == textCharacters[^1])) return json;
        throw new InvalidOperationException("unreachable");
    }

    internal static byte[] Bytes(JsonNode document)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, options)) document.WriteTo(writer);
        return stream.ToArray();
    }

    static string Template()
    {
        using var stream = typeof(ReportPage).Assembly.GetManifestResourceStream(Resource) ?? throw new InvalidOperationException($"the library was built without {Resource}; build it with dotnet build, which bundles web/");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
