using System.Globalization;
using System.Text;
using Tutti.Recipes;
using Tutti.Torch;

namespace Tutti.Tests.Recipes;

/// <summary>Ratings of 60 users, who like one of two kinds of films and rate high or low, with a recipe that learns them in well under a second, and its finished run.</summary>
public sealed class MadeRatings : IDisposable
{
    public const int Users = 60, Items = 40;

    readonly TempFolder temp = Shared.Temp();
    readonly Lazy<string> run;

    public MadeRatings()
    {
        Write(temp);
        run = new(() =>
        {
            new RatingsRun(RatingsRecipe.Load(temp.File("recipe.yaml")), temp.File("run")).Train();
            return temp.File("run");
        });
    }

    /// <summary>The folder of the finished run. Only to be read.</summary>
    public string Folder => run.Value;

    public string Input(string name) => temp.File(name);

    public void Dispose() => temp.Dispose();

    /// <summary>Items up to 20 are of the first kind, as are users.</summary>
    public static bool Same(int user, int item) => (user < Users / 2) == (item < Items / 2);

    internal static void Write(TempFolder to)
    {
        var stream = RandomStream.Of(5, "made ratings");
        var (ratings, test, number) = (new StringBuilder(), new StringBuilder(), 0);
        for (var user = 0; user < Users; user++)
            for (var item = 0; item < Items; item++, number++)
            {
                if (stream.Uniform(2 * number) > 0.5) continue;
                var rating = (Same(user, item) ? 4 : 2) + (user % 3) - 1 + (stream.Uniform((2 * number) + 1) > 0.8 ? 1 : 0);
                (stream.Uniform(100_000 + number) > 0.9 ? test : ratings).Append(CultureInfo.InvariantCulture, $"u{user}\tf{item}\t{Math.Clamp(rating, 1, 5)}\t{number}\n");
            }
        to.Write("ratings.tsv", ratings.ToString());
        to.Write("test.tsv", test.ToString());
        to.Write("films.txt", Encoding.Latin1.GetBytes(string.Concat(Enumerable.Range(0, Items).Select(item => $"f{item}|{(item < Items / 2 ? "Comédie" : "Thriller")} {item}\n"))));
        to.Write("recipe.yaml", """
            task: ratings
            data:
              train: ratings.tsv
              format: { delimiter: tab, header: false }
              user: 1
              item: 2
              rating: 3
              time: 4
              range: [1, 5]
              items: { file: films.txt, format: { delimiter: "|", header: false, encoding: iso-8859-1 } }
            members:
              - { model: dot-bias, seeds: [1, 2], factors: 4, epochs: 30, learning-rate: 0.02, weight-decay: 0.01, range: [0, 5.5] }
              - { model: averages, name: means }
            top: { k: 5 }
            """);
    }
}
