using System.Security.Cryptography;
using Tutti.Training;
using Tutti.Vision;
using Pixels = Tutti.Vision.Picture;

namespace Tutti.Recipes;

/// <summary>The ways in which a picture is seen when it is predicted. Random ones are drawn from the picture itself, so that it is seen alike in every file and place.</summary>
/// <param name="way">The plain way.</param>
/// <param name="settings">Which others.</param>
sealed class PictureViews(PictureWay way, TestTimeConfig settings)
{
    /// <summary>How much larger pictures are that crops are cut from.</summary>
    const double Larger = 9.0 / 8;

    /// <summary>Corners and middle, as shares of what is left over.</summary>
    static readonly (double X, double Y)[] crops = [(0, 0), (1, 0), (0, 1), (1, 1), (0.5, 0.5)];

    /// <summary>The views of rows.</summary>
    /// <param name="items">The pictures.</param>
    /// <param name="plain">The same as they are predicted otherwise.</param>
    public RowViews Of(IReadOnlyList<PictureItem> items, IReadOnlyList<Example> plain)
    {
        var (width, height) = way.Size;
        (int Width, int Height) larger = ((int)Math.Ceiling(width * Larger), (int)Math.Ceiling(height * Larger));
        var source = settings.Views == TestTimeViews.Crops ? way.Source(larger) : way.Source();
        Example Seen(int row, Func<Pixels, float[]> numbers) => plain[row] with { Picture = plain[row].Picture! with { Read = _ => numbers(source.Read(items[row])) } };
        Example[] Turned(int row, IEnumerable<int> ways) => [plain[row], .. ways.Select(turn => Seen(row, picture => way.Plain(Orientations.Turn(picture, turn))))];
        return settings.Views switch
        {
            TestTimeViews.Flip => row => Turned(row, [1]),
            TestTimeViews.Dihedral => row => Turned(row, Enumerable.Range(1, Orientations.Count - 1)),
            TestTimeViews.Crops => row => [.. crops.Select(place => Seen(row, picture => Crop(picture, larger, place)))],
            TestTimeViews.Augment => row => [.. Enumerable.Range(1, settings.Count).Select(view => Seen(row, picture => way.Numbers(picture, BitConverter.ToInt64(SHA256.HashData(picture.Pixels)), view, 0)))],
            _ => throw new InvalidOperationException($"{settings.Views} are no views of pictures"),
        };
    }

    float[] Crop(Pixels picture, (int Width, int Height) larger, (double X, double Y) place)
    {
        var (width, height) = way.Size;
        return way.Normalization.Apply(way.Fitted(picture, larger).Crop((int)Math.Round((larger.Width - width) * place.X), (int)Math.Round((larger.Height - height) * place.Y), width, height));
    }
}
