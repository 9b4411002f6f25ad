using System.Runtime.InteropServices;
using System.Text;

namespace Tutti.Reports.Plots;

/// <summary>
/// Turns SVG into PNG by librsvg and cairo, which are looked for when a picture is asked for: no other part needs them. A handful of their functions is called, each as its C header
/// declares it.
/// </summary>
sealed class SvgRenderer
{
    /// <summary>What Debian and Ubuntu call the libraries' package, and the file that it brings.</summary>
    public const string Package = "librsvg2-2", Library = "librsvg-2.so.2";

    const int Rgb24 = 1, MostPixels = 20_000;

    readonly NewFromData newFromData;
    readonly RenderDocument renderDocument;
    readonly CreateSurface createSurface;
    readonly Writing writePng;
    readonly OfOne create, status, statusText;
    readonly Release destroy, destroySurface, unref, freeError;
    readonly Scale scale;

    /// <param name="library">File name of librsvg.</param>
    /// <exception cref="ConfigException">It is not there.</exception>
    public SvgRenderer(string library = Library)
    {
        var (rsvg, cairo, glib, gobject) = (Load(library, library), Load("libcairo.so.2", library), Load("libglib-2.0.so.0", library), Load("libgobject-2.0.so.0", library));
        newFromData = Function<NewFromData>(rsvg, "rsvg_handle_new_from_data");
        renderDocument = Function<RenderDocument>(rsvg, "rsvg_handle_render_document");
        createSurface = Function<CreateSurface>(cairo, "cairo_image_surface_create");
        writePng = Function<Writing>(cairo, "cairo_surface_write_to_png_stream");
        (create, status, statusText) = (Function<OfOne>(cairo, "cairo_create"), Function<OfOne>(cairo, "cairo_surface_status"), Function<OfOne>(cairo, "cairo_status_to_string"));
        (destroy, destroySurface) = (Function<Release>(cairo, "cairo_destroy"), Function<Release>(cairo, "cairo_surface_destroy"));
        (unref, freeError) = (Function<Release>(gobject, "g_object_unref"), Function<Release>(glib, "g_error_free"));
        scale = Function<Scale>(cairo, "cairo_scale");
    }

    /// <summary>The picture as a PNG file's bytes.</summary>
    /// <param name="svg">The document.</param>
    /// <param name="width">Its own width.</param>
    /// <param name="height">Its own height.</param>
    /// <param name="pixels">Pixels for one unit of it.</param>
    /// <exception cref="ConfigException">The picture would be too large.</exception>
    public byte[] Png(string svg, double width, double height, double pixels)
    {
        var (wide, high) = (Math.Max(1, Math.Round(width * pixels)), Math.Max(1, Math.Round(height * pixels)));
        if (!(Math.Max(wide, high) <= MostPixels)) throw new ConfigException("--scale", FormattableString.Invariant($"got {pixels}, which makes a picture of {wide} x {high} pixels; expected at most {MostPixels} on a side"));
        var surface = createSurface(Rgb24, (int)wide, (int)high);
        try
        {
            Check((int)status(surface));
            Draw(svg, surface, new(0, 0, width, height), (wide / width, high / height));     // to the very edge
            return Written(surface);
        }
        finally
        {
            destroySurface(surface);
        }
    }

    void Draw(string svg, nint surface, Rectangle all, (double Wide, double High) pixels)
    {
        var bytes = Encoding.UTF8.GetBytes(svg);
        var document = newFromData(bytes, (nuint)bytes.Length, out var error);
        if (document == 0) throw Failed(error);
        var context = create(surface);
        try
        {
            scale(context, pixels.Wide, pixels.High);
            if (renderDocument(document, context, in all, out error) == 0) throw Failed(error);
            Check((int)status(surface));
        }
        finally
        {
            destroy(context);
            unref(document);
        }
    }

    byte[] Written(nint surface)
    {
        using var file = new MemoryStream();
        Write write = (_, data, length) =>
        {
            var part = new byte[length];
            Marshal.Copy(data, part, 0, part.Length);
            file.Write(part);
            return 0;
        };
        Check(writePng(surface, write, 0));
        GC.KeepAlive(write);
        return file.ToArray();
    }

    void Check(int status)
    {
        if (status != 0) throw new InvalidOperationException($"cairo cannot draw the picture: {Marshal.PtrToStringUTF8(statusText(status))}");
    }

    // A GError: two numbers of 32 bits, then the text.
    InvalidOperationException Failed(nint error)
    {
        var text = error == 0 ? "no reason given" : Marshal.PtrToStringUTF8(Marshal.ReadIntPtr(error, 2 * sizeof(int)));
        if (error != 0) freeError(error);
        return new($"librsvg cannot draw the picture: {text}");
    }

    static nint Load(string library, string asked) => NativeLibrary.TryLoad(library, out var handle) ? handle
        : throw new ConfigException("--format png", $"needs {asked}, and {library} was not found\nnext: apt-get install --no-install-recommends {Package}, or --format svg");

    static T Function<T>(nint library, string name) where T : Delegate => Marshal.GetDelegateForFunctionPointer<T>(NativeLibrary.GetExport(library, name));

    /// <summary>RsvgRectangle.</summary>
    readonly record struct Rectangle(double X, double Y, double Width, double Height);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    delegate nint NewFromData(byte[] data, nuint length, out nint error);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    delegate int RenderDocument(nint document, nint context, in Rectangle viewport, out nint error);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    delegate nint CreateSurface(int format, int width, int height);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    delegate int Write(nint closure, nint data, uint length);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    delegate int Writing(nint surface, Write write, nint closure);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    delegate nint OfOne(nint value);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    delegate void Release(nint value);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    delegate void Scale(nint context, double x, double y);
}
