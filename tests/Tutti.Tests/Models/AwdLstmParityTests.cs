using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Nn;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Models;

/// <summary>Every folder lm* and classifier* of 03_awdlstm against the recorded values of fastai. Nothing about a particular folder is written here.</summary>
public sealed class AwdLstmParityTests() : EngineTest(threads: 1)
{
    const double Tolerance = 1e-5;

    static readonly string root = Path.Combine(Shared.Fixtures, "03_awdlstm");

    static readonly string[] files = ["model.safetensors", "model.pth"];

    // A folder with every file of weights that it has.
    static TheoryData<string, string> Folders(string kind)
    {
        TheoryData<string, string> data = [];
        foreach (var folder in Directory.GetDirectories(root, kind + "*").Where(folder => File.Exists(Path.Combine(folder, "case.json"))).Order(StringComparer.Ordinal))
            foreach (var weights in files.Where(name => File.Exists(Path.Combine(folder, name)))) data.Add(Path.GetFileName(folder), weights);
        return data;
    }

    public static TheoryData<string, string> LanguageModels() => Folders("lm");
    public static TheoryData<string, string> Classifiers() => Folders("classifier");

    [Fact]
    public void There_are_folders_to_compare_with() => Assert.True(LanguageModels().Count > 1 && Classifiers().Count > 0);

    [Theory, MemberData(nameof(LanguageModels))]
    public void Chunks_carry_states_and_their_logits_losses_and_gradients_equal_the_reference(string folder, string weights)
    {
        using var fixture = new Fixture(folder, weights, language: true);
        using var model = fixture.Model;
        var run = model.Params.Run;
        var streams = (int)fixture.Case("chunk0.x").Size(0);
        using var carried = run.Carried = new CarriedState(streams);
        (run.Training, run.Checkpointing) = (true, weights.EndsWith(".pth", StringComparison.Ordinal));       // both ways of backward
        for (var chunk = 0; fixture.Has($"chunk{chunk}.x"); chunk++)
        {
            var (name, batch) = ($"chunk{chunk}", Batch(fixture.Case($"chunk{chunk}.x")));
            foreach (var penalised in new[] { false, true })
            {
                foreach (var item in model.Params.Items) item.Stored.SetGrad(null);
                run.ActivationPenalty = penalised ? (fixture.Number("alpha"), fixture.Number("beta")) : (0, 0);
                var hidden = model.Hidden(batch, null, out var ragged);
                var logits = model.Head(hidden, ragged);
                var loss = Losses.CrossEntropy(logits, fixture.Case(name + ".y").Reshape(-1)) / batch.Tokens;
                Same(fixture.Case(name + ".raw_out"), hidden, name + " raw_out");
                Same(fixture.Case(name + ".decoded"), logits, name + " decoded");
                Same(fixture.Case(name + ".loss"), loss, name + " loss");
                var penalty = run.TakePenalty();
                Assert.Equal(penalised, penalty is not null);
                if (penalty is not null) Assert.Equal(fixture.Json["chunks"]![chunk]!["loss_grad"]!.GetValue<double>(), (loss + (penalty / batch.Tokens)).Item(), Tolerance);
                (penalty is null ? loss : loss + (penalty / batch.Tokens)).Backward();
                Gradients(fixture, model, penalised ? name + ".grad_with_ar_tar." : name + ".grad.");
            }
            carried.Advance();
            foreach (var (state, values) in carried.State.Where(item => item.Key.StartsWith("now ", StringComparison.Ordinal))) Same(fixture.Case($"{name}.{state[4..]}"), values, $"{name} {state}");
        }
    }

