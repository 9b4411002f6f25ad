using System.Globalization;
using System.Text;
using Tutti.Recommend;

namespace Tutti.Bench;

/// <summary>MovieLens 100K from the folder of real data, which is no part of the project.</summary>
static class MovieLens
{
    public const int Users = 943, Items = 1682;

    static string Folder => "movielens100k";

    public static string DataFile => BaselineBench.Data(Path.Combine(Folder, "u.data"));

    /// <summary>Rows of u.data that the figures of fastai hold out, numbers from 0.</summary>
    public static string HeldOutFile => BaselineBench.Data(Path.Combine("..", "peers", "ml100k_valid_rows_seed42.txt"));

    /// <param name="file">Such as u.data, u1.base.</param>
    public static RatingRows Read(string file)
    {
        var cells = File.ReadLines(BaselineBench.Data(Path.Combine(Folder, file))).Select(line => line.Split('\t').Select(cell => long.Parse(cell, CultureInfo.InvariantCulture)).ToArray()).ToArray();
        return new([.. cells.Select(row => (int)row[0] - 1)], [.. cells.Select(row => (int)row[1] - 1)], [.. cells.Select(row => (float)row[2])], Users, Items) { Times = [.. cells.Select(row => row[3])] };
    }

    /// <summary>The rows that fastai's figures were trained on, and those that they were judged on.</summary>
    public static (RatingRows Train, RatingRows Valid) FastaiSplit()
    {
        var (all, held) = (Read("u.data"), File.ReadLines(HeldOutFile).Where(line => line.Length > 0).Select(line => int.Parse(line, CultureInfo.InvariantCulture)).ToHashSet());
        return (all.Select([.. Enumerable.Range(0, all.Count).Where(row => !held.Contains(row))]), all.Select([.. held.Order()]));
    }

    /// <summary>Age in steps of five years, gender, occupation.</summary>
    public static SideFeatures People()
    {
        const int Ages = 20, Genders = 2;
        var occupations = new Dictionary<string, int>(StringComparer.Ordinal);
        var columns = File.ReadLines(BaselineBench.Data(Path.Combine(Folder, "u.user"))).Select(line => line.Split('|')).Select(cells =>
        {
            var occupation = occupations.TryGetValue(cells[3], out var known) ? known : occupations[cells[3]] = occupations.Count;
            return new[] { int.Parse(cells[1], CultureInfo.InvariantCulture) / 5, Ages + (cells[2] == "M" ? 1 : 0), Ages + Genders + occupation };
        }).ToArray();
        return new(columns, Ages + Genders + occupations.Count);
    }

    /// <summary>Genres, and the year in steps that grow towards the past.</summary>
    public static SideFeatures Films()
    {
        const int Genres = 19, FirstGenre = 5, Years = 20;
        var columns = File.ReadLines(BaselineBench.Data(Path.Combine(Folder, "u.item")), Encoding.Latin1).Select(line => line.Split('|')).Select(cells =>
            (int[])[.. Enumerable.Range(0, Genres).Where(genre => cells[FirstGenre + genre] == "1"), Genres + Period(cells[2])]).ToArray();
        return new(columns, Genres + Years);

        static int Period(string date) => date.Length < 4 ? 0 : int.Parse(date.AsSpan(date.Length - 4), CultureInfo.InvariantCulture) switch
        {
            < 1950 => 1,
            < 1980 and var year => 2 + ((year - 1950) / 10),
            var year => 5 + ((year - 1980) / 2),
        };
    }

    public static double Mse(RatingModel model, RatingRows rows) => Errors(model, rows).Average(error => error * error);

    /// <summary>Rating less prediction, which is held within 1 to 5.</summary>
    public static double[] Errors(RatingModel model, RatingRows rows) =>
        [.. Enumerable.Range(0, rows.Count).AsParallel().AsOrdered().Select(row => rows.Values[row] - (double)Math.Clamp(model.Predict(rows.Users[row], rows.Items[row]), 1f, 5f))];
}
