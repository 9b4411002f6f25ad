using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Training;

namespace Tutti.Bench;

/// <summary>What one seed came to, on one side.</summary>
/// <param name="Perplexity">Of the test part.</param>
/// <param name="Speeds">Updates a second, of each run of updates.</param>
sealed record WikiSide(double Perplexity, IReadOnlyList<double> Speeds);

/// <summary>The training that both sides do: from the same weights, with the same pieces of the same streams and the same rates, a few updates of ours and as many of the peer's in turn.</summary>
/// <param name="Text">What is learnt.</param>
/// <param name="Size">The model.</param>
/// <param name="Epochs">Passes over the text.</param>
/// <param name="InTurn">Updates of one side after which the other goes on.</param>
sealed record WikiTask(WikiText Text, LmSize Size, int Epochs, int InTurn = 12)
{
    /// <summary>Streams, and tokens of a piece, of learning and of reading the test part.</summary>
    public int Batch { get; init; } = 32;
    public int Length { get; init; } = 70;

    /// <summary>AdamW with fastai's numbers. An update's streams stay together, as wherever memory allows it; pieces are up to a quarter longer than usual.</summary>
    TrainConfig Config(Precision precision) => new()
    {
        Batch = Batch,
        Bptt = Length,
        MicroTokens = Batch * Length * 5 / 4,
        Epochs = Epochs,
        LearningRate = 3e-3,
        Schedule = ScheduleKind.Cosine,
        Warmup = 0.1,
        Beta1 = 0.9,
        Beta2 = 0.99,
        Epsilon = 1e-5,
        WeightDecay = 0.01,
        MaxGradientNorm = 1,
        EvaluateEvery = int.MaxValue,
        Precision = precision,
    };

    NextTokens Objective => new(Batch, Length);

    /// <summary>Trains both sides.</summary>
    /// <param name="peer">Null: ours alone.</param>
    /// <param name="seed">Of weights, order and dropout.</param>
    /// <param name="precision">Of both sides.</param>
    public (WikiSide Ours, WikiSide? Peer) Run(Peer? peer, long seed, Precision precision)
    {
        using var model = Size.New(seed);
        var config = Config(precision);
        if (peer is not null) Begin(peer, model, config, seed);
        var turns = new Turns(peer, InTurn);
        var fit = new Learner(model, config, seed, objective: Objective).Fit(Text.Train, Text.Test, new(turns));
        var ours = new WikiSide(Math.Exp(fit.Best.Loss), turns.Ours);
        return (ours, peer is null ? null : new(Math.Exp((double)peer.Ask(new() { ["evaluate"] = true })["loss"]!), turns.Theirs));
    }

    void Begin(Peer peer, TextModel model, TrainConfig config, long seed)
    {
        using var folder = new TemporaryFolder("tutti-bench-");
        ModelFolder.Save(model, Path.GetDirectoryName(folder.File("config.json"))!);
        var train = Objective.Order(Text.Train, config, seed);
        Write(folder.File("train"), Enumerable.Range(1, Epochs).SelectMany(epoch => train.Epoch(epoch).Select((update, place) => (update, place == 0))));
        Write(folder.File("test"), new LanguageStreams(Text.Test, Batch, Length, seed: null).Epoch(1).Select((update, place) => (update, place == 0)));
        _ = peer.Ask(new()
        {
            ["weights"] = folder.File("model.safetensors"),
            ["train"] = folder.File("train"),
            ["test"] = folder.File("test"),
            ["seed"] = seed,
            ["decay"] = config.WeightDecay,
            ["clip"] = config.MaxGradientNorm,
        });
    }

    /// <summary>Of each update 32-bit numbers: 1 where streams begin anew, the tokens of a piece, and of every stream those and the one that follows.</summary>
    static void Write(string path, IEnumerable<(Example[] Examples, bool Anew)> updates)
    {
        using var file = File.Create(path);
        foreach (var (examples, anew) in updates)
            file.Write(MemoryMarshal.AsBytes<int>([anew ? 1 : 0, examples[0].Ids.Length, .. examples.SelectMany(example => example.Ids.Append(example.Answers![^1]))]));
    }

    /// <summary>After so many of our updates the peer makes as many, with the same rates, while ours waits; losses are means of those updates.</summary>
    sealed class Turns(Peer? peer, int inTurn) : IProgress<StepResult>
    {
        readonly List<double> rates = [];
        double seconds, losses;

        public List<double> Ours { get; } = [];
        public List<double> Theirs { get; } = [];

        public void Report(StepResult value)
        {
            rates.Add(value.Rate);
            seconds += value.Seconds;
            losses += value.Loss;
            if (rates.Count < inTurn && value.Update < value.Updates) return;
            Ours.Add(rates.Count / seconds);
            Console.Error.Write(FormattableString.Invariant($"update {value.Update} of {value.Updates}: loss {losses / rates.Count:0.000}, {Ours[^1]:0.00}/s"));
            if (peer?.Ask(new() { ["rates"] = new JsonArray([.. rates.Select(rate => (JsonNode)rate)]) }) is { } answer)
            {
                Theirs.Add(rates.Count / (double)answer["seconds"]!);
                Console.Error.Write(FormattableString.Invariant($"; peer: loss {(double)answer["loss"]!:0.000}, {Theirs[^1]:0.00}/s"));
            }
            Console.Error.WriteLine();
            rates.Clear();
            (seconds, losses) = (0, 0);
        }
    }
}
