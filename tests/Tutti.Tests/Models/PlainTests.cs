using Tutti.Models;
using Tutti.Models.Text;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Models;

/// <summary>Architectures and options for which no recorded values exist, against loops over doubles written from their papers and transformers' code.</summary>
public sealed class PlainTests() : EngineTest(threads: 1)
{
    const double Eps = 1e-5;
    const int Heads = 2;
    const double Scale = 0.35355339059327373;                 // one over the root of the 8 channels of a head

    static readonly int[][] texts = [[2, 5, 7, 11, 3, 9, 30, 3], [2, 3], [2, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 3], [2, 6, 1, 8, 3]];

    /// <summary>Compares the logits of a whole batch with those of each text by the loops; the model has no dropout.</summary>
    static void Compare(string kind, Func<Plain, int[], double[]> logits, params (string Key, System.Text.Json.Nodes.JsonNode Value)[] settings)
    {
        var config = Tiny.Config(kind, classes: 3);
        foreach (var (key, value) in settings) config = config.With(key, value);
        using var model = ModelFolder.New(config, 4, dtype: DType.Float64);
        var random = RandomStream.Of(9, "norms and biases");
        var at = 0L;
        using var none = Modes.NoGrad();
        foreach (var item in model.Params.Items.Where(item => !item.Frozen && item.Stored.Dims == 1))          // fresh ones are 1 and 0, which would hide an error
            item.Stored.CopyFrom(Tensor.From([.. item.Value.ToArray<double>().Select(v => v + (0.1 * random.Normal(at++)))], item.Stored.Shape));
        var batch = new TokenBatch([.. texts.SelectMany(text => text)], null, [.. texts.Select(text => text.Length)], [.. texts.Select((_, i) => (long)i)]);
        var actual = model.Forward(batch).ToArray<double>();
        var plain = new Plain(model);
        for (var i = 0; i < texts.Length; i++)
        {
            var expected = logits(plain, texts[i]);
            for (var k = 0; k < 3; k++) Assert.True(Math.Abs(expected[k] - actual[(3 * i) + k]) <= 2e-6 * Math.Max(1, Math.Abs(expected[k])), $"text {i}, class {k}: {actual[(3 * i) + k]}, expected {expected[k]}");
        }
        Assert.True(actual.Max() - actual.Min() > 1e-2);
    }

    static double[][] Rows(Plain p, string table, IEnumerable<int> rows) => [.. rows.Select(row => p.Row(table, row))];

    [Fact]
    public void Albert_shares_its_layers_between_depths_of_a_group() => Compare("albert", (p, ids) =>
    {
        const string Embeddings = "albert.embeddings.";
        var x = Plain.Sum(Plain.Sum(Rows(p, Embeddings + "word_embeddings.weight", ids), Rows(p, Embeddings + "position_embeddings.weight", Enumerable.Range(0, ids.Length))),
            Rows(p, Embeddings + "token_type_embeddings.weight", ids.Select(_ => 0)));
        x = p.Linear("albert.encoder.embedding_hidden_mapping_in", p.Norm(Embeddings + "LayerNorm", x, Eps));
        foreach (var (group, inner) in new[] { (0, 0), (0, 1), (0, 0), (0, 1), (1, 0), (1, 1), (1, 0), (1, 1) })  // 4 depths of 2 groups, each with 2 layers
        {
            var place = $"albert.encoder.albert_layer_groups.{group}.albert_layers.{inner}.";
            var context = Plain.Attention(p.Linear(place + "attention.query", x), p.Linear(place + "attention.key", x), p.Linear(place + "attention.value", x), Heads, Scale);
            x = p.Norm(place + "attention.LayerNorm", Plain.Sum(x, p.Linear(place + "attention.dense", context)), Eps);
            x = p.Norm(place + "full_layer_layer_norm", Plain.Sum(x, p.Linear(place + "ffn_output", Plain.Each(p.Linear(place + "ffn", x), Plain.Silu))), Eps);
        }
        return p.Linear("classifier", Plain.Tanh(p.Linear("albert.pooler", x[0])));
    }, ("hidden_act", "silu"), ("num_hidden_groups", 2), ("num_hidden_layers", 4));

