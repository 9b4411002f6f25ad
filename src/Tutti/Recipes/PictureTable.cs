using System.Security.Cryptography;
using System.Text;
using Tutti.Tables;
using Tutti.Vision;

namespace Tutti.Recipes;

/// <summary>Pictures as rows: of a folder that has a folder for each class, or of a table with a column of paths below its folder.</summary>
static class PictureTable
{
    static readonly string[] parts = ["train", "val", "valid", "validation", "test"];

    /// <summary>All rows to train on, those whose pictures cannot be read left out where the recipe says so. The hash is of the rows and of what the files hold.</summary>
    /// <param name="left">Gets what was left out.</param>
    /// <exception cref="DataException">A row names no picture, or one cannot be read.</exception>
    public static Table Training(DataConfig data, List<SkippedPicture> left)
    {
        if (Directory.Exists(data.Train)) CheckClasses(data.Train);
        var table = Whole(data.Train, data);
        if (data.Errors != PictureErrors.Skip) return table;
        var source = new PictureSource { Reading = Reading(data), Size = ResizeRule.Exact(8, 8), Errors = PictureErrors.Skip };
        HashSet<int> kept = [.. source.Checked(List(table, data)).Items.Select(item => item.Row)];
        left.AddRange(source.Skipped);
        return left.Count == 0 ? table : table.Part([.. Enumerable.Range(0, table.Count).Where(kept.Contains)], table.ContentHash);
    }

    /// <summary>All rows of a folder or a file, with a hash of them and of what the pictures hold.</summary>
    /// <exception cref="DataException">A row names no picture.</exception>
    public static Table Whole(string path, DataConfig data)
    {
        var table = Directory.Exists(path) ? OfFolder(path, data) : Table.Read(path, data.Format.ToTableFormat());
        return table.Part([.. Enumerable.Range(0, table.Count)], Hash(table, Items(table, data)));
    }

    /// <summary>Rows in parts: of a table as they are read.</summary>
    public static IEnumerable<Table> Stream(string path, DataConfig data, int rows)
    {
        if (!Directory.Exists(path)) return Table.Stream(path, data.Format.ToTableFormat(), rows);
        var table = OfFolder(path, data);
        return Enumerable.Range(0, table.Count).Chunk(rows).Select(part => table.Part(part, null));
    }

    /// <summary>The pictures of some rows.</summary>
    /// <exception cref="DataException">A path leaves the folder, or no file is there.</exception>
    public static IReadOnlyList<PictureItem> Items(Table table, DataConfig data) => Items(table, data.Picture!);

    /// <inheritdoc cref="Items(Table, DataConfig)"/>
    public static IReadOnlyList<PictureItem> Items(Table table, string column) => PictureList.OfTable(table, column, Root(table)).Items;

    /// <summary>Decodes every picture once, so that none is found broken in the middle of training.</summary>
    /// <exception cref="DataException">Names the file that cannot be read.</exception>
    public static void CheckFiles(Table table, DataConfig data, CancellationToken cancel) =>
        new PictureSource { Reading = Reading(data), Size = ResizeRule.Exact(8, 8) }.Checked(List(table, data), cancellation: cancel);

    static PictureList List(Table table, DataConfig data) => PictureList.OfTable(table, data.Picture!, Root(table));

    static PictureReading Reading(DataConfig data) => data.MaxPixels is { } most ? new() { MaxPixels = most } : new();

    static string Root(Table table) => Directory.Exists(table.File) ? table.File : Path.GetDirectoryName(Path.GetFullPath(table.File))!;

    static Table OfFolder(string folder, DataConfig data)
    {
        var items = PictureList.OfFolders(folder).Items;
        List<(string, string?[])> columns = [(data.Picture!, [.. items.Select(item => item.Name)])];
        if (items[0].Label is not null) columns.Add((data.Label!, [.. items.Select(item => item.Label)]));
        return Table.Of(folder, columns);
    }

    /// <summary>Refuses what looks like classes and is none.</summary>
    static void CheckClasses(string folder)
    {
        var names = Directory.EnumerateDirectories(folder).Select(path => Path.GetFileName(path)!).Where(name => name[0] != '.').Order(StringComparer.Ordinal).ToArray();
        if (names.Length == 0) throw new DataException(folder, "has no folders of classes; expected a folder for each class, or name a table of pictures and labels");
        if (names.Contains("train") && names.All(parts.Contains))
            throw new DataException(folder, $"is divided into {string.Join(" and ", names)}, which would be taken for classes; name its folder train as data.train, and the other as data.test");
        if (names.FirstOrDefault(name => !Directory.EnumerateFiles(Path.Combine(folder, name), "*", SearchOption.AllDirectories).Any(PictureFormats.IsNamed)) is { } empty)
            throw new DataException(Path.Combine(folder, empty), "holds no pictures, so that its class cannot be learnt; put some into it, or take the folder away");
    }

    /// <summary>64 bits of what each picture's file holds.</summary>
    public static ulong[] Keys(Table table, string column) => [.. Hashes(table, Items(table, column)).Select(hash => BitConverter.ToUInt64(hash))];

    static string Hash(Table table, IReadOnlyList<PictureItem> items)
    {
        var files = Hashes(table, items);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(table.ContentHash ?? string.Join('\n', items.Select(item => item.Name))));
        foreach (var file in files) hash.AppendData(file);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    static byte[][] Hashes(Table table, IReadOnlyList<PictureItem> items)
    {
        var files = new byte[items.Count][];
        try
        {
            Parallel.For(0, items.Count, i =>
            {
                using var stream = File.OpenRead(items[i].Path);
                files[i] = SHA256.HashData(stream);
            });
        }
        catch (AggregateException e) when (e.InnerExceptions[0] is IOException or UnauthorizedAccessException)
        {
            throw new DataException(table.File, $"a picture cannot be read: {e.InnerExceptions[0].Message}", inner: e);
        }
        return files;
    }
}
