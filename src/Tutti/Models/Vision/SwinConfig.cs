using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models.Vision;

/// <summary>The sizes and choices of a Swin.</summary>
sealed record SwinConfig
{
    public required bool Timm { get; init; }

    /// <summary>SwinV2: cosine attention, positions from a small network, norms behind.</summary>
    public required bool Second { get; init; }

    /// <summary>Hugging Face's name of the network without its head.</summary>
    public string Prefix { get; init; } = "";
    public required int Channels { get; init; }
    public required (int Height, int Width) PictureSize { get; init; }
    public required int Patch { get; init; }

    /// <summary>Channels of the first stage; each further one has twice as many.</summary>
    public required int Hidden { get; init; }
    public required int[] Depths { get; init; }
    public required int[] Heads { get; init; }
    public required (int Height, int Width) WindowSize { get; init; }

    /// <summary>The windows that each stage of a SwinV2 was trained with before; 0 where those of today count.</summary>
    public required int[] Before { get; init; }
    public required double Ratio { get; init; }
    public required bool AttentionBias { get; init; }
    public double Eps { get; init; } = 1e-5;
    public Func<Tensor, Tensor> Activation { get; init; } = x => x.Gelu();
    public bool AbsolutePositions { get; init; }
    public double DropPath { get; init; }
    public double Dropout { get; init; }
    public double AttentionDropout { get; init; }
    public double HeadDropout { get; init; }

    public (int Height, int Width) Grid => (PictureSize.Height / Patch, PictureSize.Width / Patch);

    /// <summary>The windows of a stage's table of relative positions: timm's are no larger than the stage's map.</summary>
    public (int Height, int Width) Table(int stage) => Timm ? Window(stage, false).Window : WindowSize;

    /// <summary>The windows of a stage, and by how much those of every second layer are shifted: windows as large as the map are not.</summary>
    public ((int Height, int Width) Window, (int Height, int Width) Shift) Window(int stage, bool shifted)
    {
        (int, int) One(int length, int window)
        {
            var most = Math.Max(1, length >> stage);
            return most <= window ? (most, 0) : (window, shifted ? window / 2 : 0);
        }
        var (rows, columns) = (One(Grid.Height, WindowSize.Height), One(Grid.Width, WindowSize.Width));
        return ((rows.Item1, columns.Item1), (rows.Item2, columns.Item2));
    }

    public static SwinConfig Of(ModelConfig config)
    {
        var second = config.ModelType == "swinv2";
        if (config.IsTimm()) return OfTimm(config.Arguments(), second);
        var depths = config.Sizes("depths", [2, 2, 6, 2]);
        return new SwinConfig
        {
            Timm = false,
            Second = second,
            Prefix = config.ModelType,
            Channels = config.Size("num_channels", 3),
            PictureSize = config.Area("image_size", 224),
            Patch = config.Size("patch_size", 4),
            Hidden = config.Size("embed_dim", 96),
            Depths = depths,
            Heads = config.Sizes("num_heads", [3, 6, 12, 24]),
            WindowSize = config.Area("window_size", 7),
            Before = config.PerStage("pretrained_window_sizes", depths.Length, 0),
            Ratio = config.Number("mlp_ratio", 4),
            AttentionBias = config.Flag("qkv_bias", true),
            Eps = config.Number("layer_norm_eps", 1e-5),
            Activation = Activations.Of(config.Text("hidden_act", "gelu"), config.Where),
            AbsolutePositions = config.Flag("use_absolute_embeddings", false),
            DropPath = config.Share("drop_path_rate", 0.1),
            Dropout = config.Share("hidden_dropout_prob", 0),
            AttentionDropout = config.Share("attention_probs_dropout_prob", 0),
        }.Checked(config.Where);
    }

    static SwinConfig OfTimm(ModelConfig config, bool second)
    {
        if (config.Flag("always_partition", false)) throw new DataException(config.Where, "always_partition is true; a Swin is supported without");
        var depths = config.Sizes("depths", [2, 2, 6, 2]);
        return new SwinConfig
        {
            Timm = true,
            Second = second,
            Channels = config.Size("in_chans", 3),
            PictureSize = config.Area("img_size", 224),
            Patch = config.Size("patch_size", 4),
            Hidden = config.Size("embed_dim", 96),
            Depths = depths,
            Heads = config.Sizes("num_heads", [3, 6, 12, 24]),
            WindowSize = config.Area("window_size", 7),
            Before = config.PerStage("pretrained_window_sizes", depths.Length, 0),
            Ratio = config.Number("mlp_ratio", 4),
            AttentionBias = config.Flag("qkv_bias", true),
            DropPath = config.Share("drop_path_rate", 0.1),
            Dropout = config.Share("proj_drop_rate", 0),
            AttentionDropout = config.Share("attn_drop_rate", 0),
            HeadDropout = config.Share("drop_rate", 0),
        }.Checked(config.Where);
    }

