namespace Tutti.Labels;

/// <summary>The labels as a whole.</summary>
/// <param name="Score">The share of labels that are not counted as wrong.</param>
/// <param name="Classes">The worst class first.</param>
/// <param name="Overlaps">Pairs of classes, those most often taken for each other first.</param>
public sealed record LabelHealth(double Score, IReadOnlyList<ClassHealth> Classes, IReadOnlyList<ClassOverlap> Overlaps)
{
    internal static LabelHealth Of(ConfidentJoint confident, int issues)
    {
        var (joint, k, n) = (confident.Joint, confident.LabelCounts.Length, confident.LabelCounts.Sum());
        var classes = Enumerable.Range(0, k).Select(one =>
        {
            var (given, truly) = (0.0, 0.0);
            for (var other = 0; other < k; other++)
            {
                given += joint[one, other];
                truly += joint[other, one];
            }
            var right = joint[one, one];
            return new ClassHealth(one, Rows(given - right), Rows(truly - right), given > 0 ? 1 - (right / given) : 0, truly > 0 ? 1 - (right / truly) : 0);
        });
        var overlaps = Enumerable.Range(0, k).SelectMany(a => Enumerable.Range(a + 1, k - a - 1).Select(b =>
            new ClassOverlap(a, b, Rows(joint[a, b] + joint[b, a]), joint[a, b] + joint[b, a])));
        return new(1 - (issues / (double)n), [.. classes.OrderBy(one => one.Quality)], [.. overlaps.OrderByDescending(pair => pair.Share)]);

        int Rows(double share) => (int)Math.Round(share * n, MidpointRounding.ToEven);
    }
}

/// <summary>The labels of one class.</summary>
/// <param name="Class">Its index.</param>
/// <param name="Issues">Rows given this label that are of another class, as estimated.</param>
/// <param name="InverseIssues">Rows of this class that are given another label.</param>
/// <param name="Noise">The share of wrong ones among the rows given this label.</param>
/// <param name="InverseNoise">The share of wrongly labelled ones among the rows of this class.</param>
public sealed record ClassHealth(int Class, int Issues, int InverseIssues, double Noise, double InverseNoise)
{
    /// <summary>The share of right ones among the rows given this label.</summary>
    public double Quality => 1 - Noise;
}

/// <summary>Two classes and the rows that have one's label and are of the other, either way.</summary>
public sealed record ClassOverlap(int A, int B, int Rows, double Share);
