using Tutti.Predictions;
using Tutti.Recipes;
using Tutti.Runs;
using Tutti.Tables;

namespace Tutti.Tests.Recipes;

/// <summary>A run folder as a finished run leaves it, made by hand: six rows of two classes, two of them labelled wrongly, and no model.</summary>
sealed class MadeRun : IDisposable
{
    public const string Rows = "key,text,label\na,first,ham\nb,\"second, row\",spam\nc,third,spam\nd,fourth,ham\ne,fifth,ham\nf,sixth,spam\n";
    public const string Head = "id,given,label,who,when,why\n";

    readonly TempFolder temp = Shared.Temp();

    /// <param name="data">Further keys of data.</param>
    /// <param name="folds">Of the six rows.</param>
    public MadeRun(string data = "id: key, folds: { count: 2 }", string folds = "0,0,0,1,1,1")
    {
        Train = temp.Write("train.csv", Rows);
        var id = data.Contains("id: key", StringComparison.Ordinal);
        string[] ids = id ? ["a", "b", "c", "d", "e", "f"] : ["0", "1", "2", "3", "4", "5"];
        int[] foldOf = [.. folds.Split(',').Select(fold => int.Parse(fold, System.Globalization.CultureInfo.InvariantCulture))];
        var recipe = Recipe.Parse($$"""
            data: { train: train.csv, text: "{text}", label: label, {{data}} }
            members: [{ model: { kind: bert, layers: 1, hidden: 16, heads: 2, vocabulary: 100 }, name: one }]
            """, temp.Path).RelativeTo(temp.Path);
        Directory.CreateDirectory(Folder.Root);
        File.WriteAllText(Folder.Recipe, recipe.ToYaml($"train: {Table.Read(Train).ContentHash}"));
        File.WriteAllText(Folder.Folds, "id,fold\n" + string.Concat(ids.Zip(foldOf, (row, fold) => $"{row},{fold}\n")));
        int[] held = [.. Enumerable.Range(0, 6).Where(row => foldOf[row] >= 0)], labels = [0, 1, 1, 0, 0, 1];
        double[] spam = [0.1, 0.8, 0.7, 0.95, 0.2, 0.05];
        var set = new PredictionSet([.. held.Select(row => ids[row])], ["ham", "spam"], [.. held.SelectMany(row => new[] { 1 - spam[row], spam[row] })], [.. held.Select(row => labels[row])], [.. held.Select(row => foldOf[row])]);
        PredictionFile.Write(Folder.OutOfFold, set);
        PredictionFile.Write(Folder.Cell("one", 1, 0).Predictions, set);
    }

    public RunFolder Folder => new(temp.File("run"));
    public string Train { get; }
    public string In(string name) => temp.File(name);
    public string Write(string name, string text) => temp.Write(name, text);

    /// <summary>Names of all files but those that were made here.</summary>
    public string[] Others => [.. Directory.EnumerateFiles(temp.Path).Select(file => Path.GetFileName(file)).Except(["train.csv", "corrections.csv"])];

    public void Dispose() => temp.Dispose();
}
