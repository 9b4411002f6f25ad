using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tutti.Hub;

/// <summary>A file of a repository.</summary>
/// <param name="Path">Below the snapshot's folder, with slashes.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="Hash">See <see cref="ContentHash"/>; also the name of its blob.</param>
public sealed record HubFile(string Path, long Size, string Hash);

/// <summary>What a repository holds at one commit, as the server says.</summary>
/// <param name="Commit">40 hexadecimal digits.</param>
/// <param name="Files">Size and hash are null where the server did not say.</param>
sealed record RepositoryListing(string Commit, IReadOnlyList<ListedFile> Files)
{
    const int MostFiles = 100_000;

    /// <exception cref="HubException">It is no listing, or names files that would lie outside the folder.</exception>
    public static RepositoryListing Parse(byte[] json, string where)
    {
        JsonObject? root;
        try
        {
            root = JsonNode.Parse(json, documentOptions: new() { MaxDepth = 64 }) as JsonObject;
        }
        catch (JsonException e)
        {
            throw new HubException(where, "the answer is no JSON; is the address a Hugging Face hub's?", e);
        }
        var commit = Text(root?["sha"]);
        if (!ContentHash.IsCommit(commit)) throw new HubException(where, $"the answer names no commit (sha: '{Printable.Of(commit ?? "")}'); is the address a Hugging Face hub's?");
        if (root!["siblings"] is not JsonArray siblings) throw new HubException(where, "the answer lists no files (siblings); is the address a Hugging Face hub's?");
        if (siblings.Count > MostFiles) throw new HubException(where, FormattableString.Invariant($"{siblings.Count} files are listed; at most {MostFiles} are accepted"));
        var files = siblings.Select(item => File(item as JsonObject, where)).ToArray();
        if (files.GroupBy(file => file.Path, StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new HubException(where, $"the file '{Printable.Of(twice.Key)}' is listed twice (upper and lower case are the same)");
        return new(commit!, files);
    }

    static ListedFile File(JsonObject? item, string where)
    {
        var path = Text(item?["rfilename"]) ?? throw new HubException(where, "a listed file has no name (rfilename)");
        if (UnsafePath(path) is { } reason) throw new HubException(where, $"refused: the server names a file '{Printable.Of(path)}', which {reason}; nothing was written");
        var lfs = item!["lfs"] as JsonObject;
        var hash = Text(lfs?["sha256"] ?? lfs?["oid"] ?? item["blobId"]);
        return new(path, Whole(lfs?["size"] ?? item["size"]), ContentHash.IsValid(hash) ? hash : null);
    }

    /// <summary>Why a path from a server must not become one of ours, or null.</summary>
    public static string? UnsafePath(string path)
    {
        if (path.Length is 0 or > 1024) return "is empty or too long";
        if (path[0] == '/') return "is absolute";
        if (path.Any(letter => letter is '\\' or ':' || char.IsControl(letter))) return "holds a backslash, a colon or a control character";
        foreach (var part in path.Split('/'))
        {
            if (part is "" or "." or "..") return "has a part that is empty, . or ..";
            if (System.Text.Encoding.UTF8.GetByteCount(part) > 255 || part[^1] is '.' or ' ' || part[0] == ' ') return "has a part that no file can have as its name";
            if (part.Split('.')[0].TrimEnd().ToUpperInvariant() is "CON" or "PRN" or "AUX" or "NUL" or "CLOCK$" or ['C', 'O', 'M', _] or ['L', 'P', 'T', _]) return "has the name of a device on Windows";
        }
        return null;
    }

    static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    static long? Whole(JsonNode? node) => node is JsonValue value && value.TryGetValue<long>(out var number) && number >= 0 ? number : null;
}

/// <summary>As <see cref="HubFile"/>, of a server that need not say everything.</summary>
sealed record ListedFile(string Path, long? Size, string? Hash);
