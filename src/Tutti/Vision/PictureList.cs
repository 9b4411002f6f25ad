using Tutti.Tables;

namespace Tutti.Vision;

/// <summary>One picture of a list.</summary>
/// <param name="Path">Where it lies.</param>
/// <param name="Name">How it is called in results: its path below the list's folder, with slashes.</param>
/// <param name="Label">Its class, or null where none is known.</param>
/// <param name="Row">Its place in the list, by which its random numbers are drawn.</param>
public sealed record PictureItem(string Path, string Name, string? Label, int Row);

/// <summary>What is done with a file that cannot be read.</summary>
public enum PictureErrors
{
    /// <summary>It ends what was asked for; the error names it.</summary>
    Fail,

    /// <summary>It is left out; its name and what is wrong with it are told.</summary>
    Skip,
}

/// <summary>Pictures with their classes: folders named as the classes, or the rows of a table.</summary>
public sealed class PictureList
{
    /// <summary>In an order that does not depend on the machine: by name in folders, by row in tables.</summary>
    public IReadOnlyList<PictureItem> Items { get; }

    /// <summary>Files in the folders whose names are not those of pictures, left out.</summary>
    public IReadOnlyList<string> Others { get; }

    static readonly string[] heldOut = ["val", "valid", "validation", "test"];

    PictureList(IReadOnlyList<PictureItem> items, IReadOnlyList<string> others) => (Items, Others) = (items, others);

    public int Count => Items.Count;

    /// <summary>The labels of all items.</summary>
    /// <exception cref="DataException">One has none.</exception>
    public IReadOnlyList<string> Labels => [.. Items.Select(item => item.Label ?? throw new DataException(item.Name, "the picture has no label"))];

    /// <summary>
    /// Pictures in folders: each folder directly below <paramref name="root"/> is a class, at any depth within it lie its pictures. A folder that holds pictures only has no classes. Links are not
    /// followed, hidden files are passed over.
    /// </summary>
    public static PictureList OfFolders(string root)
    {
        if (!Directory.Exists(root)) throw new DataException(root, File.Exists(root) ? "this is a file, expected a folder of pictures" : "the folder does not exist");
        List<(string Path, string Name, string? Label)> found = [];
        List<string> others = [];
        foreach (var file in Files(root))
        {
            var name = Path.GetRelativePath(root, file).Replace('\\', '/');
            if (!PictureFormats.IsNamed(file)) others.Add(name);
            else found.Add((file, name, name.Contains('/') ? name[..name.IndexOf('/')] : null));
        }
        if (found.Count == 0) throw new DataException(root, $"there are no pictures in this folder; expected files of {PictureFormats.Names}, in folders named as their classes");
        if (found.Any(one => one.Label is not null) && found.FirstOrDefault(one => one.Label is null) is { Path: not null } stray)
            throw new DataException(stray.Path, "the picture lies beside the folders of the classes, so it has no class; move it into one, or away");
        var sorted = found.OrderBy(one => one.Name, StringComparer.Ordinal);
        return new([.. sorted.Select((one, i) => new PictureItem(one.Path, one.Name, one.Label, i))], [.. others.Order(StringComparer.Ordinal)]);
    }

    /// <summary>The parts of a folder that is divided already, by the names of its folders: train, and one of val, valid, validation, test.</summary>
    /// <returns>Null where it is not divided so.</returns>
    public static (PictureList Train, PictureList Held)? OfParts(string root)
    {
        var train = Path.Combine(root, "train");
        var held = heldOut.Select(name => Path.Combine(root, name)).FirstOrDefault(Directory.Exists);
        return Directory.Exists(train) && held is not null ? (OfFolders(train), OfFolders(held)) : null;
    }

    /// <summary>Pictures that a table names.</summary>
    /// <param name="table">Its rows.</param>
    /// <param name="column">Of paths, which may not leave the folder.</param>
    /// <param name="folder">Where they begin.</param>
    /// <param name="label">The column of classes, or null.</param>
    /// <param name="extension">Put behind every path, where the column holds names without it, such as ".jpg".</param>
    public static PictureList OfTable(Table table, string column, string folder, string? label = null, string extension = "")
    {
        var paths = table.Column(column);
        var labels = label is null ? null : table.Column(label);
        var root = Path.GetFullPath(folder);
        if (!Directory.Exists(root)) throw new DataException(folder, "the folder of the pictures does not exist");
        var real = RealFolder(root);
        var items = new PictureItem[table.Count];
        for (var row = 0; row < items.Length; row++)
        {
            var path = paths[row] is { } text ? text.Trim() + extension : throw new DataException(table.File, "the path of the picture is empty", table.LineOf(row), column);
            items[row] = new(Inside(table, row, column, root, real, path), path.Replace('\\', '/'), labels?[row]?.Trim(), row);
        }
        return new(items, []);
    }

    /// <summary>The same list without some items; the others keep their rows.</summary>
    public PictureList Without(IReadOnlySet<int> rows) => new([.. Items.Where(item => !rows.Contains(item.Row))], Others);

    // A path of a table that leaves its folder, by dots or by a link, could read any file of the machine.
    static string Inside(Table table, int row, string column, string root, string real, string path)
    {
        string full;
        try
        {
            full = Path.GetFullPath(Path.Combine(root, path));
        }
        catch (ArgumentException e)
        {
            throw new DataException(table.File, $"the path '{path}' is none ({e.Message})", table.LineOf(row), column, e);
        }
        if (Path.IsPathRooted(path) || !IsBelow(full, root))
            throw new DataException(table.File, $"the path '{path}' leaves the folder of the pictures, {root}; expected a path below it", table.LineOf(row), column);
        if (!File.Exists(full)) throw new DataException(table.File, $"there is no picture '{path}' in {root}", table.LineOf(row), column);
        if (new FileInfo(full).ResolveLinkTarget(returnFinalTarget: true) is { } target && !IsBelow(target.FullName, real))
            throw new DataException(table.File, $"'{path}' is a link that leaves the folder of the pictures, {root}", table.LineOf(row), column);
        return RealFolder(Path.GetDirectoryName(full)!) is var folder && (folder == real || IsBelow(folder, real)) ? full
            : throw new DataException(table.File, $"'{path}' lies behind a link that leaves the folder of the pictures, {root}", table.LineOf(row), column);
    }

    static bool IsBelow(string path, string folder) => path.StartsWith(Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    // With every link on the way followed.
    static string RealFolder(string folder)
    {
        var parent = Path.GetDirectoryName(folder);
        if (parent is null) return folder;
        var here = Path.Combine(RealFolder(parent), Path.GetFileName(folder));
        return Directory.ResolveLinkTarget(here, returnFinalTarget: true)?.FullName is { } target ? target : here;
    }

    static IEnumerable<string> Files(string root)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.System | FileAttributes.ReparsePoint, MaxRecursionDepth = 16 };
        try
        {
            return [.. Directory.EnumerateFiles(root, "*", options)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException(root, $"the folder cannot be read ({e.Message})", inner: e);
        }
    }
}
