using Tutti.Models;
using Tutti.Models.Vision;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>Where a network looked in a picture: a number for each place of a coarse grid over what it was given.</summary>
/// <param name="Method"><see cref="PictureAttribution.GradCamName"/> or <see cref="PictureAttribution.RolloutName"/>.</param>
/// <param name="Height">Rows of the grid.</param>
/// <param name="Width">Its columns.</param>
/// <param name="Values">Row by row; 0 or more.</param>
public sealed record LookMap(string Method, int Height, int Width, double[] Values);

/// <summary>Where in a picture a model looked. Deterministic: dropout is off.</summary>
public static class PictureAttribution
{
    public const string GradCamName = "Grad-CAM", RolloutName = "attention roll-out";

    /// <summary>By the method that the network's kind asks for: Grad-CAM on its last map, or attention roll-out; null where its last features have no places.</summary>
    /// <param name="model">The model; its weights get no gradient.</param>
    /// <param name="example">A picture.</param>
    /// <param name="predicted">The class that Grad-CAM explains.</param>
    public static LookMap? Of(VisionModel model, Example example, int predicted)
    {
        ArgumentNullException.ThrowIfNull(model);
        var batch = (PictureBatch)Inputs.Of([example]);
        return model.Layout switch
        {
            FeatureLayout.Flat => null,
            FeatureLayout.Tokens => Rollout((Vit)model, batch),
            _ => GradCam(model, batch, predicted),
        };
    }

    /// <summary>
    /// Grad-CAM (Selvaraju et al. 2017, equations 1 and 2) on the last map before the pooling: every channel by the mean of the gradient of the class's logit over its places, summed
    /// over the channels; what speaks against the class is cut off at 0.
    /// </summary>
    /// <param name="model">A network whose features lie in places.</param>
    /// <param name="batch">One picture.</param>
    /// <param name="predicted">The class.</param>
    internal static LookMap GradCam(VisionModel model, PictureBatch batch, int predicted)
    {
        using var still = new Still(model);
        using var scope = new Scope();
        Tensor features;
        using (Modes.NoGrad()) features = model.Features(batch);                  // nothing below the map has a part in its gradient
        model.OfFeatures(features.RequireGrad(), batch).Select(1, predicted).Sum().Backward();
        var (maps, gradients) = (Planes(features.Detach()), Planes(features.Grad!));
        var map = (gradients.Mean([2, 3], keep: true) * maps).Sum(1).Relu();     // (1,H,W)
        return new(GradCamName, (int)map.Size(1), (int)map.Size(2), map.To(DType.Float64).ToArray<double>());

        Tensor Planes(Tensor x) => model.Layout == FeatureLayout.Pixels ? x.Permute([0, 3, 1, 2]) : x;
    }

    static LookMap Rollout(Vit model, PictureBatch batch)
    {
        using var still = new Still(model);
        using var scope = new Scope();
        using var none = Modes.NoGrad();
        var shares = Rollout(model.Attentions(batch), model.Read);
        var (height, width) = model.Grid;
        return new(RolloutName, height, width, shares[^(height * width)..]);
    }

    /// <summary>
    /// Attention roll-out (Abnar and Zuidema 2020, 3): how much of each token of the first layer's input stands in what is read of the last layer's output, where a layer hands on half of
    /// a token by its shortcut and half as its heads, on average, mix it: the product of (A + 1) / 2 over all layers. The shares sum to 1 as those of every A do.
    /// </summary>
    /// <param name="layers">A of each layer (N N), the lowest first; rows sum to 1.</param>
    /// <param name="read">What each token counts for in the end (N).</param>
    internal static double[] Rollout(IReadOnlyList<double[]> layers, double[] read)
    {
        // From the end on, a row times a matrix; the whole product would be N times as much work.
        var shares = read;
        for (var layer = layers.Count - 1; layer >= 0; layer--)
        {
            var (mixed, attention) = (Array.ConvertAll(shares, share => share / 2), layers[layer]);
            for (var token = 0; token < shares.Length; token++)
                for (var from = 0; from < shares.Length; from++) mixed[from] += shares[token] / 2 * attention[(token * shares.Length) + from];
            shares = mixed;
        }
        return shares;
    }

    /// <summary>A model as evaluations have it, its weights without gradients, until disposed.</summary>
    readonly struct Still : IDisposable
    {
        readonly VisionModel model;
        readonly bool training;
        readonly Tensor[] trained;
        readonly Modes.Mode products;

        public Still(VisionModel model)
        {
            (this.model, training) = (model, model.Params.Run.Training);
            trained = [.. model.Params.Items.Select(item => item.Stored).Where(weight => weight.RequiresGrad)];
            foreach (var weight in trained) weight.RequireGrad(false);
            model.Params.Run.Training = false;
            products = Modes.Tf32(model.Params.Device, model.Params.Run.Tf32);
        }

        public void Dispose()
        {
            products.Dispose();
            foreach (var weight in trained) weight.RequireGrad();
            model.Params.Run.Training = training;
        }
    }
}
