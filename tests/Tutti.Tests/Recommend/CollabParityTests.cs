using System.Text.Json.Nodes;
using Tutti.Models.Collab;
using Tutti.Nn;
using Tutti.Recommend;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Recommend;

/// <summary>The models of 05_collab against the recorded values of fastai 2.7.19.</summary>
public sealed class CollabParityTests() : EngineTest(threads: 1)
{
    const double Outputs = 1e-5, Gradient = 1e-6, Steps = 1e-5;

    static readonly string root = Path.Combine(Shared.Fixtures, "05_collab");

    [Fact]
    public void Outputs_and_gradients_of_the_dot_product_equal_the_reference()
    {
        using var fixture = new Fixture("dot_bias");
        using var model = DotBias(fixture);
        Same(fixture.Case("output_eval"), model.Forward(fixture.Users, fixture.Items), Outputs, "outputs");
        var loss = Losses.SquaredError(model.Forward(fixture.Users, fixture.Items), fixture.Case("y")) / 20;
        Assert.Equal(fixture.Case("loss_train").Item(), loss.Item(), Outputs);
        loss.Backward();
        foreach (var weight in model.Weights) Same(fixture.Gradient(weight.Name), weight.Stored.Grad!, Gradient, weight.Name);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Three_steps_of_the_dot_product_equal_the_reference_by_autograd_and_by_the_kernel(bool byGradients)
    {
        using var fixture = new Fixture("dot_bias");
        using var model = DotBias(fixture);
        using var training = new DotBiasTraining(model, 0.1, byGradients);
        var losses = fixture.Json["losses_of_steps"]!.AsArray();
        for (var step = 0; step < 3; step++) Assert.Equal(losses[step]!.GetValue<double>(), fixture.Epoch(training.Epoch) / 20, Outputs);
        foreach (var weight in model.Weights) Same(fixture.After(weight.Name), weight.Value, Steps, weight.Name);
        // Every row moved, also those of users and items without a rating.
        foreach (var weight in model.Weights) Assert.True((weight.Value.Detach() - fixture.Model(weight.Name)).Abs().ToArray<float>().Min() > 0, weight.Name);
    }

    [Theory, InlineData(1), InlineData(2)]
    public void The_kernel_does_what_autograd_does_over_epochs_of_uneven_batches_whatever_the_threads(int threads)
    {
        Engine.Threads = threads;
        var ((users, items, ratings), steps) = (Made(1000), Enumerable.Range(0, 16).Select(i => (0.001 * (i + 1), 0.95 - (0.01 * i))).ToArray());
        float[][] Trained(bool byGradients)
        {
            using var model = EmbeddingDotBias.Fresh(3, 401, 301, 60, (0, 5.5));
            using var training = new DotBiasTraining(model, 0.1, byGradients);
            for (var epoch = 0; epoch < 2; epoch++) training.Epoch(users, items, ratings, 64, steps);
            return [.. model.Tables.Select(table => table.Detach().ToArray<float>())];
        }
        var (kernel, autograd, again) = (Trained(false), Trained(true), Trained(false));
        for (var table = 0; table < 4; table++)
        {
            Assert.Equal(kernel[table], again[table]);
            Assert.True(kernel[table].Zip(autograd[table], (a, b) => Math.Abs(a - b)).Max() < 2e-5, EmbeddingDotBias.Names[table]);
        }
    }

    // Rows wait for hundreds of updates, until momentum moves nothing any more and only decay is left.
    [Theory, InlineData(0), InlineData(1), InlineData(2)]
    public void Rows_that_wait_long_end_where_autograd_has_them_on_every_generation_of_processors(int level)
    {
        var former = Native.tutti_simd_level(level);
        try
        {
            var (users, items, ratings) = Made(1200);
            var steps = Enumerable.Range(0, 400).Select(i => (0.005 * Math.Sin((i + 1) / 130.0), 0.9)).ToArray();
            float[][] Trained(bool byGradients)
            {
                using var model = EmbeddingDotBias.Fresh(3, 401, 301, 14, (0, 5.5));
                using var training = new DotBiasTraining(model, 0.5, byGradients);
                training.Epoch(users, items, ratings, 3, steps);
                return [.. model.Tables.Select(table => table.Detach().ToArray<float>())];
            }
            var (kernel, autograd) = (Trained(false), Trained(true));
            for (var table = 0; table < 4; table++) Assert.True(kernel[table].Zip(autograd[table], (a, b) => Math.Abs(a - b)).Max() < 2e-5, EmbeddingDotBias.Names[table]);
        }
        finally
        {
            _ = Native.tutti_simd_level(former);
        }
    }

    [Fact]
    public void Ids_outside_of_the_tables_are_refused_by_the_kernel()
    {
        using var model = EmbeddingDotBias.Fresh(3, 4, 5, 2, null);
        using var training = new DotBiasTraining(model, 0.1);
        Assert.Contains("id 4 is out of range", Assert.Throws<TorchException>(() => training.Epoch([4], [0], [1], 1, [(0.1, 0.9)])).Message);
    }

    [Fact]
    public void Outputs_gradients_running_means_and_three_steps_of_the_network_equal_the_reference()
    {
        using var fixture = new Fixture("nn");
        using var model = Network(fixture);
        Same(fixture.Case("output_eval"), model.Forward(fixture.Users, fixture.Items), Outputs, "outputs");
        model.Training = true;
        var output = model.Forward(fixture.Users, fixture.Items);
        Same(fixture.Case("output_train"), output, Outputs, "outputs in training");
        (Losses.SquaredError(output, fixture.Case("y")) / 20).Backward();
        foreach (var weight in model.Trained) Same(fixture.Gradient(weight.Name), weight.Stored.Grad!, Gradient, weight.Name);
        foreach (var weight in model.Trained) weight.Stored.SetGrad(null);

        using var fresh = Network(fixture);
        fresh.Training = true;
        using var optimizer = EmbeddingNNTraining.Optimizer(fresh, 0.1);
        var losses = fixture.Json["losses_of_steps"]!.AsArray();
        for (var step = 0; step < 3; step++)
        {
            var squares = fixture.Epoch((users, items, ratings, batch, steps) => Gradients.Epoch(optimizer, fresh.Forward, fresh.Settle, Device.Cpu, users, items, ratings, batch, steps));
            Assert.Equal(losses[step]!.GetValue<double>(), squares / 20, Outputs);
        }
        foreach (var weight in fresh.Weights) Same(fixture.After(weight.Name), weight.Value, Steps, weight.Name);
    }

    [Fact]
    public void Trained_models_on_arrays_answer_as_the_reference()
    {
        using var fixture = new Fixture("dot_bias");
        float[] Of(string name) => fixture.Model(name).ToArray<float>();
        var dot = new DotBiasModel(Of("u_weight.weight"), Of("i_weight.weight"), Of("u_bias.weight"), Of("i_bias.weight"), (0, 5.5));
        using var other = new Fixture("nn");
        var net = new EmbeddingNNModel(other.Names.Where(name => !name.StartsWith("bn_cont", StringComparison.Ordinal) && !name.EndsWith("tracked", StringComparison.Ordinal)).ToDictionary(name => name, name => (other.Model(name).ToArray<float>(), other.Model(name).Shape)), (0, 5.5));
        foreach (var (model, recorded) in new (RatingModel, Fixture)[] { (dot, fixture), (net, other) })
        {
            Assert.Equal((8, 11), (model.UserCount, model.ItemCount));
            var (users, items, outputs) = (recorded.Users.ToArray<long>(), recorded.Items.ToArray<long>(), recorded.Case("output_eval").ToArray<float>());
            // Row 0 is what is not known.
            for (var i = 0; i < outputs.Length; i++) Assert.Equal(outputs[i], model.Predict((int)users[i] - 1, (int)items[i] - 1), Outputs);
        }
    }

    // fastai 2.7.19, emb_sz_rule: emb_sz_rule(944) and emb_sz_rule(1635) in the lessons on MovieLens (chapter 8 of the book), and its cap.
    [Theory, InlineData(944, 74), InlineData(1635, 101), InlineData(3, 3), InlineData(1_000_000, 600)]
    public void Widths_follow_the_rule_of_the_reference(int rows, int width) => Assert.Equal(width, EmbeddingNN.WidthOf(rows));

    static (long[] Users, long[] Items, float[] Ratings) Made(int count)
    {
        var stream = RandomStream.Of(7, "made ratings");
        return ([.. Enumerable.Range(0, count).Select(i => (long)stream.Below(3 * i, 400))], [.. Enumerable.Range(0, count).Select(i => (long)stream.Below((3 * i) + 1, 300))], [.. Enumerable.Range(0, count).Select(i => 1f + stream.Below((3 * i) + 2, 5))]);
    }

    static EmbeddingDotBias DotBias(Fixture fixture) => new(new Params(0, fixture.Model), 9, 12, 5, (0, 5.5));
    static EmbeddingNN Network(Fixture fixture) => new(new Params(0, fixture.Model), (9, 4), (12, 6), [8], (0, 5.5));

    static void Same(Tensor expected, Tensor actual, double tolerance, string what)
    {
        Assert.Equal(expected.Count, actual.Count);
        var worst = (actual.Detach().Reshape(-1) - expected.Reshape(-1)).Abs().Max().Item();
        Assert.True(worst <= tolerance, $"{what} deviates by {worst:0.00e0}, allowed {tolerance:0.0e0}");
    }

    sealed class Fixture : IDisposable
    {
        readonly SafeTensors model, values, gradients, after;

        public Fixture(string name)
        {
            var folder = Path.Combine(root, name);
            Json = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "case.json")))!.AsObject();
            SafeTensors Open(string file) => new(Path.Combine(folder, file + ".safetensors"));
            (model, values, gradients, after) = (Open("model"), Open("case"), Open("grads"), Open("after_3_steps"));
        }

        public JsonObject Json { get; }
        public Tensor Users => Case("x").Narrow(1, 0, 1).Reshape(-1).Contiguous();
        public Tensor Items => Case("x").Narrow(1, 1, 1).Reshape(-1).Contiguous();
        public IEnumerable<string> Names => model.Names;

        public Tensor Case(string name) => values.Read(name);
        public Tensor Model(string name) => model.Read(name);
        public Tensor Gradient(string name) => gradients.Read(name);
        public Tensor After(string name) => after.Read(name);

        /// <summary>One update of all pairs with the settings of the reference.</summary>
        public double Epoch(Func<long[], long[], float[], int, (double, double)[], double> epoch) => epoch(Users.ToArray<long>(), Items.ToArray<long>(), Case("y").ToArray<float>(), 20, [(0.005, 0.9)]);

        public void Dispose()
        {
            foreach (var file in new[] { model, values, gradients, after }) file.Dispose();
        }
    }
}
