using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>One step of task ulmfit before the classifier: a language model learns texts. See docs/ulmfit.md.</summary>
public sealed record StepConfig
{
    [Description("File of texts: for pretrain the corpus, for adapt texts beside those of the training and test rows, labelled or not.")]
    public string? File { get; init; }

    [Description("The text of a row of file; default: data.text.")]
    public string? Text { get; init; }

    [Description("How file is written; default: data.format.")]
    public FormatConfig? Format { get; init; }

    [Description("Fraction of the texts that is held out, by which the best weights are chosen and the perplexity is measured.")]
    [Range(0, 1.0, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double Validation { get; init; } = 0.1;

    [Description("Keys of train that differ for this step.")]
    public TrainPatch? Train { get; init; }

    internal StepConfig RelativeTo(string folder) => this with { File = File is null ? null : Path.GetFullPath(File, folder) };

    /// <summary>The training settings of this step: the common ones with its own laid over them. What concerns classes, and which layers learn when and how fast, is no setting of a language model; keys of a schedule go with it.</summary>
    internal TrainConfig Effective(TrainConfig common)
    {
        common = common with { LabelSmoothing = 0, ClassWeights = ClassWeights.None, BestBy = BestBy.Loss, LayerDecay = null, FirstRate = null, LayerGroups = null, Freeze = null, Unfreeze = null };
        if (Train?.Schedule is { } own && own != common.Schedule)
            common = common with { CutFraction = null, Ratio = null, StartShare = null, Divisor = null, FinalDivisor = null, Momentum = null, Cycles = null, CycleEpochs = null, CycleMultiple = null, Power = null, Timescale = null };
        return Train is null ? common : RecipeJson.Patched(common, Train);
    }

    /// <summary>Every fault, each with its key under the step.</summary>
    internal IReadOnlyList<ConfigFault> Validate(TrainConfig common)
    {
        List<ConfigFault> faults = ConfigFault.OfRanges(this);
        if (File is "") faults.Add(new("file", "got an empty text"));
        if (File is null && (Text is not null || Format is not null)) faults.Add(new("file", "is missing: text and format say how it is read"));
        if (Format is not null) faults.AddRange(Format.Validate().Select(fault => fault with { Path = $"format.{fault.Path}" }));
        if (Train is not null) faults.AddRange(Effective(common).Validate().Except(common.Validate()).Select(fault => fault with { Path = $"train.{fault.Path}" }));
        return faults;
    }
}