    SwinConfig Checked(string where)
    {
        if (Heads.Length != Depths.Length) throw new DataException(where, $"there are depths of {Depths.Length} stages and heads of {Heads.Length}");
        for (var s = 0; s < Heads.Length; s++)
            if ((Hidden << s) % Heads[s] != 0) throw new DataException(where, $"{Hidden << s} channels of stage {s} are no multiple of its {Heads[s]} heads");
        return Grid.Height > 0 && Grid.Width > 0 ? this : throw new DataException(where, $"pictures of {PictureSize.Height} x {PictureSize.Width} are smaller than a patch of {Patch}");
    }
}

/// <summary>The scores of pairs of places within a window, with what their distance adds.</summary>
abstract class WindowScores
{
    /// <param name="query">(windows H,L,D).</param>
    /// <param name="key">(windows H,D,L).</param>
    /// <returns>(windows,H,L,L).</returns>
    public abstract Tensor Forward(Tensor query, Tensor key);
}

/// <summary>Swin's: scaled products, and a table of relative positions.</summary>
sealed class BiasedScores(Params p, int heads, (int Height, int Width) window, (int Height, int Width) table, int channels) : WindowScores
{
    readonly Tensor rows = p.Get("relative_position_bias_table", Init.Normal(0.02), decay: false, ((2 * table.Height) - 1) * ((2 * table.Width) - 1), heads);
    readonly long[] pairs = Positioned.Pairs(window, table);

    public override Tensor Forward(Tensor query, Tensor key)
    {
        var L = window.Height * window.Width;
        var bias = rows.IndexSelect(0, Tensor.From<long>(pairs, [pairs.Length], rows.Device)).View(L, L, heads).Permute([2, 0, 1]);
        return (query * Math.Pow(channels / heads, -0.5)).BatchMatMul(key).View(-1, heads, L, L) + bias;
    }
}

/// <summary>SwinV2's: cosines times a learnt factor, and 16 times the sigmoid of a small network of the relative position, whose coordinates are spaced by logarithms.</summary>
sealed class CosineScores : WindowScores
{
    const int Inside = 512;
    const double MostScale = 100, Reach = 8, Strongest = 16, Tiny = 1e-12;

    readonly int heads;
    readonly (int Height, int Width) window;
    readonly Tensor scale;
    readonly Linear up, down;
    readonly long[] pairs;
    readonly float[] coordinates;

    /// <param name="p">Of the attention.</param>
    /// <param name="network">The name of the small network.</param>
    /// <param name="heads">H.</param>
    /// <param name="window">Rows and columns.</param>
    /// <param name="before">The window that it was trained with before; 0 for this one.</param>
    public CosineScores(Params p, string network, int heads, (int Height, int Width) window, int before)
    {
        (this.heads, this.window) = (heads, window);
        scale = p.Get("logit_scale", new Init(Math.Log(10), 0), decay: false, heads, 1, 1);
        up = new(p / network / 0, 2, Inside);
        down = new(p / network / 2, Inside, heads, hasBias: false);
        pairs = Positioned.Pairs(window, window);
        var values = new List<float>();
        double Spaced(int distance, int length) => Math.Sign(distance) * Math.Log2((Math.Abs(distance) * Reach / Math.Max(1, (before > 0 ? before : length) - 1)) + 1) / Math.Log2(Reach);
        for (var down = 1 - window.Height; down < window.Height; down++)
            for (var right = 1 - window.Width; right < window.Width; right++) values.AddRange([(float)Spaced(down, window.Height), (float)Spaced(right, window.Width)]);
        coordinates = [.. values];
    }

    public override Tensor Forward(Tensor query, Tensor key)
    {
        var L = window.Height * window.Width;
        var table = down.Forward(up.Forward(Tensor.From<float>(coordinates, [coordinates.Length / 2, 2], scale.Device).To(scale.DType)).Relu());
        var bias = table.IndexSelect(0, Tensor.From<long>(pairs, [pairs.Length], scale.Device)).View(L, L, heads).Permute([2, 0, 1]).To(scale.DType).Sigmoid() * Strongest;
        var cosines = Unit(query, -1).BatchMatMul(Unit(key, 1)).View(-1, heads, L, L);
        return (cosines * scale.AtMost(Math.Log(MostScale)).Exp()) + bias;
    }

    static Tensor Unit(Tensor x, int axis) => x / x.Norm([axis]).AtLeast(Tiny);
}
