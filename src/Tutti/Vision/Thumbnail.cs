namespace Tutti.Vision;

/// <summary>Small pictures to be looked at, such as those of a report.</summary>
public static class Thumbnail
{
    const int Quality = 80;

    /// <summary>The picture as a JPEG whose longer side is at most so long; a smaller picture keeps its size.</summary>
    /// <exception cref="ConfigException">What writes JPEG is not there.</exception>
    public static byte[] Jpeg(Picture picture, int side)
    {
        var (width, height) = Math.Max(picture.Width, picture.Height) <= side ? (picture.Width, picture.Height) : ResizeRule.Inside(side, side).Of(picture.Width, picture.Height);
        return JpegFile.Bytes((width, height) == (picture.Width, picture.Height) ? picture : Resize.To(picture, width, height, ResizeFilter.Bilinear), Quality);
    }
}
