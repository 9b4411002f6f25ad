using System.Globalization;
using System.Net;
using System.Text;

namespace Tutti.Reports.Plots;

/// <summary>One picture with axes, written as SVG: vectors for papers, texts stay texts.</summary>
sealed class SvgPlot
{
    const double Left = 64, Right = 16, Bottom = 52, Title = 36;
    static readonly string[] colours = ["#0b5fa5", "#c2410c", "#15803d", "#7e22ce", "#a16207", "#be185d", "#0e7490", "#4b5563"];

    readonly StringBuilder body = new();

    public SvgPlot(string title, double width, double height)
    {
        (Width, Height) = (Math.Round(width), Math.Round(height));
        Text(width / 2, 20, title, "middle", 14, bold: true);
    }

    public double Width { get; }
    public double Height { get; }

    /// <summary>Room above the axes, for a legend too.</summary>
    public double Top { get; init; } = Title;

    /// <summary>What the axes show; drawn things are placed by it.</summary>
    public (double Low, double High) X { get; init; } = (0, 1);
    public (double Low, double High) Y { get; init; } = (0, 1);

    public static string Colour(int i) => colours[i % colours.Length];

    /// <summary>Where a value stands in the picture.</summary>
    public double AtX(double x) => Left + ((x - X.Low) / (X.High - X.Low) * (Width - Left - Right));
    public double AtY(double y) => Height - Bottom - ((y - Y.Low) / (Y.High - Y.Low) * (Height - Top - Bottom));

    /// <summary>Ticks at round numbers, a light grid, and what the axes are.</summary>
    /// <param name="across">How a number of the horizontal axis is written; null: as it is.</param>
    public void Axes(string x, string y, Func<double, string>? across = null)
    {
        foreach (var tick in Ticks(X.Low, X.High))
        {
            Line(AtX(tick), AtY(Y.Low), AtX(tick), AtY(Y.High), "#e5e7eb", 1);
            Text(AtX(tick), Height - Bottom + 18, (across ?? Label)(tick), "middle");
        }
        foreach (var tick in Ticks(Y.Low, Y.High))
        {
            Line(AtX(X.Low), AtY(tick), AtX(X.High), AtY(tick), "#e5e7eb", 1);
            Text(Left - 8, AtY(tick) + 4, Label(tick), "end");
        }
        Line(AtX(X.Low), AtY(Y.Low), AtX(X.High), AtY(Y.Low), "#374151", 1);
        Line(AtX(X.Low), AtY(Y.Low), AtX(X.Low), AtY(Y.High), "#374151", 1);
        Text((Left + Width - Right) / 2, Height - 12, x, "middle");
        body.Append(Invariant($"<text x=\"16\" y=\"{(Top + Height - Bottom) / 2:0.##}\" text-anchor=\"middle\" font-size=\"12\" transform=\"rotate(-90 16 {(Top + Height - Bottom) / 2:0.##})\">{Escape(y)}</text>\n"));
    }

    public void Line(double x1, double y1, double x2, double y2, string colour, double thickness, string dash = "") =>
        body.Append(Invariant($"<line x1=\"{x1:0.##}\" y1=\"{y1:0.##}\" x2=\"{x2:0.##}\" y2=\"{y2:0.##}\" stroke=\"{colour}\" stroke-width=\"{thickness}\"{(dash.Length > 0 ? $" stroke-dasharray=\"{dash}\"" : "")}/>\n"));

    public void Rectangle(double x, double y, double w, double h, string colour, double opacity = 1) =>
        body.Append(Invariant($"<rect x=\"{x:0.##}\" y=\"{y:0.##}\" width=\"{w:0.##}\" height=\"{h:0.##}\" fill=\"{colour}\" fill-opacity=\"{opacity:0.###}\"/>\n"));

    public void Circle(double x, double y, double radius, string colour) => body.Append(Invariant($"<circle cx=\"{x:0.##}\" cy=\"{y:0.##}\" r=\"{radius:0.##}\" fill=\"{colour}\"/>\n"));

    /// <summary>A line through points in the axes' values.</summary>
    public void Path(IEnumerable<(double X, double Y)> points, string colour, double thickness = 1.6, string dash = "")
    {
        var places = points.Where(point => double.IsFinite(point.X) && double.IsFinite(point.Y)).Select(point => Invariant($"{AtX(point.X):0.##},{AtY(point.Y):0.##}")).ToArray();
        if (places.Length > 0)
            body.Append(Invariant($"<polyline points=\"{string.Join(' ', places)}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{thickness}\" stroke-linejoin=\"round\"{(dash.Length > 0 ? $" stroke-dasharray=\"{dash}\"" : "")}/>\n"));
    }

    public void Text(double x, double y, string text, string anchor = "start", double size = 12, bool bold = false, string colour = "#111827") =>
        body.Append(Invariant($"<text x=\"{x:0.##}\" y=\"{y:0.##}\" text-anchor=\"{anchor}\" font-size=\"{size}\"{(bold ? " font-weight=\"600\"" : "")} fill=\"{colour}\">{Escape(text)}</text>\n"));

    public override string ToString() => Invariant($"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width:0}\" height=\"{Height:0}\" viewBox=\"0 0 {Width:0} {Height:0}\" font-family=\"Helvetica, Arial, sans-serif\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{body}</svg>\n");

    /// <summary>About five round numbers of a range.</summary>
    internal static IEnumerable<double> Ticks(double low, double high)
    {
        var rough = (high - low) / 5;
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        var step = power * ((rough / power) switch { < 1.41 => 1, < 3.16 => 2, < 7.07 => 5, _ => 10 });
        for (var i = (long)Math.Ceiling((low / step) - 1e-9); i * step <= high + (step * 1e-9); i++) yield return i * step;
    }

    static string Label(double value) => Math.Abs(value) is >= 1e6 or (> 0 and < 1e-3) ? value.ToString("0.##e0", CultureInfo.InvariantCulture) : value.ToString("0.####", CultureInfo.InvariantCulture);

    // Also what XML cannot hold at all: control characters of a class name.
    static string Escape(string text) => WebUtility.HtmlEncode(string.Concat(text.Select(c => c is < ' ' or '\ufffe' or '\uffff' ? ' ' : c)));

    static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
