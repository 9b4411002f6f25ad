namespace Tutti.Runs;

/// <summary>
/// A file that one process at a time holds, or several that only look. The system lets go of it when its holder ends, however that is. The file
/// stays: who removed it might remove one that another process has just taken.
/// </summary>
public sealed class FileLock : IDisposable
{
    const int LongestPause = 50;

    readonly FileStream file;

    FileLock(FileStream file) => this.file = file;

    /// <summary>Takes it for this holder alone; null where another one has it.</summary>
    /// <exception cref="ConfigException">The file cannot be made.</exception>
    public static FileLock? Try(string path) => Open(path, FileAccess.ReadWrite, FileShare.None);

    /// <summary>Takes it together with others that share it; null where one has it alone.</summary>
    /// <exception cref="ConfigException">The file cannot be made.</exception>
    public static FileLock? TryShared(string path) => Open(path, FileAccess.Read, FileShare.Read);

    /// <summary>Takes it for this holder alone, as soon as it is free.</summary>
    /// <param name="waiting">Is called once, where another one has it.</param>
    /// <exception cref="ConfigException">The file cannot be made.</exception>
    /// <exception cref="OperationCanceledException">Cancelled while waiting.</exception>
    public static FileLock Wait(string path, Action? waiting = null, CancellationToken cancel = default)
    {
        for (var pause = 1; ; pause = Math.Min(2 * pause, LongestPause))
        {
            if (Try(path) is { } taken) return taken;
            if (pause == 1) waiting?.Invoke();
            cancel.WaitHandle.WaitOne(pause);
            cancel.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Whether somebody has it, alone or shared; false where it was never taken.</summary>
    public static bool IsHeld(string path)
    {
        if (!File.Exists(path)) return false;
        using var free = Try(path);
        return free is null;
    }

    public void Dispose() => file.Dispose();

    static FileLock? Open(string path, FileAccess access, FileShare share)
    {
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder) Directory.CreateDirectory(folder);
            return new(new FileStream(path, FileMode.OpenOrCreate, access, share, 1));
        }
        catch (IOException e) when (IsTaken(e))
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException(path, $"cannot be written ({e.Message}); choose another folder, or make room in this one", e);
        }
    }

    // EAGAIN of Linux and of macOS, ERROR_SHARING_VIOLATION of Windows.
    static bool IsTaken(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020);
}
