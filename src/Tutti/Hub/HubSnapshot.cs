using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tutti.Hub;

/// <summary>A repository at one commit, whole on this machine.</summary>
/// <param name="Name">As it was asked for.</param>
/// <param name="Commit">The commit.</param>
/// <param name="Folder">Holds the files; can be given to everything that takes a model folder. Not to be changed: others use it too.</param>
/// <param name="Files">The files that were chosen.</param>
public sealed record HubSnapshot(HubName Name, string Commit, string Folder, IReadOnlyList<HubFile> Files)
{
    /// <summary>Files that this call fetched; the others were there.</summary>
    public int FetchedFiles { get; init; }

    /// <summary>Bytes that came over the network.</summary>
    public long FetchedBytes { get; init; }

    public long Bytes => Files.Sum(file => file.Size);

    /// <summary>Each file with its hash, for records.</summary>
    public string Hashes => string.Join(", ", Files.Select(file => $"{file.Path} {ContentHash.Algorithm(file.Hash)}:{file.Hash}"));
}

/// <summary>Which files a whole snapshot has: written last, so that a snapshot with it is whole.</summary>
sealed record SnapshotManifest(int Version, string Commit, IReadOnlyList<HubFile> Files)
{
    const int CurrentVersion = 1;

    static readonly JsonSerializerOptions options = new(JsonSerializerDefaults.Web) { WriteIndented = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    public static SnapshotManifest Of(string commit, IReadOnlyList<HubFile> files) => new(CurrentVersion, commit, files);

    public void Write(string path) => AtomicFile.Write(path, JsonSerializer.Serialize(this, options) + "\n");

    /// <summary>Null where there is none, or none that can be relied on: then the snapshot is made again.</summary>
    public static SnapshotManifest? Read(string path)
    {
        if (!File.Exists(path)) return null;
        try
        {
            using var stream = File.OpenRead(path);
            var manifest = JsonSerializer.Deserialize<SnapshotManifest>(stream, options);
            return manifest is { Version: CurrentVersion } && manifest.Files.All(file => RepositoryListing.UnsafePath(file.Path) is null && ContentHash.IsValid(file.Hash)) ? manifest : null;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
