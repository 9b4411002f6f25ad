using System.Buffers;
using System.Runtime.InteropServices;

namespace Tutti.Vision;

/// <summary>Reads pictures from files. What cannot be read is a <see cref="DataException"/> that names the file. Safe on any number of threads.</summary>
public static class PictureFile
{
    const int HasProfiles = 1, LaysOnWhite = 2, LibjpegAlone = 4;      // native/pictures/pictures.h

    /// <summary>The pixels of a file.</summary>
    public static Picture Read(string path, PictureReading? reading = null) => Decode(Bytes(path, reading ?? new()), path, reading);

    /// <summary>What a file's header says; no pixel is decoded.</summary>
    public static PictureInfo Info(string path, PictureReading? reading = null)
    {
        var bytes = Bytes(path, reading ?? new());
        return Info(bytes, path, reading);
    }

    /// <summary>The pixels of a file's bytes.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="name">For messages.</param>
    /// <param name="reading">How; null for the usual way.</param>
    public static Picture Decode(byte[] bytes, string name, PictureReading? reading = null)
    {
        reading ??= new();
        var format = Sniff(bytes, name);
        if (format == PictureFormat.Bmp) return BmpFile.Decode(bytes, name, reading);
        var picture = Native(bytes, name, format, reading, Pixels, out var info);
        return reading.Orientation ? Orientations.Apply(picture!, info.Orientation) : picture!;
    }

    /// <summary>As <see cref="Decode"/> and then <see cref="Resize.To"/> (within 2 of 255 where less than all pixels of a JPEG or WebP will do: <see cref="PictureReading.Enough"/>), without memory of its own for the pixels between: large arrays are slow to make.</summary>
    internal static Picture DecodeTo(byte[] bytes, string name, PictureReading reading, ResizeRule size, ResizeFilter filter)
    {
        var format = Sniff(bytes, name);
        if (format == PictureFormat.Bmp) return Sized(BmpFile.Decode(bytes, name, reading));
        byte[]? buffer = null;
        try
        {
            var decoded = Native(bytes, name, format, reading, (opened, header) =>
            {
                var length = checked(3 * header.ShrunkWidth * header.ShrunkHeight);
                buffer = ArrayPool<byte>.Shared.Rent(length);
                return NativePictures.tutti_picture_read(opened, buffer, length) == 0 ? Picture.In(buffer, header.ShrunkWidth, header.ShrunkHeight) : null;
            }, out var info)!;
            var sized = Sized(reading.Orientation ? Orientations.Apply(decoded, info.Orientation) : decoded);
            return ReferenceEquals(sized, decoded) ? sized.Copy() : sized;
        }
        finally
        {
            if (buffer is not null) ArrayPool<byte>.Shared.Return(buffer);
        }

        Picture Sized(Picture picture)
        {
            var (width, height) = size.Of(picture.Width, picture.Height);
            return reading.MayReduce(format) ? Resize.Quickly(picture, width, height, filter) : Resize.To(picture, width, height, filter);
        }
    }

    /// <inheritdoc cref="Info(string, PictureReading)"/>
    internal static PictureInfo Info(byte[] bytes, string name, PictureReading? reading = null)
    {
        reading ??= new();
        var format = Sniff(bytes, name);
        if (format == PictureFormat.Bmp) return BmpFile.Info(bytes, name, reading);
        Native(bytes, name, format, reading, null, out var info);
        return info;
    }

    /// <summary>The bytes of a file.</summary>
    internal static byte[] Bytes(string path, PictureReading reading)
    {
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists) throw new DataException(path, Directory.Exists(path) ? "this is a folder, expected a picture" : "the file does not exist");
            if (file.Length > reading.MaxBytes)
                throw new DataException(path, FormattableString.Invariant($"the file has {file.Length} bytes, at most {reading.MaxBytes} are read; make it smaller, or raise the limit (max-bytes)"));
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException(path, $"the file cannot be read ({e.Message})", inner: e);
        }
    }

    /// <exception cref="DataException">More pixels than are read.</exception>
    internal static void CheckSize(string name, int width, int height, PictureReading reading)
    {
        if (width <= 0 || height <= 0) throw new DataException(name, FormattableString.Invariant($"the picture is {width} x {height} pixels, expected one pixel or more"));
        var most = Math.Min(reading.MaxPixels, Array.MaxLength / 3);      // one array holds it
        if ((long)width * height > most)
            throw new DataException(name, FormattableString.Invariant(
                $"the picture is {width} x {height}, {(long)width * height} pixels, at most {most} are read; make it smaller, or raise the limit (max-pixels)"));
    }

    static PictureFormat Sniff(byte[] bytes, string name)
    {
        if (bytes.Length == 0) throw new DataException(name, "the file is empty (0 bytes), expected a picture");
        if (PictureFormats.Of(bytes) is { } format) return format;
        var guess = PictureFormats.Guess(bytes.AsSpan(0, Math.Min(bytes.Length, 1 << 12)));
        throw new DataException(name, $"this is no picture{(guess.Length > 0 ? $", it looks like {guess}" : "")}; expected {PictureFormats.Names}, which are told by their first bytes, whatever the name says");
    }

    // Opens the bytes, checks what they claim, and lets the pixels be read while the bytes stay where they are.
    static Picture? Native(byte[] bytes, string name, PictureFormat format, PictureReading reading, Func<nint, NativePictures.Header, Picture?>? read, out PictureInfo info)
    {
        NativePictures.Ensure();
        var pinned = GCHandle.Alloc(bytes, GCHandleType.Pinned);
        var opened = (nint)0;
        try
        {
            var flags = (reading.Profiles ? HasProfiles : 0) | (reading.Transparency == Transparency.OnWhite ? LaysOnWhite : 0) | (reading.LibjpegAlone ? LibjpegAlone : 0);
            if (NativePictures.tutti_picture_open(pinned.AddrOfPinnedObject(), bytes.Length, (int)format, flags, out var header, out opened) != 0) throw Broken(name, format);
            CheckSize(name, header.Width, header.Height, reading);
            info = new(format, header.Width, header.Height, header.Orientation, header.Bands, header.Bits);
            if (read is null) return null;
            var turned = reading.Orientation && header.Orientation >= 5;
            var shrink = turned ? reading.Shrink(format, header.Height, header.Width) : reading.Shrink(format, header.Width, header.Height);
            if (NativePictures.tutti_picture_shrink(opened, shrink, ref header) != 0) throw Broken(name, format);
            return read(opened, header) ?? throw Broken(name, format);
        }
        finally
        {
            if (opened != 0) NativePictures.tutti_picture_close(opened);
            pinned.Free();
        }
    }

    static Picture? Pixels(nint opened, NativePictures.Header header)
    {
        var pixels = GC.AllocateUninitializedArray<byte>(checked(3 * header.ShrunkWidth * header.ShrunkHeight));
        return NativePictures.tutti_picture_read(opened, pixels, pixels.Length) == 0 ? new(header.ShrunkWidth, header.ShrunkHeight, pixels) : null;
    }

    static DataException Broken(string name, PictureFormat format)
    {
        var text = NativePictures.Error();
        return new(name, $"the file begins as {(format == PictureFormat.Webp ? "WebP" : format.ToString().ToUpperInvariant())} but cannot be decoded ({text}): it is damaged or cut short; replace it, or leave it out (errors: skip)");
    }
}
