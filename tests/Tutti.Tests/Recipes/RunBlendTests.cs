using System.Globalization;
using Tutti.Ensembling;
using Tutti.Recipes;
using Tutti.Runs;
using Tutti.Training;

namespace Tutti.Tests.Recipes;

/// <summary>Blends, computed again from the cells' files by plain arithmetic on their text.</summary>
[Collection(RunCollection.Name)]
public sealed class RunBlendTests(TinyRun run)
{
    [Fact]
    public void Out_of_fold_is_the_mean_of_members_each_the_mean_of_its_seeds()
    {
        var expected = new Dictionary<string, double>();
        foreach (var (member, seeds) in TinyRun.Members)
            foreach (var seed in seeds)
                foreach (var fold in Enumerable.Range(0, 2))
                    foreach (var (id, p) in Read(Cell(member, seed, fold).Predictions))
                        expected[id] = expected.GetValueOrDefault(id) + (p / seeds.Length / TinyRun.Members.Length);
        Same(expected, Read(Path.Combine(run.Folder, "oof.csv")));
    }

    [Fact]
    public void Test_is_the_mean_of_members_each_the_mean_of_its_cells() => Same(Test(p => p, p => p), Read(Path.Combine(run.Folder, "test.csv")));

    [Fact]
    public void A_geometric_blend_is_the_normalised_exponential_of_the_mean_logarithm_in_run_predict_and_classifier_alike()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        TinyRun.Train(run.Recipe with { Blend = BlendChoice.Geometric }, folder);
        // For two classes: with g and h the mean logarithms of both, p = e^g / (e^g + e^h).
        var (g, h) = (Test(Math.Log, p => p), Test(p => Math.Log(1 - p), p => p));
        var expected = g.ToDictionary(pair => pair.Key, pair => Math.Exp(pair.Value) / (Math.Exp(pair.Value) + Math.Exp(h[pair.Key])));
        Same(expected, Read(Path.Combine(folder, "test.csv")), 1e-9);                    // 1 - p is the other column up to its rounding
        TinyRun.Predict(folder, run.Input("test.csv"), temp.File("p.csv"));
        Same(Read(Path.Combine(folder, "test.csv")), Read(temp.File("p.csv")));
        Same(Read(Path.Combine(folder, "test.csv")), Classified(folder));
    }

    [Fact]
    public void Predict_and_classifier_equal_the_tests_blend()
    {
        using var temp = Shared.Temp();
        Assert.Equal(TinyRun.TestRows, TinyRun.Predict(run.Folder, run.Input("test.csv"), temp.File("p.csv")));
        Same(Read(Path.Combine(run.Folder, "test.csv")), Read(temp.File("p.csv")));
        Assert.Equal(Read(Path.Combine(run.Folder, "test.csv")).Keys, Read(temp.File("p.csv")).Keys);     // order of rows
        Assert.Equal(File.ReadLines(Path.Combine(run.Folder, "test.csv")).First(), File.ReadLines(temp.File("p.csv")).First());
        Same(Read(Path.Combine(run.Folder, "test.csv")), Classified(run.Folder));
    }

    CellFolder Cell(string member, int seed, int fold) => new RunFolder(run.Folder).Cell(member, seed, fold);

    Dictionary<string, double> Test(Func<double, double> ofMember, Func<double, double> ofCell)
    {
        var expected = new Dictionary<string, double>();
        foreach (var (member, seeds) in TinyRun.Members)
        {
            var sums = new Dictionary<string, double>();
            foreach (var seed in seeds)
                foreach (var fold in Enumerable.Range(0, 2))
                    foreach (var (id, p) in Read(Cell(member, seed, fold).Test)) sums[id] = sums.GetValueOrDefault(id) + (ofCell(p) / seeds.Length / 2);
            foreach (var (id, p) in sums) expected[id] = expected.GetValueOrDefault(id) + (ofMember(p) / TinyRun.Members.Length);
        }
        return expected;
    }

    Dictionary<string, double> Classified(string folder)
    {
        using var thread = new OneThread();
        using var classifier = TextClassifier.Load(folder);
        var data = RunData.Open(run.Recipe);
        var values = classifier.Probabilities(TextData.Texts(data.Test!, data.Text));
        return data.TestIds.Index().ToDictionary(pair => pair.Item, pair => values[pair.Index * 2]);
    }

    /// <summary>id -> p_0 of a file whose cells hold no commas.</summary>
    static Dictionary<string, double> Read(string file)
    {
        var lines = File.ReadAllLines(file).Select(line => line.Split(',')).ToArray();
        var (id, p) = (Array.IndexOf(lines[0], "id"), Array.IndexOf(lines[0], "p_0"));
        return lines.Skip(1).ToDictionary(line => line[id], line => double.Parse(line[p], CultureInfo.InvariantCulture));
    }

    static void Same(Dictionary<string, double> expected, Dictionary<string, double> actual, double tolerance = 1e-12)
    {
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        Assert.All(expected, pair => Assert.Equal(pair.Value, actual[pair.Key], tolerance));
    }
}
