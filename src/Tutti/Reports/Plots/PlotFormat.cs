namespace Tutti.Reports.Plots;

/// <summary>How the plots of a report are written.</summary>
/// <param name="Png">As pixels; else as vectors (SVG).</param>
/// <param name="Scale">Pixels for one unit of the picture, which is about as wide as a column of text is in points.</param>
public sealed record PlotFormat(bool Png = false, double Scale = 2)
{
    /// <summary>What the files' names end with.</summary>
    public string Ending => Png ? ".png" : ".svg";
}
