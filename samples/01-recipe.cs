#:project ../src/Tutti/Tutti.csproj
// A recipe, read from a file and changed in code: trains an ensemble of two seeds and prints the leaderboard.
// Run it from the repository's root: dotnet run samples/01-recipe.cs
using Tutti.Recipes;

// As on the command line: --set train.epochs=5 --set data.folds=null (a fifth of the rows is then held out once).
var recipe = Recipe.Load("samples/disaster/demo.yaml", "train.epochs=5", "data.folds=null") with
{
    Members =
    [
        new MemberConfig
        {
            Name = "tiny",
            Model = new ModelSpec { Kind = EncoderKind.Bert, Layers = 1, Hidden = 64, Heads = 4, Vocabulary = 1500 },
            Seeds = [1, 2],
        },
    ],
};

var result = new Run(recipe, args.Length > 0 ? args[0] : "runs/01-recipe").Train(new Cells());
Console.WriteLine(result.Leaderboard);
Console.WriteLine($"submission: {result.Submission}");

// What is told while a run goes on, one record per kind of news; this one shows finished cells only.
sealed class Cells : IProgress<RunNews>
{
    public void Report(RunNews value)
    {
        if (value is CellDoneNews done) Console.Error.WriteLine($"{done.Cell}: accuracy {done.Fit.Best.Accuracy:F3} in {done.Fit.Seconds:F0} s");
        if (value is SkippedNews skipped) Console.Error.WriteLine($"{skipped.Cell}: done before");
    }
}
