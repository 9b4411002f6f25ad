namespace Tutti.Training;

/// <summary>One encoded text (or pair), or one picture (<see cref="Of"/>), with its class.</summary>
/// <param name="Ids">Token ids with special tokens, cut to the model's length.</param>
/// <param name="Types">Which text of a pair each token belongs to, or null when all are 0.</param>
/// <param name="Label">The class's index, -1 when unknown.</param>
/// <param name="Row">The row of the table, which names the example across epochs and cuts.</param>
public sealed record Example(int[] Ids, byte[]? Types, int Label, int Row)
{
    /// <summary>A picture with its class.</summary>
    /// <param name="picture">Where its pixels come from.</param>
    /// <param name="label">The class's index, -1 when unknown.</param>
    /// <param name="row">The row of the table.</param>
    public static Example Of(Picture picture, int label, int row) => new([], null, label, row) { Picture = picture };

    /// <summary>The picture; null for a text.</summary>
    public Picture? Picture { get; init; }

    /// <summary>The epoch whose sight of the picture is read, 0 the plain one of evaluations.</summary>
    public int Epoch { get; init; }

    /// <summary>How much of a micro-batch it takes: tokens of a text; of a picture its patches of 16 x 16 pixels, which are about as much work.</summary>
    public int Length => Picture is null ? Ids.Length : Math.Max(1, Picture.Height * Picture.Width / 256);

    /// <summary>What is learnt where one class does not say it: flags of labels, numbers, or one value per target.</summary>
    public float[]? Targets { get; init; }

    /// <summary>The tokens that are to be predicted, as places in <see cref="Ids"/>, ascending; null where the text as a whole is judged.</summary>
    public int[]? Asked { get; init; }

    /// <summary>The ids that belong to the places of <see cref="Asked"/>.</summary>
    public int[]? Answers { get; init; }

    /// <summary>What its loss counts for beside the usual 1; <see cref="SoftLabels"/> alone reads it.</summary>
    public double Share { get; init; } = 1;

    /// <summary>The same row seen otherwise, the plain way among them or not: what is predicted of each is averaged. Null where there is but one way to see it. See <see cref="Views"/>.</summary>
    public IReadOnlyList<Example>? Views { get; init; }
}
