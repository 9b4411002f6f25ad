namespace Tutti;

/// <summary>A folder of its own for files that are too large for memory; gone with its files when disposed.</summary>
sealed class TemporaryFolder(string prefix) : IDisposable
{
    readonly string folder = OnDisk(() => Directory.CreateTempSubdirectory(prefix).FullName);

    public string File(string name) => Path.Combine(folder, name);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>Does something that writes temporary files.</summary>
    /// <exception cref="ConfigException">They cannot be written; says where and what to do.</exception>
    public static T OnDisk<T>(Func<T> body)
    {
        try
        {
            return body();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException(Path.GetTempPath(), $"temporary files cannot be written ({e.Message}); free some space or set TMPDIR to another folder", e);
        }
    }

    /// <inheritdoc cref="OnDisk{T}(Func{T})"/>
    public static void OnDisk(Action body) => OnDisk(() =>
    {
        body();
        return 0;
    });
}
