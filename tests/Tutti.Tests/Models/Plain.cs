using Tutti.Models;
using Tutti.Torch;

namespace Tutti.Tests.Models;

/// <summary>One text at a time in loops over doubles: arithmetic that shares nothing with the engine, for architectures without recorded values.</summary>
sealed class Plain(TextModel model)
{
    readonly Dictionary<string, (double[] Values, int Columns)> weights = model.Params.Items.ToDictionary(item => item.Name, item =>
        (item.Value.To(DType.Float64).ToArray<double>(), (int)item.Stored.Size(-1)));

    public bool Has(string name) => weights.ContainsKey(name);

    public double[] Row(string table, int row) => weights[table].Values[(row * weights[table].Columns)..((row + 1) * weights[table].Columns)];

    public double[] Linear(string place, double[] x)
    {
        var (values, columns) = weights[place + ".weight"];
        Assert.Equal(columns, x.Length);
        var y = Has(place + ".bias") ? (double[])weights[place + ".bias"].Values.Clone() : new double[values.Length / columns];
        for (var i = 0; i < y.Length; i++)
            for (var j = 0; j < columns; j++) y[i] += values[(i * columns) + j] * x[j];
        return y;
    }

    public double[][] Linear(string place, double[][] x) => Array.ConvertAll(x, row => Linear(place, row));

    public double[] Norm(string place, double[] x, double eps)
    {
        var mean = x.Average();
        var deviation = Math.Sqrt(x.Average(v => (v - mean) * (v - mean)) + eps);
        return [.. x.Select((v, i) => ((v - mean) / deviation * weights[place + ".weight"].Values[i]) + (Has(place + ".bias") ? weights[place + ".bias"].Values[i] : 0))];
    }

    public double[][] Norm(string place, double[][] x, double eps) => Array.ConvertAll(x, row => Norm(place, row, eps));

    public static double[] Sum(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];
    public static double[][] Sum(double[][] a, double[][] b) => [.. a.Zip(b, Sum)];
    public static double[] Tanh(double[] x) => Array.ConvertAll(x, Math.Tanh);
    public static double Silu(double x) => x / (1 + Math.Exp(-x));
    public static double[][] Each(double[][] x, Func<double, double> f) => Array.ConvertAll(x, row => Array.ConvertAll(row, v => f(v)));

    /// <summary>Attention of all positions, the heads side by side.</summary>
    /// <param name="bias">Added to the score of a head's query and key; minus infinity takes the pair out.</param>
    public static double[][] Attention(double[][] q, double[][] k, double[][] v, int heads, double scale, Func<int, int, int, double>? bias = null)
    {
        var size = q[0].Length / heads;
        var result = Array.ConvertAll(q, row => new double[row.Length]);
        for (var h = 0; h < heads; h++)
            for (var i = 0; i < q.Length; i++)
            {
                var scores = Enumerable.Range(0, k.Length).Select(j => (Enumerable.Range(h * size, size).Sum(c => q[i][c] * k[j][c]) * scale) + (bias?.Invoke(h, i, j) ?? 0)).ToArray();
                var exps = Array.ConvertAll(scores, score => Math.Exp(score - scores.Max()));
                for (var j = 0; j < k.Length; j++)
                    for (var c = h * size; c < (h + 1) * size; c++) result[i][c] += exps[j] / exps.Sum() * v[j][c];
            }
        return result;
    }
}
