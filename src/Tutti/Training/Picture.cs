using Tutti.Models;

namespace Tutti.Training;

/// <summary>A picture to learn from, as numbers that are read when they are needed.</summary>
/// <param name="Channels">3, or 1 for grey ones.</param>
/// <param name="Height">In pixels; the same for all pictures of a model.</param>
/// <param name="Width">In pixels.</param>
/// <param name="Read">The normalised pixels (channels,height,width), plane after plane, as an epoch sees them; 0 for the plain ones of evaluations. Called on several threads, and more than once for one epoch where memory ends.</param>
public sealed record Picture(int Channels, int Height, int Width, Func<int, float[]> Read)
{
    /// <summary>Pictures as one micro-batch, read on all processors.</summary>
    /// <exception cref="ArgumentException">They are not of one size, or a reader gives another number of values.</exception>
    internal static PictureBatch Batch(IReadOnlyList<Example> examples)
    {
        var first = examples[0].Picture!;
        var size = first.Channels * first.Height * first.Width;
        var pixels = new float[examples.Count * size];
        try
        {
            Parallel.For(0, examples.Count, i => examples[i].PixelsLike(first).CopyTo(pixels.AsSpan(i * size)));
        }
        catch (AggregateException e)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
        return new(pixels, first.Channels, first.Height, first.Width, [.. examples.Select(example => (long)example.Row)]);
    }
}

/// <summary>Examples as what a network reads.</summary>
static class Inputs
{
    /// <summary>One micro-batch of texts, or of pictures.</summary>
    public static InputBatch Of(IReadOnlyList<Example> examples) => examples.Count > 0 && examples[0].Picture is not null ? Picture.Batch(examples) : TextData.Batch(examples);

    /// <summary>The same examples, the pixels of pictures being read on other threads from now on; texts as they are.</summary>
    public static IReadOnlyList<Example> Ahead(IReadOnlyList<Example> examples) => examples.Count == 0 || examples[0].Picture is null ? examples : [.. examples.Select(Begun)];

    static Example Begun(Example example)
    {
        var picture = example.Picture!;
        var pixels = Task.Run(() => picture.Read(example.Epoch));
        return example with { Picture = picture with { Read = _ => pixels.GetAwaiter().GetResult() } };
    }

    /// <summary>The pixels of an example, which must be as large as another's.</summary>
    internal static float[] PixelsLike(this Example example, Picture first)
    {
        var picture = example.Picture ?? throw new ArgumentException($"example {example.Row} is no picture, others of its batch are");
        if ((picture.Channels, picture.Height, picture.Width) != (first.Channels, first.Height, first.Width))
            throw new ArgumentException($"example {example.Row} is {picture.Channels} x {picture.Height} x {picture.Width}, others of its batch {first.Channels} x {first.Height} x {first.Width}");
        var pixels = picture.Read(example.Epoch);
        return pixels.Length == picture.Channels * picture.Height * picture.Width ? pixels : throw new ArgumentException($"example {example.Row} has {pixels.Length} values; {picture.Channels} x {picture.Height} x {picture.Width} are {picture.Channels * picture.Height * picture.Width}");
    }
}
