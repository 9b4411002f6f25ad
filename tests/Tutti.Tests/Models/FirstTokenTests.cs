using Tutti.Models;
using Tutti.Tests.Nn;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Models;

/// <summary>A head that reads the first token of each text gets from the last layer those alone, and nothing else changes.</summary>
public sealed class FirstTokenTests() : EngineTest(threads: 1)
{
    static readonly TokenBatch batch = new([2, 5, 6, 7, 3, 2, 3, 2, 8, 9, 3], null, [5, 2, 4], [4, 9, 11]);

    /// <summary>Logits, then the gradients of all weights by name, of a weighted sum of the logits.</summary>
    static Dictionary<string, double[]> Pass(string kind, bool alone, double dropout, bool checkpointing)
    {
        using var model = Tiny.Model(kind, dropout: dropout, dtype: DType.Float64);
        (model.Params.Run.Training, model.Params.Run.Checkpointing) = (true, checkpointing);
        var rows = new List<long>();
        var hidden = model.Hidden(batch, state => rows.Add(state.Size(0)), out var ragged, alone);
        Assert.Equal(alone ? batch.Count : batch.Tokens, rows[^1]);
        Assert.All(rows[..^1], count => Assert.Equal(batch.Tokens, count));
        var logits = model.Head(hidden, ragged);
        (logits * Check.Normal("weights of a scalar", logits.Shape)).Sum().Backward();
        Dictionary<string, double[]> values = model.Params.Items.ToDictionary(item => item.Name, item => item.Value.Grad!.ToArray<double>());
        values["logits"] = logits.Detach().ToArray<double>();
        return values;
    }

    public static TheoryData<string, double, bool> Passes()
    {
        TheoryData<string, double, bool> data = [];
        foreach (var kind in Catalog.Names.Where(Tiny.HasAttention))
            foreach (var (dropout, checkpointing) in new[] { (0, false), (0.3, false), (0.3, true) }) data.Add(kind, dropout, checkpointing);
        return data;
    }

    [Theory, MemberData(nameof(Passes))]
    public void Logits_and_gradients_are_those_of_a_whole_last_layer(string kind, double dropout, bool checkpointing)
    {
        var (expected, actual) = (Pass(kind, false, dropout, checkpointing), Pass(kind, true, dropout, checkpointing));
        Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
        foreach (var (name, values) in expected) Assert.True(Check.Worst(values, actual[name]) <= 1e-11, $"{name} differs by {Check.Worst(values, actual[name])}");
        Assert.True(expected["logits"].Max(Math.Abs) > 1e-3);
    }

    [Theory, MemberData(nameof(Tiny.Transformers), MemberType = typeof(Tiny))]
    public void Predictions_and_updates_ask_for_no_other_rows(string kind)
    {
        using var model = Tiny.Model(kind);
        var last = 0L;
        model.Forward(batch, state => last = state.Size(0));
        Assert.Equal(batch.Count, last);
    }
}
