using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Tutti.Training;

/// <summary>A file of a resume folder as it was written.</summary>
/// <param name="Name">Its plain name.</param>
/// <param name="Sha256">64 hexadecimal digits.</param>
sealed record StoredFile([property: JsonPropertyName("file")] string Name, long Bytes, string Sha256)
{
    /// <summary>Reads the whole file and compares.</summary>
    /// <exception cref="DataException">It is not the file that was written.</exception>
    public void Verify(string folder)
    {
        var path = Path.Combine(folder, Name);
        if (!File.Exists(path)) throw new DataException(path, "is missing");
        var bytes = new FileInfo(path).Length;
        if (bytes != Bytes) throw new DataException(path, FormattableString.Invariant($"has {bytes} bytes, {Bytes} were written"));
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan);
        if (Convert.ToHexStringLower(SHA256.HashData(file)) != Sha256) throw new DataException(path, "is damaged (its SHA-256 is not that of the file that was written)");
    }
}

/// <summary>
/// The file that makes a point complete: what was being done, and which bytes belong to it. It is written last. Its own SHA-256 stands at its end,
/// over everything before those digits.
/// </summary>
/// <param name="Number">The number in the names of the point's files.</param>
/// <param name="Update">Updates done.</param>
/// <param name="Tensors">Weights, moments and gradients.</param>
/// <param name="Best">The best weights so far, or null before the first evaluation.</param>
/// <param name="State">What else the fit needs; its owner's business.</param>
sealed record ResumeManifest(long Number, long Update, StoredFile Tensors, StoredFile? Best, JsonObject State)
{
    const int Version = 1;
    const int Digits = 64;
    static readonly byte[] end = "\"\n}\n"u8.ToArray();

    static readonly JsonSerializerOptions options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NewLine = "\n",
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>The keys of the file, in their order.</summary>
    sealed record Form(int Version, long Update, StoredFile Tensors, StoredFile? Best, JsonObject State, string Sha256);

    public string Name => NameOf(Number);
    public static string NameOf(long number) => string.Create(CultureInfo.InvariantCulture, $"point-{number:D8}.json");
    public static string TensorsOf(long number) => string.Create(CultureInfo.InvariantCulture, $"point-{number:D8}.safetensors");
    public static string BestOf(long number) => string.Create(CultureInfo.InvariantCulture, $"best-{number:D8}.safetensors");

    /// <summary>The names of all files of the point.</summary>
    public IEnumerable<string> Files => Best is null ? [Name, Tensors.Name] : [Name, Tensors.Name, Best.Name];

    /// <summary>The file's content. Its length does not depend on the hashes.</summary>
    public byte[] ToBytes()
    {
        byte[] bytes = [.. JsonSerializer.SerializeToUtf8Bytes(new Form(Version, Update, Tensors, Best, State, new('0', Digits)), options), (byte)'\n'];
        var content = bytes.Length - end.Length - Digits;
        Encoding.ASCII.GetBytes(HashOf(bytes.AsSpan(0, content)), bytes.AsSpan(content));
        return bytes;
    }

    /// <summary>Reads a manifest and checks it against itself; the other files are not looked at.</summary>
    /// <exception cref="DataException">It is missing, damaged, of another version, or names files that are not its own.</exception>
    public static ResumeManifest Read(string folder, long number)
    {
        var path = Path.Combine(folder, NameOf(number));
        if (!File.Exists(path)) throw new DataException(path, "is missing: the point was not written to its end");
        var bytes = File.ReadAllBytes(path);
        var content = bytes.Length - end.Length - Digits;
        if (content < 0 || !bytes.AsSpan().EndsWith(end) || !bytes.AsSpan(content, Digits).SequenceEqual(Encoding.ASCII.GetBytes(HashOf(bytes.AsSpan(0, content)))))
            throw new DataException(path, "is damaged (its SHA-256 is not the one it ends with)");
        try
        {
            var json = JsonNode.Parse(bytes, documentOptions: new() { AllowDuplicateProperties = false }) as JsonObject;
            var version = json?["version"]?.GetValue<int>();
            if (version != Version) throw new DataException(path, FormattableString.Invariant($"has format version {version}, expected {Version}; it was written by another version of Tutti"));
            var form = json.Deserialize<Form>(options)!;
            CheckName(path, form.Tensors, TensorsOf(number));
            // The best weights may be those of an earlier point, so their number is their own.
            if (form.Best is { } best) CheckName(path, best, BestOf(NumberOf(best.Name) ?? number));
            return new(number, form.Update, form.Tensors, form.Best, form.State);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new DataException(path, $"is no manifest of a point ({e.Message})", inner: e);
        }
    }

    /// <summary>The number in the name of a file of a resume folder, or null when it is none.</summary>
    public static long? NumberOf(string name)
        => name.Split('-', '.') is [_, var digits, _] && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && (name == NameOf(number) || name == TensorsOf(number) || name == BestOf(number)) ? number : null;

    // Names are compared with those that this code would give, so that no manifest leads out of its folder.
    static void CheckName(string path, StoredFile file, string expected)
    {
        if (file.Name != expected) throw new DataException(path, $"names the file '{file.Name}', expected '{expected}'");
    }

    static string HashOf(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content));
}
