using System.Text.Json.Nodes;
using Tutti.Recommend;
using Tutti.Torch;

namespace Tutti.Recipes;

/// <summary>Chooses among a member's settings, on training rows alone.</summary>
static class RatingsChoice
{
    /// <summary>The share of the training rows that settings are chosen on.</summary>
    const double Share = 0.1;

    /// <summary>The member's settings; where it has lists to choose from, those that do best on a tenth of the training rows, by error, or by NDCG where the model only ranks.</summary>
    public static RatingSettings Of(RatingsRecipe recipe, RatingsMember member, RatingModelKind kind, RatingRows train, Device device, IProgress<RunNews>? news, CancellationToken cancel)
    {
        if (member.Search is null) return member.Settings;
        var held = RatingSplit.Random(train.Count, Share, recipe.Seed);
        var (learnt, judged) = (train.Select(RatingSplit.Others(train.Count, held)), train.Select(held));
        var liked = RatingsScores.Liked(recipe, train);
        return member.Search.Of(member.Settings).Select(settings =>
        {
            cancel.ThrowIfCancellationRequested();
            var model = kind.Train(learnt, settings with { Seed = member.Seeds[0], Device = device, Cancel = cancel });
            // Smaller is better.
            var score = kind.Ranks ? -(TopScores.Of(model, learnt, judged, recipe.Top.K, liked, cancel: cancel)?.Ndcg.Value ?? 0) : ErrorScores.Of(judged.Values, ErrorScores.Predictions(model, judged)).Rmse.Value;
            news?.Report(new NoteNews(FormattableString.Invariant($"{member.Name}: {Text(settings)}: {(kind.Ranks ? "NDCG" : "RMSE")} {Math.Abs(score):0.0000} on {judged.Count} training rows")));
            return (settings, score);
        }).MinBy(tried => tried.score).settings;
    }

    /// <summary>What an earlier run chose, from what a cell recorded.</summary>
    public static RatingSettings Recorded(RatingsMember member, JsonNode metrics)
    {
        var chosen = metrics["chosen"];
        return member.Settings with
        {
            Factors = chosen?["factors"]?.GetValue<int>(),
            Epochs = chosen?["epochs"]?.GetValue<int>(),
            LearningRate = chosen?["learning-rate"]?.GetValue<double>(),
            WeightDecay = chosen?["weight-decay"]?.GetValue<double>(),
            Regularization = chosen?["regularization"]?.GetValue<double>(),
        };
    }

    static string Text(RatingSettings settings) => string.Join(", ", new (string Name, double? Value)[] { ("factors", settings.Factors), ("epochs", settings.Epochs), ("learning-rate", settings.LearningRate), ("weight-decay", settings.WeightDecay), ("regularization", settings.Regularization) }
        .Where(item => item.Value is not null).Select(item => FormattableString.Invariant($"{item.Name} {item.Value}")));
}
