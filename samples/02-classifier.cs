#:project ../src/Tutti/Tutti.csproj
// A trained run inside an application: every model of the run stays loaded, their probabilities are blended. Thread-safe.
// Run samples/01-recipe.cs first, then, from the repository's root: dotnet run samples/02-classifier.cs
using Tutti.Recipes;

using var classifier = TextClassifier.Load(args.Length > 0 ? args[0] : "runs/01-recipe");

foreach (var (label, probability) in classifier.Predict("wildfire | La Ronge | Forest fire near the highway, leave now"))
    Console.WriteLine($"{label}: {probability:F3}");

// Many texts at once are computed as ragged batches: n rows of K probabilities.
string[] texts = ["flood | | The river is in our kitchen", "crash | | My laptop crashed again"];
var probabilities = classifier.Probabilities(texts);
for (var i = 0; i < texts.Length; i++)
    Console.WriteLine($"{probabilities[(i * classifier.Classes.Count) + 1]:F3} for class {classifier.Classes[1]}: {texts[i]}");
