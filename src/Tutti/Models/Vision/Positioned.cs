using Tutti.Torch;

namespace Tutti.Models.Vision;

/// <summary>Stored weights that belong to places of a picture, brought to another number of places.</summary>
static class Positioned
{
    /// <summary>Embeddings of a square of places, with some of other tokens before them, at the places of another grid: cubic, smoothed where the grid shrinks (timm's resample_abs_pos_embed).</summary>
    /// <param name="stored">(1,before + places,C).</param>
    /// <param name="grid">The rows and columns that are wanted.</param>
    /// <param name="before">Tokens before them.</param>
    public static Tensor Resampled(Tensor stored, (int Height, int Width) grid, int before)
    {
        var side = (int)Math.Sqrt(stored.Size(1) - before);
        if (stored.Dims != 3 || side < 1 || (side * side) + before != stored.Size(1) || (side == grid.Height && side == grid.Width)) return stored;
        return Scope.Run(() =>
        {
            using var none = Modes.NoGrad();
            if (stored.Device.IsMeta) return Tensor.Empty([1, before + (grid.Height * grid.Width), stored.Size(2)], stored.DType, Device.Meta);
            var places = stored.To(DType.Float32).Narrow(1, before, side * side).View(1, side, side, -1).Permute([0, 3, 1, 2]);
            places = places.Bicubic(grid.Height, grid.Width, smooth: true).Permute([0, 2, 3, 1]).Reshape(1, grid.Height * grid.Width, stored.Size(2));
            return before == 0 ? places : Tensor.Cat([stored.To(DType.Float32).Narrow(1, 0, before), places], 1);
        });
    }

    /// <summary>A table of relative positions within windows of another size: cubic, as the published code of Swin does it.</summary>
    /// <param name="stored">((2 w - 1)^2, heads).</param>
    /// <param name="window">The rows and columns of a window that are wanted.</param>
    public static Tensor Table(Tensor stored, (int Height, int Width) window)
    {
        var (side, height, width) = ((int)Math.Sqrt(stored.Size(0)), (2 * window.Height) - 1, (2 * window.Width) - 1);
        if (stored.Dims != 2 || side * side != stored.Size(0) || (side == height && side == width)) return stored;
        return Scope.Run(() =>
        {
            using var none = Modes.NoGrad();
            if (stored.Device.IsMeta) return Tensor.Empty([height * width, stored.Size(1)], stored.DType, Device.Meta);
            var table = stored.To(DType.Float32).Transpose(0, 1).Reshape(1, stored.Size(1), side, side).Bicubic(height, width, smooth: false);
            return table.View(stored.Size(1), -1).Transpose(0, 1).Contiguous();
        });
    }

    /// <summary>The row of a table of relative positions for every pair of places of a window, query by query.</summary>
    /// <param name="window">Rows and columns of the window.</param>
    /// <param name="table">Of the windows that the table was made for, at least as large.</param>
    public static long[] Pairs((int Height, int Width) window, (int Height, int Width) table)
    {
        var pairs = new long[window.Height * window.Width * window.Height * window.Width];
        var at = 0;
        for (var q = 0; q < window.Height * window.Width; q++)
            for (var k = 0; k < window.Height * window.Width; k++)
            {
                var (down, right) = ((q / window.Width) - (k / window.Width) + table.Height - 1, (q % window.Width) - (k % window.Width) + table.Width - 1);
                pairs[at++] = (down * ((2 * table.Width) - 1)) + right;
            }
        return pairs;
    }
}
