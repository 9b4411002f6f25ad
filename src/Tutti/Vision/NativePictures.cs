using System.Runtime.InteropServices;

namespace Tutti.Vision;

/// <summary>The externs of libtutti_pictures.so, which is loaded when the first picture is read; native/README.md says why each exists.</summary>
static partial class NativePictures
{
    const string Library = "tutti_pictures";

    /// <summary>What the bytes say of a picture, and what was made of it; native/pictures/pictures.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Header
    {
        public int Width, Height, Orientation, ShrunkWidth, ShrunkHeight, Bands, Profile, Bits;
    }

    [LibraryImport(Library)] private static partial int tutti_pictures_start();
    [LibraryImport(Library)] private static partial nint tutti_pictures_error();
    [LibraryImport(Library)] private static partial nint tutti_pictures_version();
    [LibraryImport(Library)] public static partial int tutti_picture_open(nint bytes, long length, int format, int flags, out Header header, out nint picture);
    [LibraryImport(Library)] public static partial int tutti_picture_shrink(nint picture, int shrink, ref Header header);
    [LibraryImport(Library)] public static partial int tutti_picture_read(nint picture, Span<byte> pixels, long capacity);
    [LibraryImport(Library)] public static partial void tutti_picture_close(nint picture);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial int tutti_picture_text(string text, int width, int height, Span<byte> coverage, out int drawnWidth, out int drawnHeight);
    [LibraryImport(Library)] public static partial int tutti_picture_jpeg(ReadOnlySpan<byte> pixels, int width, int height, int quality, out nint bytes, out long length);
    [LibraryImport(Library)] public static partial void tutti_picture_free(nint bytes);

    static readonly Lazy<string> version = new(Start);

    /// <summary>Makes ready what decodes pictures; the first call takes some milliseconds.</summary>
    /// <returns>The version of libvips.</returns>
    /// <exception cref="ConfigException">It is not there; says how to get it.</exception>
    public static string Ensure() => version.Value;

    /// <summary>What the last call on this thread failed of.</summary>
    public static string Error() => Marshal.PtrToStringUTF8(tutti_pictures_error())?.Split('\n')[0].Trim() ?? "";

    static string Start()
    {
        const string next = "apt-get install libvips-dev, then build again (./tutti doctor)";
        try
        {
            return tutti_pictures_start() switch
            {
                0 => Marshal.PtrToStringUTF8(tutti_pictures_version()) ?? "",
                3 => throw new ConfigException("libvips", $"pictures cannot be read: this build was made without libvips\nnext: {next}"),
                _ => throw new ConfigException("libvips", $"pictures cannot be read: {Error()}\nnext: {next}"),
            };
        }
        catch (DllNotFoundException e)
        {
            throw new ConfigException("libvips", $"pictures cannot be read: {e.Message.Split('\n')[0]}\nnext: {next}", e);
        }
    }
}
