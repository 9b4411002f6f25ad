namespace Tutti.Tests.Ensembling;

/// <summary>Members that see a row's true logits through noise of their own.</summary>
sealed record SimulatedMembers(double[][] Members, int[] Labels, int[] Folds, int Classes)
{
    /// <param name="rows">n</param>
    /// <param name="classes">K</param>
    /// <param name="noise">The deviation of each member's noise; infinite for one that knows nothing.</param>
    public static SimulatedMembers Of(int seed, int rows, int classes, params double[] noise)
    {
        var random = new Random(seed);
        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        var (members, labels) = (noise.Select(_ => new double[rows * classes]).ToArray(), new int[rows]);
        for (var row = 0; row < rows; row++)
        {
            double[] logits = [.. Enumerable.Range(0, classes).Select(_ => 1.5 * Normal())];
            labels[row] = Draw(Softmax(logits), random.NextDouble());
            for (var m = 0; m < noise.Length; m++)
            {
                var level = noise[m];
                Softmax([.. logits.Select(logit => double.IsInfinity(level) ? Normal() : logit + (level * Normal()))]).CopyTo(members[m], row * classes);
            }
        }
        return new(members, labels, [.. Enumerable.Range(0, rows).Select(row => row % 5)], classes);
    }

    public static double[] Softmax(double[] logits)
    {
        double[] exp = [.. logits.Select(logit => Math.Exp(logit - logits.Max()))];
        return [.. exp.Select(value => value / exp.Sum())];
    }

    static int Draw(double[] shares, double u)
    {
        var k = 0;
        for (var sum = shares[0]; sum < u && k + 1 < shares.Length; sum += shares[k]) k++;
        return k;
    }
}
