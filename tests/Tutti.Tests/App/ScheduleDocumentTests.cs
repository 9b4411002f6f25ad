using Tutti.App;
using Tutti.Tests.Training;
using Tutti.Training;

namespace Tutti.Tests.App;

/// <summary>The schedules that docs/schedules.md draws are those of the keys beside them. With TUTTI_WRITE_SCHEMA=1 this test writes the drawings instead.</summary>
public sealed class ScheduleDocumentTests
{
    const string Start = "<!-- drawings: written by the tests with TUTTI_WRITE_SCHEMA=1 -->\n", End = "<!-- end of drawings -->";
    const int Epochs = 10, PerEpoch = 20;

    static readonly string[] drawn =
    [
        "schedule: constant", "schedule: linear", "schedule: cosine", "schedule: one-cycle, warmup: 0", "schedule: slanted-triangular", "schedule: flat-cosine, warmup: 0", "schedule: cosine-restarts, cycles: 3",
        "schedule: polynomial, power: 2", "schedule: inverse-sqrt, warmup: 20", "schedule: sgdr, warmup: 0", "schedule: one-cycle, unfreeze: { head-epochs: 3 }", "schedule: slanted-triangular, unfreeze: gradual, layer-decay: 0.3846",
    ];

    static string Drawings() => string.Join('\n', drawn.Select(keys => $"```text\n{string.Join('\n', Drawing(keys))}\n```\n"));

    static IEnumerable<string> Drawing(string keys)
    {
        var settings = keys.Split(", ").Select(pair => pair.Split(": ", 2)).Select(pair => (pair[0], (object?)pair[1]));
        var plan = new RatePlan(ScheduleRecipeParityTests.Train([("epochs", Epochs), ("learning-rate", 1), .. settings]), 4, PerEpoch);
        var curves = Enumerable.Range(0, plan.Groups).GroupBy(group => (plan.Factor(group), plan.Begins(group))).Select(same => same.Last())
            .Select(group => new LinePlot.Curve((char)('1' + group), [.. Enumerable.Range(0, (int)plan.Updates).Select(update => ((double)update, plan.Rates(update)[group] ?? double.NaN))]));
        return LinePlot.Lines([.. curves], "update", keys, width: 60, height: 7);
    }

    [Fact]
    public void The_drawings_in_the_documentation_are_those_of_the_code()
    {
        var path = Path.Combine(Shared.Root, "docs", "schedules.md");
        var text = File.ReadAllText(path);
        var (start, end) = (text.IndexOf(Start, StringComparison.Ordinal) + Start.Length, text.IndexOf(End, StringComparison.Ordinal));
        if (Environment.GetEnvironmentVariable("TUTTI_WRITE_SCHEMA") == "1") File.WriteAllText(path, text = $"{text[..start]}{Drawings()}{text[end..]}");
        Assert.Contains(Start + Drawings() + End, text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plot_shows_its_highest_and_lowest_numbers_and_leaves_gaps_open()
    {
        string[] lines = [.. LinePlot.Lines([new('a', [(0, 0), (1, 4), (2, double.NaN), (3, 2)])], "across", "up", width: 4, height: 3)];
        Assert.Equal(["up", "        4 | a", "          |", "        0 |a", "          +----", "           0across3"], lines.Select((line, i) => i == 2 ? line[..11] : line));
        Assert.Equal("          |a  a", lines[2]);
    }

    [Fact]
    public void A_logarithmic_axis_gives_equal_ratios_equal_room()
    {
        string[] lines = [.. LinePlot.Lines([new('a', [(1e-4, 1), (1e-2, 1), (1, 1)])], "rate", "loss", logarithmic: true, width: 21, height: 3)];
        Assert.Equal(21, lines[2].Count(letter => letter == 'a'));
        Assert.Contains("1e-4", lines[^1], StringComparison.Ordinal);
        Assert.Empty(LinePlot.Lines([new('a', [])], "", ""));
    }
}