    // fastai cuts its states to a batch's first rows, and gives further rows zeros.
    [Theory, MemberData(nameof(LanguageModels))]
    public void Fewer_rows_go_on_and_further_ones_begin_anew(string folder, string weights)
    {
        using var fixture = new Fixture(folder, weights, language: true);
        using var model = fixture.Model;
        using var none = Modes.NoGrad();
        var fewer = (int)fixture.Case("fewer_rows.x").Size(0);
        using var carried = model.Params.Run.Carried = new CarriedState(fewer);
        for (var chunk = 0; fixture.Has($"chunk{chunk}.x"); chunk++)
        {
            _ = model.Forward(Batch(fixture.Case($"chunk{chunk}.x")));
            carried.Advance();
        }
        foreach (var rows in new[] { "fewer_rows", "more_rows" })
        {
            Same(fixture.Case(rows + ".decoded"), model.Forward(Batch(fixture.Case(rows + ".x"))), rows);
            carried.Advance();
        }
    }

    [Theory, MemberData(nameof(Classifiers))]
    public void States_pooled_rows_logits_and_gradients_of_a_classifier_equal_the_reference(string folder, string weights)
    {
        using var fixture = new Fixture(folder, weights, language: false);
        using var model = fixture.Model;
        var (batch, places, reached) = Texts(fixture);
        var reach = Tensor.From<float>([.. reached.Select(yes => yes ? 1f : 0f)], [reached.Length, 1]);
        // What fastai's batch loses (see Texts) is zeroed here: our model reads all of every text.
        Tensor Hidden(out Ragged ragged) => model.Hidden(batch, null, out ragged) * reach;

        var hidden = Hidden(out var ragged);
        var (outputs, expected) = (hidden.ToArray<float>(), fixture.Case("encoder_out"));
        var wide = (int)expected.Size(2);
        var all = expected.ToArray<float>();
        for (var t = 0; t < places.Length; t++)
            for (var c = 0; c < wide; c++) Assert.Equal(all[(places[t] * wide) + c], outputs[(t * wide) + c], Tolerance);
        Same(fixture.Case("pooled"), model.Pool(hidden, ragged), "pooled");
        Same(fixture.Case("logits_eval"), model.Head(hidden, ragged), "logits_eval");
        var labels = fixture.Case("y");
        Same(fixture.Case("loss_eval"), Losses.CrossEntropy(model.Head(hidden, ragged), labels) / labels.Count, "loss_eval");

        model.Params.Run.Training = true;
        var logits = model.Head(Hidden(out ragged), ragged);
        Same(fixture.Case("logits_train"), logits, "logits_train");
        var loss = Losses.CrossEntropy(logits, labels) / labels.Count;
        Same(fixture.Case("loss_train"), loss, "loss_train");
        loss.Backward();
        Gradients(fixture, model, "grad.");
        model.Joint!.Settle();
        var buffers = model.Params.Items.Where(item => item.Name.Contains(".running_", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(buffers);
        foreach (var item in buffers) Same(fixture.Case("buffer_after_one_train_forward." + item.Name), item.Value, item.Name);
    }

    [Theory, MemberData(nameof(Classifiers))]
    public void Texts_that_fastai_read_whole_have_its_logits_in_an_ordinary_pass(string folder, string weights)
    {
        using var fixture = new Fixture(folder, weights, language: false);
        using var model = fixture.Model;
        using var none = Modes.NoGrad();
        var (batch, _, reached) = Texts(fixture);
        var (logits, expected) = (model.Forward(batch).ToArray<float>(), fixture.Case("logits_eval").ToArray<float>());
        var (k, at, compared) = (logits.Length / batch.Count, 0, 0);
        for (var i = 0; i < batch.Count; at += batch.Lengths[i++])
        {
            if (!reached.AsSpan(at, batch.Lengths[i]).ToArray().All(yes => yes)) continue;
            for (var c = 0; c < k; c++) Assert.Equal(expected[(i * k) + c], logits[(i * k) + c], Tolerance);
            compared++;
        }
        Assert.True(compared > batch.Count / 2, $"{compared} of {batch.Count} texts");
    }

    /// <summary>
    /// The padded texts as a ragged batch, the place of each token in the rectangle, and whether fastai computes it. Of each chunk fastai takes as many of the first rows as do not begin it with padding; where a
    /// row further up ends before the last chunk and one below does not, the latter's tokens there are left out (zeros stand for them), which no reader wants.
    /// </summary>
    static (TokenBatch Batch, int[] Places, bool[] Reached) Texts(Fixture fixture)
    {
        var (x, pad, bptt) = (fixture.Case("x"), fixture.Json["config"]!["pad_token"]!.GetValue<int>(), (int)fixture.Number("bptt"));
        var (n, length, ids) = ((int)x.Size(0), (int)x.Size(1), x.ToArray<long>());
        int[] places = [.. Enumerable.Range(0, n * length).Where(place => ids[place] != pad)];
        bool Reached(int place)
        {
            var (row, begin) = (place / length, place % length / bptt * bptt);
            return row < Enumerable.Range(0, n).Count(other => ids[(other * length) + begin] != pad);
        }
        return (new([.. places.Select(place => (int)ids[place])], null, [.. Enumerable.Range(0, n).Select(row => places.Count(place => place / length == row))], [.. Enumerable.Range(0, n).Select(row => (long)row)]),
            places, [.. places.Select(Reached)]);
    }

    static TokenBatch Batch(Tensor x) => new([.. x.ToArray<long>().Select(id => (int)id)], null, [.. Enumerable.Repeat((int)x.Size(1), (int)x.Size(0))], [.. Enumerable.Range(0, (int)x.Size(0)).Select(row => (long)row)]);

    static void Gradients(Fixture fixture, TextModel model, string prefix)
    {
        var names = fixture.Names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Select(name => name[prefix.Length..]).Order().ToArray();
        Assert.Equal(names, Tiny.Learnt(model).Select(item => item.Name).Order());
        var largest = names.Max(name => fixture.Case(prefix + name).Abs().Max().Item());
        foreach (var name in names) Same(fixture.Case(prefix + name), model.Params.Items.Single(item => item.Name == name).Stored.Grad!, prefix + name, Tolerance * Math.Max(1, largest));
    }

    static void Same(Tensor expected, Tensor actual, string what, double tolerance = Tolerance)
    {
        Assert.Equal(expected.Count, actual.Count);
        var worst = (actual.Detach().Reshape(-1) - expected.Reshape(-1)).Abs().Max().Item();
        Assert.True(worst <= tolerance, $"{what} deviates by {worst:0.00e0}, allowed {tolerance:0.0e0}");
    }

    sealed class Fixture : IDisposable
    {
        readonly TempFolder made = Shared.Temp();
        readonly SafeTensors values;

        /// <param name="folder">Of the fixtures.</param>
        /// <param name="weights">Its file of weights.</param>
        /// <param name="language">What it is.</param>
        public Fixture(string folder, string weights, bool language)
        {
            folder = Path.Combine(root, folder);
            Json = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "case.json")))!.AsObject();
            values = new(Path.Combine(folder, "case.safetensors"));
            File.Copy(Path.Combine(folder, weights), made.File(weights));
            var config = (JsonObject)Json["config"]!.DeepClone();
            config["model_type"] = "awd-lstm";
            foreach (var key in new[] { "input_p", "hidden_p", "weight_p", "embed_p", "output_p" }) config[key] = 0.0;
            foreach (var key in new[] { "vocab_size", "bptt", "max_len", "lin_ftrs", "y_range" })
                if (Json[key] is { } value) config[key] = value.DeepClone();
            if (language) config["architectures"] = new JsonArray("AwdLstmForCausalLM");
            else
            {
                config["num_labels"] = Json["n_class"]!.DeepClone();
                config["ps"] = new JsonArray([.. Enumerable.Repeat(0, Json["lin_ftrs"]!.AsArray().Count).Select(share => (JsonNode)share)]);
            }
            made.Write("config.json", config.ToJsonString());
            Model = ModelFolder.Load(made.Path, null, 0, out var report);
            Assert.Empty(report.Lines());
        }

        public JsonObject Json { get; }
        public TextModel Model { get; }
        public IEnumerable<string> Names => values.Entries.Keys;

        public double Number(string key) => Json[key]!.GetValue<double>();
        public bool Has(string name) => values.Entries.ContainsKey(name);
        public Tensor Case(string name) => values.Read(name);

        public void Dispose()
        {
            values.Dispose();
            made.Dispose();
        }
    }
}
