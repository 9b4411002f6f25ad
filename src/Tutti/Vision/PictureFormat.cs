namespace Tutti.Vision;

/// <summary>The formats of pictures that are read.</summary>
public enum PictureFormat
{
    // As native/pictures/pictures.h numbers them; BMP is read by code of its own.
    Jpeg = 1,
    Png = 2,
    Webp = 3,
    Gif = 4,
    Tiff = 5,
    Bmp = 6,
}

/// <summary>Tells a format by the first bytes of a file: its name may lie.</summary>
static class PictureFormats
{
    /// <summary>As it is said in messages and documents.</summary>
    public const string Names = "JPEG, PNG, WebP, GIF, TIFF or BMP";

    static readonly HashSet<string> extensions = new(StringComparer.OrdinalIgnoreCase) { ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".dib" };

    /// <summary>Whether a file's name says that it is a picture.</summary>
    public static bool IsNamed(string file) => extensions.Contains(Path.GetExtension(file));

    public static PictureFormat? Of(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [0xFF, 0xD8, 0xFF, ..] => PictureFormat.Jpeg,
        [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10, ..] => PictureFormat.Png,
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => PictureFormat.Webp,
        [(byte)'G', (byte)'I', (byte)'F', (byte)'8', (byte)'7' or (byte)'9', (byte)'a', ..] => PictureFormat.Gif,
        [(byte)'I', (byte)'I', 42 or 43, 0, ..] or [(byte)'M', (byte)'M', 0, 42 or 43, ..] => PictureFormat.Tiff,
        [(byte)'B', (byte)'M', ..] => PictureFormat.Bmp,
        _ => null,
    };

    /// <summary>What a file that is no picture seems to be instead, for a message; "" where nothing can be said.</summary>
    public static string Guess(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [(byte)'%', (byte)'P', (byte)'D', (byte)'F', ..] => "a PDF",
        [(byte)'P', (byte)'K', 3, 4, ..] => "a zip archive",
        [0x1F, 0x8B, ..] => "a gzip archive",
        [_, _, _, _, (byte)'f', (byte)'t', (byte)'y', (byte)'p', ..] => "a HEIC, AVIF or video file",
        [(byte)'<', ..] or [0xEF, 0xBB, 0xBF, (byte)'<', ..] => "a page or an SVG",
        [(byte)'8', (byte)'B', (byte)'P', (byte)'S', ..] => "a Photoshop file",
        _ when !bytes.IsEmpty && bytes.IndexOfAnyExcept((byte)0) < 0 => "nothing but zero bytes",
        _ when bytes.Length > 0 && bytes.IndexOfAnyExceptInRange((byte)9, (byte)126) < 0 => "a text",
        _ => "",
    };
}
