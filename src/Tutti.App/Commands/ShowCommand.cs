using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Tutti.Vision;
using Table = Tutti.Tables.Table;

namespace Tutti.App.Commands;

static class ShowCommand
{
    static readonly Argument<string> data = new("PATH") { Description = "A folder of pictures in folders named as their classes (or divided into train and val), or a table of paths." };
    static readonly Option<string> output = new("--out") { Description = "The sheet: .png or .jpg.", HelpName = "FILE", DefaultValueFactory = _ => "contact-sheet.png" };
    static readonly Option<int> count = new("--count") { Description = "Pictures on it.", HelpName = "N", DefaultValueFactory = _ => 48 };
    static readonly Option<int> columns = new("--columns") { Description = "In a row.", HelpName = "N", DefaultValueFactory = _ => 8 };
    static readonly Option<int> side = new("--side") { Description = "Pixels of each picture's square.", HelpName = "N", DefaultValueFactory = _ => 160 };
    static readonly Option<long> seed = new("--seed") { Description = "Which pictures: another number, others.", HelpName = "N", DefaultValueFactory = _ => 1 };
    static readonly Option<string?> path = new("--path") { Description = "The table's column of paths.", HelpName = "COLUMN" };
    static readonly Option<string?> label = new("--label") { Description = "The table's column of classes.", HelpName = "COLUMN" };
    static readonly Option<string?> folder = new("--folder") { Description = "Where the table's paths begin; the table's folder unless said otherwise.", HelpName = "DIR" };
    static readonly Option<string> extension = new("--extension") { Description = "Put behind every path of the table, such as .jpg.", HelpName = "TEXT", DefaultValueFactory = _ => "" };
    static readonly Option<string> errors = new("--errors") { Description = "What is done with files that cannot be read: fail or skip.", HelpName = "WHAT", DefaultValueFactory = _ => "skip" };

    public static Command Make()
    {
        var command = new Command("show", "A contact sheet: pictures of a data set with their labels, drawn at random.") { data, output, count, columns, side, seed, path, label, folder, extension, errors };
        command.SetAction(parsed => Session.Guard(parsed, () => Show(parsed), "nothing was written"));
        return command;
    }

    static int Show(ParseResult parsed)
    {
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
