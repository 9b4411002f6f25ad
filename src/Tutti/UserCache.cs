namespace Tutti;

/// <summary>Where this user's caches lie: below <c>TUTTI_CACHE</c>, else <c>XDG_CACHE_HOME/tutti</c>, else <c>~/.cache/tutti</c>.</summary>
public static class UserCache
{
    /// <summary>Names another folder than the user's cache folder, or says "off".</summary>
    public const string Variable = "TUTTI_CACHE";

    /// <summary>The folder of one cache, which need not be there yet; null where nothing is to be kept, or there is no place.</summary>
    public static string? Folder(string name)
    {
        var named = Environment.GetEnvironmentVariable(Variable);
        if (named == "off") return null;
        if (!string.IsNullOrEmpty(named)) return Path.Combine(Path.GetFullPath(named), name);
        return OfSystem is { } caches ? Path.Combine(caches, "tutti", name) : null;
    }

    /// <summary>The folder in which every program keeps its caches, or null.</summary>
    public static string? OfSystem =>
        // A relative path is to be passed over, says the XDG base directory specification.
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { } xdg && Path.IsPathRooted(xdg) ? xdg
        : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is { Length: > 0 } home ? Path.Combine(home, ".cache") : null;

    /// <summary>Creates a folder for the user alone: what a user trains on is nobody else's business.</summary>
    public static void Make(string folder)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
