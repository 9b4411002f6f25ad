namespace Tutti.Recommend;

/// <summary>How far a training has come.</summary>
/// <param name="Epoch">Finished epochs, sweeps or samples, from 1.</param>
/// <param name="Epochs">How many there will be.</param>
/// <param name="TrainRmse">The error on the ratings trained on, as they were met; NaN for models that only rank.</param>
public sealed record RatingProgress(int Epoch, int Epochs, double TrainRmse);
