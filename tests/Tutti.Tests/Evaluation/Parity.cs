using System.Text.Json.Nodes;

namespace Tutti.Tests.Evaluation;

/// <summary>Collects comparisons of one recorded case, prints the worst per name and fails at the end with all that went wrong.</summary>
sealed class Parity(string file)
{
    readonly List<string> faults = [];
    readonly SortedDictionary<string, (double Deviation, double Tolerance)> worst = new(StringComparer.Ordinal);
    int values;

    public void Near(string what, double expected, double actual, double tolerance, bool relative = false)
    {
        values++;
        var deviation = expected.Equals(actual) ? 0 : Math.Abs(expected - actual) / (relative ? Math.Max(Math.Abs(expected), double.Epsilon) : 1);
        if (!worst.TryGetValue(what, out var before) || !(deviation <= before.Deviation)) worst[what] = (deviation, tolerance);
        if (!(deviation <= tolerance)) faults.Add($"{what}: got {actual:R}, expected {expected:R}");
    }

    public void Near(string what, double[] expected, double[] actual, double tolerance, bool relative = false)
    {
        if (expected.Length != actual.Length) faults.Add($"{what}: got {actual.Length} values, expected {expected.Length}");
        else for (var i = 0; i < expected.Length; i++) Near(what, expected[i], actual[i], tolerance, relative);
    }

    public void Near(string what, JsonNode? expected, double actual, double tolerance) =>
        Near(what, expected?.GetValue<double>() ?? double.NaN, actual, tolerance);

    public void Near(string what, JsonNode? expected, double[] actual, double tolerance) => Near(what, Doubles(expected), actual, tolerance);

    public void True(string what, bool holds)
    {
        values++;
        if (!holds) faults.Add($"{what}: does not hold");
    }

    public void NotUnderstood(string what) => faults.Add($"{what}: not understood");

    public void Finish()
    {
        var output = TestContext.Current.TestOutputHelper;
        foreach (var (what, (deviation, tolerance)) in worst) output?.WriteLine($"{file} {what}: worst {deviation:0.0e+0}, tolerance {tolerance:0.0e+0}");
        output?.WriteLine($"{file}: {values} compared, {faults.Count} failed or not understood");
        Assert.True(values > 0, $"{file}: nothing was compared");
        Assert.True(faults.Count == 0, $"{file}\n" + string.Join('\n', faults.Take(20)));
    }

    /// <summary>A list of any depth, flat; null is NaN.</summary>
    public static double[] Doubles(JsonNode? node) => node switch
    {
        JsonArray list => [.. list.SelectMany(Doubles)],
        null => [double.NaN],
        _ => [node.GetValue<double>()],
    };

    public static int[] Integers(JsonNode? node) => [.. Doubles(node).Select(v => (int)v)];

    /// <summary>The files of one kind below the fixture root; one empty name, which <see cref="Json"/> skips with the reason, if there are none.</summary>
    public static TheoryData<string> Files(string folder, string pattern)
    {
        var path = Path.Combine(Shared.Fixtures, folder);
        var files = Directory.Exists(path) ? Directory.GetFiles(path, pattern).Order(StringComparer.Ordinal).Select(file =>
            Path.GetRelativePath(Shared.Fixtures, file)).ToArray() : [];
        return files.Length > 0 ? [.. files] : [""];
    }

    public static JsonObject Json(string file)
    {
        Assert.SkipWhen(file.Length == 0, $"{Shared.Fixtures} holds no such files");
        return JsonNode.Parse(File.ReadAllText(Path.Combine(Shared.Fixtures, file)))!.AsObject();
    }
}
