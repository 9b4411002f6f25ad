namespace Tutti.Models;

/// <summary>A micro-batch of pictures of one size as plain arrays.</summary>
/// <param name="Pixels">(n,channels,height,width) normalised numbers, picture after picture, plane after plane.</param>
/// <param name="Channels">3, or 1 for grey ones.</param>
/// <param name="Height">In pixels.</param>
/// <param name="Width">In pixels.</param>
/// <param name="Examples">(n) the number that names each picture across epochs and cuts.</param>
public sealed record PictureBatch(float[] Pixels, int Channels, int Height, int Width, long[] Examples) : InputBatch(Examples);
