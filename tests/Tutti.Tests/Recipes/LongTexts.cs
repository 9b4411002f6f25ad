using Tutti.Recipes;
using Tutti.Tables;
using Tutti.Torch;

namespace Tutti.Tests.Recipes;

/// <summary>Rows whose class one word tells, which stands within what a model reads in half of them, and far behind it in the others.</summary>
static class LongTexts
{
    public const int MaxLength = 14;

    static readonly string[] filler = ["river", "stone"];

    /// <summary>Row <paramref name="i"/>: 24 words, the telling one (sun or moon) in the first half, which is read, or in the second, which is cut.</summary>
    public static (string Text, string Label) Row(int i, int words = 24)
    {
        var label = i % 2 == 0 ? "sun" : "moon";
        var random = RandomStream.Of(i, "long texts");
        var place = i / 2 % 2 == 0 ? random.Below(100, words / 2) : words - 1 - random.Below(100, words / 2);
        return (string.Join(' ', Enumerable.Range(0, words).Select(word => word == place ? label : filler[random.Below(word, filler.Length)])), label);
    }

    /// <summary>Writes train.csv (240 rows), test.csv (24 others) and a recipe, and loads it with changes.</summary>
    public static Recipe Write(TempFolder to, int words = 24, params string[] changes)
    {
        Rows(to.File("train.csv"), 0, 240, words);
        Rows(to.File("test.csv"), 1000, 24, words);
        to.Write("recipe.yaml", $$"""
            data: { train: train.csv, test: test.csv, text: "{text}", label: label, id: id, folds: { count: 2, seed: 3 } }
            train: { batch: 16, epochs: 24, learning-rate: 4e-3, max-length: {{MaxLength}}, warmup: 0.1 }
            members:
              - { model: { kind: bert, layers: 1, hidden: 32, heads: 2, vocabulary: 60, dropout: 0 }, name: reader }
            test-time: windows
            """);
        return Recipe.Load(to.File("recipe.yaml"), changes);
    }

    public static void Rows(string to, int from, int count, int words = 24) => TableWriter.Write(to, ["id", "text", "label"], writer =>
    {
        for (var i = from; i < from + count; i++) writer.Row($"r{i}", Row(i, words).Text, Row(i, words).Label);
    });
}
