using System.Text.Json.Nodes;
using Tutti.Evaluation;
using Tutti.Labels;
using Tutti.Predictions;
using Tutti.Runs;
using Tutti.Tables;
using Tutti.Vision;

namespace Tutti.Reports;

/// <summary>What a report is made of beside the files of the run folder. What a kind of run, or a data file that is gone, cannot give stays null or empty.</summary>
public sealed record ReportSource
{
    public required RunFolder Files { get; init; }

    /// <summary>As the recipe names it.</summary>
    public required string Task { get; init; }

    /// <summary>Its rows are pictures.</summary>
    public bool OfPictures => Task.StartsWith("image-", StringComparison.Ordinal);

    /// <summary>The cells by the names that the event log has for them.</summary>
    public required IReadOnlyList<(string Name, CellFolder Folder)> Cells { get; init; }

    /// <summary>Held-out rows with known labels.</summary>
    public PredictionSet? Predictions { get; init; }

    /// <summary>Rows of the prediction file without a label.</summary>
    public int Unlabelled { get; init; }

    /// <summary>Of a run of labels, numbers or several targets its held-out rows; a true value may be missing.</summary>
    public AnswerSet? Answers { get; init; }

    /// <summary>The text of each row of <see cref="Predictions"/> or <see cref="Answers"/>.</summary>
    public IReadOnlyList<string>? Texts { get; init; }

    /// <summary>Columns by whose values those rows are divided.</summary>
    public IReadOnlyList<SliceColumn> Columns { get; init; } = [];

    public LabelQueue? Issues { get; init; }

    /// <summary>Outliers and near duplicates; null where they were not looked for.</summary>
    public SimilarRows? Similar { get; init; }
    public IReadOnlyList<RowExplanation> Explanations { get; init; } = [];

    /// <summary>Of a run of pictures, small ones to look at; else null.</summary>
    public ReportPictures? Pictures { get; init; }

    /// <summary>Of a run of pictures, where a model looked in some.</summary>
    public IReadOnlyList<PictureLook> Looks { get; init; } = [];

    /// <summary>Of a run of task ratings: items by their biases and factors.</summary>
    public JsonObject? Ratings { get; init; }
    public DataSummary? Summary { get; init; }
    public int TestRows { get; init; }

    /// <summary>What could not be shown, and why.</summary>
    public IReadOnlyList<string> Gaps { get; init; } = [];
}

/// <summary>What each token of a row did to the prediction of one of the run's models that did not see the row.</summary>
/// <param name="Row">Its place in the predictions.</param>
/// <param name="Cell">The model.</param>
/// <param name="Predicted">The class that is explained.</param>
/// <param name="Against">The class that its logit is compared with.</param>
/// <param name="Probability">Of the predicted class, by this model.</param>
/// <param name="Tokens">As the vocabulary spells them, without those that begin and end a text.</param>
/// <param name="Gradient">Gradient x input, per token.</param>
/// <param name="Occlusion">What the probability loses when the token is masked, per token; null where it was not computed.</param>
public sealed record RowExplanation(int Row, string Cell, int Predicted, int Against, double Probability, IReadOnlyList<string> Tokens, IReadOnlyList<double> Gradient, IReadOnlyList<double>? Occlusion);

/// <summary>Where one of the run's models that did not see a picture in training looked in it.</summary>
/// <param name="Row">Its place in the predictions.</param>
/// <param name="Cell">The model.</param>
/// <param name="Predicted">The class that is explained.</param>
/// <param name="Probability">Of that class, by this model.</param>
/// <param name="Method">What the numbers are.</param>
/// <param name="Frame">The part of the picture that the grid lies over.</param>
/// <param name="Height">Rows of the grid.</param>
/// <param name="Width">Its columns.</param>
/// <param name="Values">Row by row, 0 or more.</param>
public sealed record PictureLook(int Row, string Cell, int Predicted, double Probability, string Method, PictureFrame Frame, int Height, int Width, IReadOnlyList<double> Values);
