namespace Tutti.Vision;

/// <summary>One picture of a sheet.</summary>
/// <param name="Picture">Brought to the cell's size.</param>
/// <param name="Lines">Written below it.</param>
/// <param name="Wrong">Written in red.</param>
public sealed record SheetCell(Picture Picture, IReadOnlyList<string> Lines, bool Wrong = false);

/// <summary>Many small pictures with their labels as one picture, to be looked at.</summary>
public static class ContactSheet
{
    const int LineHeight = 17, Gap = 6, LongestText = 200;

    static readonly Colour paper = Colour.White, ground = new(236, 236, 236), ink = new(20, 20, 20), red = new(190, 20, 20);

    /// <summary>The sheet.</summary>
    /// <param name="cells">From left to right, then down.</param>
    /// <param name="columns">In a row.</param>
    /// <param name="side">Of the square that each picture is fitted into.</param>
    public static Picture Of(IReadOnlyList<SheetCell> cells, int columns, int side = 160)
    {
        if (cells.Count == 0) throw new ArgumentException("a sheet needs a picture", nameof(cells));
        columns = Math.Min(columns, cells.Count);
        var lines = cells.Max(cell => cell.Lines.Count);
        var (cellWidth, cellHeight) = (side + Gap, side + (lines * LineHeight) + Gap);
        var rows = (cells.Count + columns - 1) / columns;
        var (width, height) = ((columns * cellWidth) + Gap, (rows * cellHeight) + Gap);
        var pixels = Picture.Of(width, height, paper).Pixels.ToArray();
        for (var i = 0; i < cells.Count; i++)
        {
            var (left, top) = (Gap + (i % columns * cellWidth), Gap + (i / columns * cellHeight));
            Paste(pixels, width, new PadToFit(side, side, Edges.Zeros, ground).Apply(cells[i].Picture, new Draws(0, "sheet")), left, top);
            for (var line = 0; line < cells[i].Lines.Count; line++)
                Write(pixels, width, cells[i].Lines[line], left, top + side + (line * LineHeight) + 2, side, cells[i].Wrong ? red : ink);
        }
        return new(width, height, pixels);
    }

    static void Paste(byte[] pixels, int width, Picture picture, int left, int top)
    {
        for (var y = 0; y < picture.Height; y++) picture.Row(y).CopyTo(pixels.AsSpan(3 * (((top + y) * width) + left)));
    }

    static void Write(byte[] pixels, int width, string text, int left, int top, int room, Colour colour)
    {
        var height = LineHeight - 2;
        var coverage = new byte[room * height];
        if (string.IsNullOrWhiteSpace(text)) return;
        NativePictures.Ensure();
        if (NativePictures.tutti_picture_text(text.Length > LongestText ? text[..LongestText] : text, room, height, coverage, out _, out _) != 0)
            throw new InvalidOperationException($"the label '{text}' cannot be drawn: {NativePictures.Error()}");
        for (var y = 0; y < height; y++)
            for (var x = 0; x < room; x++)
            {
                var share = coverage[(y * room) + x];
                var at = 3 * (((top + y) * width) + left + x);
                (pixels[at], pixels[at + 1], pixels[at + 2]) = (Mixed(pixels[at], colour.Red), Mixed(pixels[at + 1], colour.Green), Mixed(pixels[at + 2], colour.Blue));

                byte Mixed(byte below, byte above) => (byte)(((below * (255 - share)) + (above * share)) / 255);
            }
    }
}
