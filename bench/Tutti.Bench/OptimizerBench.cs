using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Torch;
using Tutti.Training.Optimizers;

namespace Tutti.Bench;

/// <summary>
/// One optimizer step after a batch of 16 tweets of random ids: bringing the rows that the batch names up to date, norm, clipping, AdamW. Gradients are made
/// beforehand; a table's has the rows that the batch named.
/// </summary>
static class OptimizerBench
{
    const int Vocabulary = 30522, Positions = 512, Batch = 16, Seed = 1;

    static readonly Dictionary<string, (BertSize Size, int Steps)> cases = new() { ["base"] = (new(12, 768, 12, 3072), 10), ["tiny"] = (new(2, 128, 2, 512), 100) };

    public static Benchmark All { get; } = new("optimizer", "one step of AdamW with clipping after 16 tweets, fp32; peer: clip_grad_norm_ and torch.optim.AdamW", "ms/step", false, [.. cases.Keys], Run);

    static Outcome Run(string name, int rounds)
    {
        var (size, steps) = cases[name];
        Peer? peer = null;
        string? skipped = null;
        try
        {
            peer = new Peer("optimizer.py", ["--layers", Text(size.Layers), "--hidden", Text(size.Hidden), "--heads", Text(size.Heads), "--intermediate", Text(size.Intermediate), "--threads", Text(Engine.Threads)]);
        }
        catch (PeerException e)
        {
            skipped = e.Message;
        }
        using (peer)
        using (var ours = new Steps(size))
        {
            var (our, their, failed, surroundings) = Rounds.Alternate(rounds, () => ours.Round(steps), peer, peer => new((double)peer.Ask(new JsonObject { ["steps"] = steps })["ms"]!), name);
            return new(name, our, their, $"plain PyTorch{(peer is null ? "" : " " + peer.Torch)}, gradients as large as the tables", peer?.Conditions ?? "", skipped ?? failed, surroundings);
        }
    }

    static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>A model, its optimizer, and gradients.</summary>
    sealed class Steps : IDisposable
    {
        readonly TextModel model;
        readonly AdamW optimizer;
        readonly Tensor?[] whole;                             // by parameter; null for a table
        int step;

        public Steps(BertSize size)
        {
            model = ModelFolder.New(new ModelConfig(new JsonObject
            {
                ["model_type"] = "bert",
                ["vocab_size"] = Vocabulary,
                ["max_position_embeddings"] = Positions,
                ["num_hidden_layers"] = size.Layers,
                ["hidden_size"] = size.Hidden,
                ["num_attention_heads"] = size.Heads,
                ["intermediate_size"] = size.Intermediate,
            }, "bench"), Seed);
            optimizer = new(model.Params.Items);
            whole = [.. model.Params.Items.Select(item => item.ByRows ? null : Gradient(item.Stored.Shape))];
        }

        public Round Round(int steps)
        {
            long ticks = 0;
            for (var i = 0; i < steps; i++)
            {
                using var scope = new Scope();
                var lengths = Lengths.Tweets(Batch * (step + 1))[(Batch * step)..];
                var random = RandomStream.Of(Seed, "ids", step++);
                var words = Tensor.From([.. Enumerable.Range(0, lengths.Sum()).Select(k => 1L + random.Below(k, Vocabulary - 1))]);
                var places = Tensor.From([.. lengths.SelectMany(length => Enumerable.Range(0, length).Select(place => (long)place))]);
                var named = model.Params.Items.Select(item => !item.ByRows ? null : item.Stored.Size(0) == Vocabulary ? words : places).ToArray();
                foreach (var (item, k) in model.Params.Items.Select((item, k) => (item, k)))
                {
                    var gradient = whole[k] ?? Tensor.ByRows(named[k]!, Gradient([named[k]!.Count, item.Stored.Size(1)]), item.Stored.Size(0));
                    if (gradient.IsByRows) gradient.SettleRows();
                    item.Stored.SetGrad(gradient);
                }
                var begun = Stopwatch.GetTimestamp();
                foreach (var (item, ids) in model.Params.Items.Zip(named)) if (ids is not null) item.CatchUp?.Invoke(ids);
                optimizer.Step(2e-5, 1);
                optimizer.ZeroGradients();
                ticks += Stopwatch.GetTimestamp() - begun;
            }
            return new(1000.0 * ticks / Stopwatch.Frequency / steps);
        }

        public void Dispose()
        {
            foreach (var gradient in whole) gradient?.Dispose();
            optimizer.Dispose();
            model.Dispose();
        }

        static Tensor Gradient(long[] shape)
        {
            var gradient = Tensor.Empty(shape);
            gradient.Fill(1e-3);
            return gradient;
        }
    }
}
