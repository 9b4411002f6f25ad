using System.Globalization;
using Tutti.Recommend;
using Tutti.Runs;
using Tutti.Tables;
using Tutti.Torch;

namespace Tutti.Recipes;

/// <summary>What a run of task ratings keeps of its data: names and titles of users and items, and who rated what, so that it recommends without the files that it was trained from.</summary>
static class RatingsFiles
{
    public static void Write(RunFolder files, RatingsOpen data)
    {
        WriteNames(files.Users, data.Users, data.UserTitles, CrossTable.Counts(data.Seen.Users, data.Seen.UserCount));
        WriteNames(files.Items, data.Items, data.Titles, CrossTable.Counts(data.Seen.Items, data.Seen.ItemCount));
        using var scope = new Scope();
        var tensors = new Dictionary<string, Tensor> { ["users"] = Tensor.From(data.Seen.Users), ["items"] = Tensor.From(data.Seen.Items), ["ratings"] = Tensor.From(data.Seen.Values) };
        AtomicFile.Write(files.Ratings, stream => SafeTensors.Write(stream, tensors));
    }

    /// <exception cref="DataException">The folder is of no finished run of task ratings.</exception>
    public static (RatingRows Rows, NameIndex Users, NameIndex Items, string[] UserTitles, string[] Titles) Read(RunFolder files)
    {
        var (users, userTitles) = ReadNames(files.Users);
        var (items, titles) = ReadNames(files.Items);
        using var scope = new Scope();
        using var values = new SafeTensors(files.Ratings);
        return (new(values.Read("users").ToArray<int>(), values.Read("items").ToArray<int>(), values.Read("ratings").ToArray<float>(), users.Count, items.Count), users, items, userTitles, titles);
    }

    static void WriteNames(string path, NameIndex names, string[] titles, int[] ratings) => TableWriter.Write(path, ["id", "title", "ratings"], writer =>
    {
        for (var i = 0; i < names.Count; i++) writer.Row(names[i], titles[i], ratings[i].ToString(CultureInfo.InvariantCulture));
    });

    static (NameIndex, string[]) ReadNames(string path)
    {
        var table = Table.Read(path, new() { Delimiter = ",", Quote = '"' });
        return (new(table.Ids("id")), [.. table.Column("title").Zip(table.Column("id"), (title, id) => title ?? id!)]);
    }
}
