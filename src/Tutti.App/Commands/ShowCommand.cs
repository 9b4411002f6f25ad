using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Tutti.Recipes;
using Tutti.Vision;
using Table = Tutti.Tables.Table;

namespace Tutti.App.Commands;

static class ShowCommand
{
    static readonly Argument<string> data = new("PATH") { Description = "A folder of pictures in folders named as their classes (or divided into train and val), a table of paths, or a recipe of task ratings." };
    static readonly Option<string> output = new("--out") { Description = "The sheet: .png or .jpg.", HelpName = "FILE", DefaultValueFactory = _ => "contact-sheet.png" };
    static readonly Option<int> count = new("--count") { Description = "Pictures on it; of ratings, users and items of the table (10).", HelpName = "N", DefaultValueFactory = _ => 48 };
    static readonly Option<int> columns = new("--columns") { Description = "In a row.", HelpName = "N", DefaultValueFactory = _ => 8 };
    static readonly Option<int> side = new("--side") { Description = "Pixels of each picture's square.", HelpName = "N", DefaultValueFactory = _ => 160 };
    static readonly Option<long> seed = new("--seed") { Description = "Which pictures: another number, others.", HelpName = "N", DefaultValueFactory = _ => 1 };
    static readonly Option<string?> path = new("--path") { Description = "The table's column of paths.", HelpName = "COLUMN" };
    static readonly Option<string?> label = new("--label") { Description = "The table's column of classes.", HelpName = "COLUMN" };
    static readonly Option<string?> folder = new("--folder") { Description = "Where the table's paths begin; the table's folder unless said otherwise.", HelpName = "DIR" };
    static readonly Option<string> extension = new("--extension") { Description = "Put behind every path of the table, such as .jpg.", HelpName = "TEXT", DefaultValueFactory = _ => "" };
    static readonly Option<string> errors = new("--errors") { Description = "What is done with files that cannot be read: fail or skip.", HelpName = "WHAT", DefaultValueFactory = _ => "skip" };

    static readonly Option<string[]> set = new("--set") { Description = "Change a key of the recipe, such as data.train=u.data; may be repeated.", HelpName = "k=v" };

    public static Command Make()
    {
        var command = new Command("show", "Look at data: a contact sheet of pictures with their labels, drawn at random; of ratings, what the busiest users say of the busiest items.") { data, output, count, columns, side, seed, path, label, folder, extension, errors, set };
        command.SetAction(parsed => Session.Guard(parsed, () => Path.GetExtension(parsed.GetRequiredValue(data)) is ".yaml" or ".yml" ? Ratings(parsed) : Show(parsed), "nothing was written"));
        return command;
    }

    static int Ratings(ParseResult parsed)
    {
        const int side = 10;
        var file = parsed.GetRequiredValue(data);
        string[] settings = parsed.GetValue(set) ?? [];
        if (!RatingsRecipe.Is(file)) throw new ConfigException("task", $"of {file} is not ratings; of pictures, name their folder or table");
        var look = RatingsLook.Of(RatingsRecipe.Load(file, settings), parsed.GetResult(count) is { Implicit: false } ? Whole(parsed, count, 50) : side);
        foreach (var note in look.Notes) App.Show.Line(note);
        ShowRatings.Table(look.Table, look.UserTitles, look.Titles);
        return 0;
    }

    static int Show(ParseResult parsed)
    {
        if (parsed.GetValue(set) is { Length: > 0 }) throw new ConfigException("--set", "is for recipes");
        var (number, perRow, pixels) = (Whole(parsed, count, 5000), Whole(parsed, columns, 100), Whole(parsed, side, 2000));
        var file = parsed.GetRequiredValue(output);
        var jpeg = Path.GetExtension(file).ToUpperInvariant() switch
        {
            ".PNG" => false,
            ".JPG" or ".JPEG" => true,
            var other => throw new ConfigException("--out", $"'{file}' ends in '{other}', expected .png or .jpg"),
        };
        var source = new PictureSource
        {
            Size = ResizeRule.ShortEdge(pixels),
            Errors = parsed.GetValue(errors) switch
            {
                "skip" => PictureErrors.Skip,
                "fail" => PictureErrors.Fail,
                var other => throw new ConfigException("--errors", $"got '{other}', expected fail or skip"),
            },
        };
        var all = Pictures(parsed);
        Classes(all);
        var drawn = all.ToArray();
        new Draws(parsed.GetValue(seed), "show").Shuffle<PictureItem>(drawn);
        var cells = source.All(drawn, (item, picture) => new SheetCell(picture, [item.Label ?? "", Path.GetFileName(item.Name)]), Session.Cancel).Take(number).ToList();
        foreach (var skipped in source.Skipped) App.Show.Warning($"left out: {skipped.What}");
        if (cells.Count == 0) throw new DataException(parsed.GetRequiredValue(data), "none of the pictures can be read");
        var sheet = ContactSheet.Of(cells, perRow, pixels);
        if (jpeg) JpegFile.Write(file, sheet);
        else PngFile.Write(file, sheet);
        App.Show.Line(FormattableString.Invariant($"{file}: {cells.Count} of {all.Count} pictures, {sheet.Width} x {sheet.Height}"));
        return 0;
    }

    static IReadOnlyList<PictureItem> Pictures(ParseResult parsed)
    {
        var from = parsed.GetRequiredValue(data);
        if (!Directory.Exists(from)) return OfTable(parsed, from);
        if (parsed.GetValue(path) is not null || parsed.GetValue(label) is not null) throw new ConfigException("--path", $"{from} is a folder, which has no columns; name a table, or leave --path and --label out");
        if (PictureList.OfParts(from) is not var (train, held)) return Told(PictureList.OfFolders(from));
        return [.. Told(train), .. Told(held).Select(item => item with { Row = item.Row + train.Count })];
    }

    static IReadOnlyList<PictureItem> Told(PictureList list)
    {
        if (list.Others.Count > 0) App.Show.Warning(FormattableString.Invariant($"{list.Others.Count} files are not named as pictures and left out, the first: {list.Others[0]}"));
        return list.Items;
    }

    static IReadOnlyList<PictureItem> OfTable(ParseResult parsed, string from)
    {
        var column = parsed.GetValue(path) ?? throw new ConfigException("--path", $"{from} is no folder; of a table, say in which column the paths of the pictures stand");
        var root = parsed.GetValue(folder) ?? Path.GetDirectoryName(Path.GetFullPath(from))!;
        return PictureList.OfTable(Table.Read(from), column, root, parsed.GetValue(label), parsed.GetValue(extension) ?? "").Items;
    }

    static void Classes(IReadOnlyList<PictureItem> items)
    {
        var table = App.Show.Table("class", "pictures");
        foreach (var group in items.GroupBy(item => item.Label ?? "(none)").OrderBy(group => group.Key, StringComparer.Ordinal).Take(100))
            table.AddRow(App.Show.Cells(group.Key, group.Count().ToString(CultureInfo.InvariantCulture)));
        App.Show.Out.Write(table);
    }

    static int Whole(ParseResult parsed, Option<int> option, int most) => parsed.GetValue(option) is >= 1 and var value && value <= most ? value
        : throw new ConfigException(option.Name, FormattableString.Invariant($"got {parsed.GetValue(option)}, expected 1 to {most}"));
}