    [Fact]
    public void Mpnet_adds_a_learnt_term_for_the_distance_of_two_tokens() => Compare("mpnet", (p, ids) =>
    {
        // Row 1 for padding ids, which are not counted.
        var places = ids.Select((id, i) => id == 1 ? 1 : 1 + ids[..(i + 1)].Count(other => other != 1));
        var x = p.Norm("mpnet.embeddings.LayerNorm", Plain.Sum(Rows(p, "mpnet.embeddings.word_embeddings.weight", ids), Rows(p, "mpnet.embeddings.position_embeddings.weight", places)), Eps);
        for (var layer = 0; layer < 2; layer++)
        {
            var place = $"mpnet.encoder.layer.{layer}.";
            var context = Plain.Attention(p.Linear(place + "attention.attn.q", x), p.Linear(place + "attention.attn.k", x), p.Linear(place + "attention.attn.v", x), Heads, Scale,
                (head, query, key) => p.Row("mpnet.encoder.relative_attention_bias.weight", Distance(key - query))[head]);
            x = p.Norm(place + "attention.LayerNorm", Plain.Sum(x, p.Linear(place + "attention.attn.o", context)), Eps);
            x = p.Norm(place + "output.LayerNorm", Plain.Sum(x, p.Linear(place + "output.dense", Plain.Each(p.Linear(place + "intermediate.dense", x), Plain.Silu))), Eps);
        }
        return p.Linear("classifier.out_proj", Plain.Tanh(p.Linear("classifier.dense", x[0])));

        // 16 rows for each side: 8 exact ones, then 8 whose widths grow to a distance of 128.
        static int Distance(int behind)
        {
            var (side, far) = (behind > 0 ? 16 : 0, Math.Abs(behind));
            return far < 8 ? side + far : side + Math.Min(15, 8 + (int)(Math.Log(far / 8.0) / Math.Log(16) * 8));
        }
    }, ("hidden_act", "silu"));

    [Fact]
    public void Distances_of_mpnet_have_the_rows_of_the_reference()
    {
        // Worked out by hand from the reference's formula: 8 + floor(8 log(d/8) / log 16), at most 15.
        foreach (var (distance, row) in new[] { (0, 0), (-1, 1), (-7, 7), (-8, 8), (-11, 8), (-12, 9), (-16, 10), (-31, 11), (-127, 15), (-128, 15), (-500, 15), (1, 17), (7, 23), (8, 24), (500, 31) })
            Assert.Equal(row, Mpnet.Bucket(distance));
    }

    [Theory, InlineData("cls", 4), InlineData("mean", 4), InlineData("cls", 128)]
    public void Modernbert_turns_queries_and_keys_and_looks_through_windows(string pooling, int window) => Compare("modernbert", (p, ids) =>
    {
        var x = p.Norm("model.embeddings.norm", Rows(p, "model.embeddings.tok_embeddings.weight", ids), Eps);
        for (var layer = 0; layer < 3; layer++)
        {
            var (place, local) = ($"model.layers.{layer}.", layer % 2 != 0);
            Assert.Equal(layer > 0, p.Has(place + "attn_norm.weight"));
            var parts = p.Linear(place + "attn.Wqkv", layer > 0 ? p.Norm(place + "attn_norm", x, Eps) : x);
            double[][] Part(int which) => Array.ConvertAll(parts, row => row[(16 * which)..(16 * (which + 1))]);
            double[][] Turned(double[][] rows) => [.. rows.Select((row, place) => Turn(row, place, local ? 10000 : 160000))];
            var context = Plain.Attention(Turned(Part(0)), Turned(Part(1)), Part(2), Heads, Scale, (_, query, key) => local && Math.Abs(query - key) > window / 2 ? double.NegativeInfinity : 0);
            x = Plain.Sum(x, p.Linear(place + "attn.Wo", context));
            var inside = p.Linear(place + "mlp.Wi", p.Norm(place + "mlp_norm", x, Eps));
            x = Plain.Sum(x, p.Linear(place + "mlp.Wo", Array.ConvertAll(inside, row => Enumerable.Range(0, 32).Select(i => Plain.Silu(row[i]) * row[32 + i]).ToArray())));
        }
        x = p.Norm("model.final_norm", x, Eps);
        var pooled = pooling == "cls" ? x[0] : [.. Enumerable.Range(0, 16).Select(c => x.Average(row => row[c]))];
        return p.Linear("classifier", p.Norm("head.norm", Array.ConvertAll(p.Linear("head.dense", pooled), Plain.Silu), Eps));

        // Channels j and j + 4 of a head are a pair, turned by the angle place * theta^(-2j/8).
        static double[] Turn(double[] row, int place, double theta)
        {
            var turned = new double[row.Length];
            for (var head = 0; head < Heads; head++)
                for (var j = 0; j < 4; j++)
                {
                    var (a, b, angle) = (row[(8 * head) + j], row[(8 * head) + 4 + j], place * Math.Pow(theta, -2.0 * j / 8));
                    turned[(8 * head) + j] = (a * Math.Cos(angle)) - (b * Math.Sin(angle));
                    turned[(8 * head) + 4 + j] = (b * Math.Cos(angle)) + (a * Math.Sin(angle));
                }
            return turned;
        }
    }, ("hidden_activation", "silu"), ("classifier_activation", "silu"), ("num_hidden_layers", 3), ("classifier_pooling", pooling), ("local_attention", window));

