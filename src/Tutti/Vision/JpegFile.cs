using System.Runtime.InteropServices;

namespace Tutti.Vision;

/// <summary>Writes JPEG.</summary>
public static class JpegFile
{
    /// <summary>Replaces a file by the picture.</summary>
    /// <param name="path">The file.</param>
    /// <param name="picture">What is written.</param>
    /// <param name="quality">1 to 100.</param>
    public static void Write(string path, Picture picture, int quality = 90)
    {
        var bytes = Bytes(picture, quality);
        AtomicFile.Write(path, stream => stream.Write(bytes));
    }

    /// <summary>A picture as it stands in a file.</summary>
    internal static byte[] Bytes(Picture picture, int quality)
    {
        NativePictures.Ensure();
        if (NativePictures.tutti_picture_jpeg(picture.Pixels, picture.Width, picture.Height, quality, out var native, out var length) != 0)
            throw new InvalidOperationException($"the picture cannot be written as JPEG: {NativePictures.Error()}");
        try
        {
            var bytes = new byte[length];
            Marshal.Copy(native, bytes, 0, bytes.Length);
            return bytes;
        }
        finally
        {
            NativePictures.tutti_picture_free(native);
        }
    }
}
