using Tutti.Nn;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Nn;

public sealed class ParamsTests : EngineTest
{
    [Fact]
    public void Names_are_paths_and_missing_weights_are_reported()
    {
        using var p = new Params(1, name => name == "a.0.weight" ? Tensor.From([1f, 2]) : null);
        Assert.Equal([1f, 2], (p / "a" / 0).Get("weight", Init.Zeros, true, 2).ToArray<float>());
        Assert.Equal([1f, 1], (p / "a").Get("bias", Init.Ones, false, 2).ToArray<float>());
        Assert.Equal(["a.0.weight", "a.bias"], p.Items.Select(item => item.Name));
        Assert.Equal(["a.bias"], p.Missing);
        Assert.Equal([true, false], p.Items.Select(item => item.Decay));
        Assert.All(p.Items, item => Assert.True(item.Value.RequiresGrad));
    }

    [Fact]
    public void Layers_exempt_biases_and_norms_from_decay()
    {
        using var p = new Params(1);
        _ = (new Linear(p / "linear", 2, 2), new LayerNorm(p / "norm", 2, 1e-5), new Embedding(p / "table", 2, 2));
        Assert.Equal(["linear.weight", "table.weight"], p.Items.Where(item => item.Decay).Select(item => item.Name));
    }

    [Fact]
    public void A_stored_weight_of_another_shape_or_kind_is_refused_with_both()
    {
        using var p = new Params(1, name => name == "ids" ? Tensor.From([1L]) : Tensor.Zeros([2, 3]));
        var error = Assert.Throws<DataException>(() => (p / "a").Get("weight", Init.Zeros, true, 3, 2));
        foreach (var part in (string[])["a.weight", "(2, 3)", "(3, 2)"]) Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.Contains("Int64", Assert.Throws<DataException>(() => p.Get("ids", Init.Zeros, true, 1)).Message, StringComparison.Ordinal);
        Assert.Empty(p.Items);
    }

    [Fact]
    public void Fresh_weights_depend_on_seed_and_name_only()
    {
        using Params one = new(5), other = new(5), third = new(6);
        var init = Init.Normal(0.02);
        var (a, b) = (one.Get("a", init, true, 40, 30), one.Get("b", init, true, 40, 30));
        var (b2, a2) = (other.Get("b", init, true, 40, 30), other.Get("a", init, true, 40, 30));
        Assert.Equal(a.ToArray<float>(), a2.ToArray<float>());
        Assert.Equal(b.ToArray<float>(), b2.ToArray<float>());
        Assert.NotEqual(a.ToArray<float>(), b.ToArray<float>());
        Assert.NotEqual(a.ToArray<float>(), third.Get("a", init, true, 40, 30).ToArray<float>());
    }

    [Fact]
    public void Fresh_weights_have_the_deviation_that_was_asked()
    {
        using var p = new Params(5);
        var values = p.Get("a", Init.Normal(0.02), true, 100_000).ToArray<float>().Select(v => (double)v).ToArray();
        var (n, deviation) = (values.Length, Math.Sqrt(values.Average(v => v * v)));
        Assert.InRange(values.Average(), -4 * 0.02 / Math.Sqrt(n), 4 * 0.02 / Math.Sqrt(n));
        Assert.InRange(deviation, 0.02 * (1 - (4 / Math.Sqrt(2.0 * n))), 0.02 * (1 + (4 / Math.Sqrt(2.0 * n))));
    }

    [Fact]
    public void Weights_are_copies_of_what_the_source_gave_in_the_type_asked()
    {
        var stored = Tensor.From([1f, 2]).To(DType.BFloat16);
        using var p = new Params(1, _ => stored, dtype: DType.Float64);
        var weight = p.Get("w", Init.Zeros, true, 2);
        stored.Fill(9);
        Assert.Equal([1.0, 2], weight.ToArray<double>());
    }
}
