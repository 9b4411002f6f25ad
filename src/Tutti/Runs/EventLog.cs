using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Unicode;

namespace Tutti.Runs;

/// <summary>One line of <c>events.jsonl</c>.</summary>
/// <param name="Time">When it happened, UTC.</param>
/// <param name="Kind">What happened, such as <c>epoch</c>.</param>
/// <param name="Fields">The rest of the line.</param>
public sealed record RunEvent(DateTimeOffset Time, string Kind, JsonObject Fields);

/// <summary>
/// Appends events to a file, one JSON object a line, and hands each line to the operating system at once, so that a crash loses at
/// most the line being written. Numbers that JSON lacks become "NaN", "Infinity" and "-Infinity". Thread-safe, and safe among processes
/// that write the same file: each has it alone while it writes a line.
/// </summary>
public sealed class EventLog : IDisposable
{
    static readonly JsonSerializerOptions Options = new()
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.Create(UnicodeRanges.All),
    };

    static readonly TimeSpan longestWait = TimeSpan.FromMinutes(1);

    readonly string path, lockPath;
    readonly FileStream file;
    readonly TimeProvider clock;
    readonly Lock gate = new();

    /// <summary>Opens the file for appending, creating it and its folder when missing; half a line left by a crash is cut off.</summary>
    /// <param name="path">The file.</param>
    /// <param name="clock">Where times come from; null: the system's.</param>
    /// <param name="lockPath">The lock that all writers of the file take in turn; null: beside the file.</param>
    /// <exception cref="ConfigException">The file cannot be written.</exception>
    public EventLog(string path, TimeProvider? clock = null, string? lockPath = null)
    {
        (this.path, this.lockPath) = (path, lockPath ?? path + ".lock");
        this.clock = clock ?? TimeProvider.System;
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder) Directory.CreateDirectory(folder);
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite, 1);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException(path, $"cannot be written ({error.Message}); choose another folder, or make room in this one", error);
        }
        try
        {
            using var alone = Alone();
            CutTornLine(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Appends one event.</summary>
    /// <param name="kind">What happened.</param>
    /// <param name="fields">Names and values; a value is anything that System.Text.Json writes. <c>time</c> and <c>kind</c> are taken.</param>
    public void Write(string kind, params ReadOnlySpan<(string Name, object? Value)> fields)
    {
        using var line = new MemoryStream();
        using (var json = new Utf8JsonWriter(line, new JsonWriterOptions { Encoder = Options.Encoder }))
        {
            json.WriteStartObject();
            json.WriteString("time", clock.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
            json.WriteString("kind", kind);
            foreach (var (name, value) in fields)
            {
                if (name is "time" or "kind") throw new ArgumentException($"an event has its own '{name}'; choose another field name", nameof(fields));
                json.WritePropertyName(name);
                JsonSerializer.Serialize(json, value, value?.GetType() ?? typeof(object), Options);
            }
            json.WriteEndObject();
        }
        line.WriteByte((byte)'\n');
        lock (gate)
        {
            try
            {
                using var alone = Alone();
                CutTornLine(file);                            // another process may have ended in the middle of a line
                file.Write(line.GetBuffer(), 0, (int)line.Length);
                file.Flush();
            }
            catch (IOException error)
            {
                throw new ConfigException(path, $"cannot be written ({error.Message}); free some space on that disk and run the same command again", error);
            }
        }
    }

    /// <summary>All events in the order of the file. A last line without its line break that is no JSON object was cut by a crash and is left out.</summary>
    /// <exception cref="DataException">There is no such file, or a line, other than a torn last one, is no event.</exception>
    public static List<RunEvent> Read(string path)
    {
        if (!File.Exists(path)) throw new DataException(path, "does not exist; is this a run folder?");
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        var text = reader.ReadToEnd();
        var lines = text.Split('\n');
        List<RunEvent> events = [];
        for (var i = 0; i < lines.Length; i++)
        {
            if (string.IsNullOrWhiteSpace(lines[i])) continue;
            if (Parse(lines[i]) is { } found) events.Add(found);
            else if (i < lines.Length - 1) throw new DataException(path, "is no event: expected a JSON object with time and kind; remove the line", i + 1);
        }
        return events;
    }

    public void Dispose() => file.Dispose();

    /// <summary>The turn of this writer.</summary>
    FileLock Alone()
    {
        using var patience = new CancellationTokenSource(longestWait);
        try
        {
            return FileLock.Wait(lockPath, cancel: patience.Token);
        }
        catch (OperationCanceledException)
        {
            throw new ConfigException(lockPath, "has been held by another process for a minute, which should take a moment: it may have been stopped; continue or end it, and run the same command again");
        }
    }

    static RunEvent? Parse(string line)
    {
        JsonNode? node;
        try { node = JsonNode.Parse(line, documentOptions: new() { AllowDuplicateProperties = false }); }
        catch (JsonException) { return null; }
        if (node is not JsonObject fields || fields["time"] is not JsonValue time || fields["kind"] is not JsonValue kind
            || !time.TryGetValue<DateTimeOffset>(out var at) || !kind.TryGetValue<string>(out var name)) return null;
        fields.Remove("time");
        fields.Remove("kind");
        return new(at, name, fields);
    }

    // Leaves the position at the end of the last whole line. A whole event that only lacks its line break gets one.
    static void CutTornLine(FileStream file)
    {
        var end = file.Length;
        var tail = new List<byte>();
        while (end > 0)
        {
            file.Position = end - 1;
            var value = file.ReadByte();
            if (value == '\n') break;
            tail.Add((byte)value);
            end--;
        }
        tail.Reverse();
        var whole = tail.Count > 0 && Parse(Encoding.UTF8.GetString([.. tail])) is not null;
        if (tail.Count > 0 && !whole) file.SetLength(end);
        file.Position = whole ? file.Length : end;
        if (whole) file.WriteByte((byte)'\n');
    }
}
