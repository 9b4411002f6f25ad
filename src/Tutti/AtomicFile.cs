using System.Text.RegularExpressions;

namespace Tutti;

/// <summary>
/// Writes a file so that a reader sees the old content or the whole new one, never a part: temporary file in the same folder,
/// flush to disk, rename. Missing parent folders are created, so that a long run does not fail at its last step.
/// </summary>
public static partial class AtomicFile
{
    /// <summary>Replaces <paramref name="path"/> by what <paramref name="write"/> writes; when that throws, the old file stays as it was.</summary>
    /// <param name="path">The file to write.</param>
    /// <param name="write">Writes to the given stream and touches no other file; need not flush or close it.</param>
    /// <exception cref="ConfigException">The folder cannot be written: read-only, full, no permission, not a folder.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var target = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(target) ?? throw new ConfigException(path, "is a drive, not a file; name a file in it");
        if (target.StartsWith("/dev/", StringComparison.Ordinal))
        {
            // A device is written, never replaced: root's rename would put a file in its place.
            using var device = new FileStream(target, FileMode.Open, FileAccess.Write);
            write(device);
            return;
        }
        var temporary = Path.Combine(folder, $".{Path.GetFileName(target)}.{Path.GetRandomFileName()}.tmp");
        var created = false;
        try
        {
            Directory.CreateDirectory(folder);
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                created = true;
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, target, overwrite: true);
            created = false;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException(path, Explain(error, folder), error);
        }
        finally
        {
            if (created) File.Delete(temporary);
        }
    }

    /// <summary>Replaces <paramref name="path"/> by the text, as UTF-8 without a byte order mark.</summary>
    public static void Write(string path, string text) => Write(path, stream =>
    {
        using var writer = new StreamWriter(stream, leaveOpen: true);
        writer.Write(text);
    });

    /// <summary>Removes the temporary files that a process which was killed while it wrote left.</summary>
    /// <param name="folder">One that is missing has none.</param>
    /// <param name="below">In the folders below it too.</param>
    /// <param name="before">Only those last written before this moment (UTC); without it no other process may be writing in the folder.</param>
    /// <exception cref="ConfigException">One cannot be removed.</exception>
    public static void RemoveUnfinished(string folder, bool below, DateTime? before = null)
    {
        if (!Directory.Exists(folder)) return;
        try
        {
            foreach (var file in Directory.EnumerateFiles(folder, ".*.tmp", below ? SearchOption.AllDirectories : SearchOption.TopDirectoryOnly).Where(file => Temporary().IsMatch(Path.GetFileName(file))))
                if (before is null || File.GetLastWriteTimeUtc(file) < before) File.Delete(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException(folder, Explain(error, folder), error);
        }
    }

    // With the middle that Path.GetRandomFileName gives.
    [GeneratedRegex(@"^\..+\.[a-z0-9]{8}\.[a-z0-9]{3}\.tmp\z")]
    private static partial Regex Temporary();

    /// <summary>What a failed write means to a user, and what to do next; behind the path and a colon.</summary>
    internal static string Explain(Exception error, string folder) => error switch
    {
        // 28 and 30 are ENOSPC and EROFS, 0x8007.... the Windows codes of the same.
        IOException { HResult: 28 or unchecked((int)0x80070070) or unchecked((int)0x80070027) } =>
            $"cannot be written, the disk is full; free some space on the disk of {folder} and run the same command again",
        IOException { HResult: 30 or unchecked((int)0x80070013) } =>
            $"cannot be written, {folder} is on a read-only disk; choose another folder",
        UnauthorizedAccessException when Directory.Exists(folder) =>
            $"cannot be written, no permission ({error.Message}); change the permissions of {folder} or choose another folder",
        _ => $"cannot be written ({error.Message}); choose another path",
    };
}