    [Theory, InlineData(true, "c2p|p2c", true), InlineData(false, "c2p|p2c", true), InlineData(false, "c2p", false), InlineData(false, "p2c", false), InlineData(true, "", false)]
    public void Deberta_scores_content_and_position_apart(bool shared, string terms, bool convolution) => Compare("deberta-v2", (p, ids) =>
    {
        var x = p.Norm("deberta.embeddings.LayerNorm", Rows(p, "deberta.embeddings.word_embeddings.weight", ids), Eps);
        var (embedded, table) = (x, p.Norm("deberta.encoder.LayerNorm", Rows(p, "deberta.encoder.rel_embeddings.weight", Enumerable.Range(0, 8)), Eps));
        for (var layer = 0; layer < 2; layer++)
        {
            var place = $"deberta.encoder.layer.{layer}.";
            var self = place + "attention.self.";
            var (q, k, v) = (p.Linear(self + "query_proj", x), p.Linear(self + "key_proj", x), p.Linear(self + "value_proj", x));
            var scale = 1 / Math.Sqrt(8.0 * (1 + (terms.Length == 0 ? 0 : terms.Split('|').Length)));
            var keys = terms.Contains("c2p", StringComparison.Ordinal) ? p.Linear(self + (shared ? "key_proj" : "pos_key_proj"), table) : null;
            var queries = terms.Contains("p2c", StringComparison.Ordinal) ? p.Linear(self + (shared ? "query_proj" : "pos_query_proj"), table) : null;
            var context = Plain.Attention(q, k, v, Heads, scale, (head, i, j) =>
            {
                var row = Math.Clamp(Bucket(i - j) + 4, 0, 7);
                double Product(double[] a, double[] b) => Enumerable.Range(8 * head, 8).Sum(c => a[c] * b[c]);
                return ((keys is null ? 0 : Product(q[i], keys[row])) + (queries is null ? 0 : Product(k[j], queries[row]))) * scale;
            });
            x = p.Norm(place + "attention.output.LayerNorm", Plain.Sum(x, p.Linear(place + "attention.output.dense", context)), Eps);
            x = p.Norm(place + "output.LayerNorm", Plain.Sum(x, p.Linear(place + "output.dense", Plain.Each(p.Linear(place + "intermediate.dense", x), Plain.Silu))), Eps);
            if (layer == 0 && convolution) x = p.Norm("deberta.encoder.conv.LayerNorm", Plain.Sum(x, Plain.Each(Convolved(p, embedded), Math.Tanh)), Eps);
        }
        return p.Linear("classifier", Array.ConvertAll(p.Linear("pooler.dense", x[0]), Plain.Silu));

        // Exact up to 2, half of the 4 buckets; then to the 4th at a distance of 33, the farthest but one.
        static int Bucket(int distance) => Math.Abs(distance) <= 2 ? distance : Math.Sign(distance) * (2 + (int)Math.Ceiling(Math.Log(Math.Abs(distance) / 2.0) / Math.Log(33 / 2.0) * 1));

        // Two groups of 8 channels, windows of three tokens, nothing behind the ends.
        static double[][] Convolved(Plain p, double[][] x) => [.. x.Select((_, t) => Enumerable.Range(0, 16).Select(output =>
            p.Row("deberta.encoder.conv.conv.bias", 0)[output] + Enumerable.Range(0, 8).Sum(input => Enumerable.Range(0, 3).Sum(width =>
                t + width - 1 is >= 0 and var at && at < x.Length ? p.Row("deberta.encoder.conv.conv.weight", (output * 8) + input)[width] * x[at][(output / 8 * 8) + input] : 0))).ToArray())];
    }, ("hidden_act", "silu"), ("pooler_hidden_act", "silu"), ("share_att_key", shared), ("pos_att_type", terms), ("conv_kernel_size", convolution ? 3 : 0));

    [Fact]
    public void Sines_and_cosines_of_distilbert_are_never_trained()
    {
        var config = Tiny.Config("distilbert").With("sinusoidal_pos_embds", true);
        using var model = ModelFolder.New(config, 1);
        var positions = model.Params.Items.Single(item => item.Name == "distilbert.embeddings.position_embeddings.weight");
        Assert.True(positions.Frozen);
        Assert.DoesNotContain(positions, model.Params.Trained);
        var values = positions.Value.ToArray<float>();
        Assert.Equal(Math.Sin(5 / Math.Pow(10000, 6.0 / 16)), values[(5 * 16) + 6], 1e-6);
        Assert.Equal(Math.Cos(5 / Math.Pow(10000, 6.0 / 16)), values[(5 * 16) + 7], 1e-6);
        model.Forward(Tiny.Batch).Sum().Backward();
        Assert.Null(positions.Stored.Grad);
        Assert.Contains(model.Params.Items, item => item.Name.EndsWith("lin1.weight", StringComparison.Ordinal) && item.Stored.Grad is not null);
    }
}
