using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Tutti.Hub;

/// <summary>
/// The hash by which the hub names a file's bytes: SHA-256 (64 digits) of those in its large file storage, git's SHA-1 of a blob (40 digits) of the others.
/// </summary>
static class ContentHash
{
    public static bool IsValid(string? text) => text?.Length is 40 or 64 && text.All(char.IsAsciiHexDigitLower);

    public static bool IsCommit(string? text) => text?.Length is 40 && text.All(char.IsAsciiHexDigitLower);

    /// <summary>Begins the hash of some kind of a file of some length: git's stands on the length too.</summary>
    public static IncrementalHash Begin(string kind, long length)
    {
        if (kind.Length == 64) return IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
#pragma warning disable CA5350 // git names small files by SHA-1; nothing else is known of them
        var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
#pragma warning restore CA5350
        hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {length}\0")));
        return hash;
    }

    /// <summary>The algorithm's name, for messages and records.</summary>
    public static string Algorithm(string hash) => hash.Length == 64 ? "sha256" : "git-sha1";
}
