using System.Globalization;
using Tutti.Models;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Bench;

/// <summary>
/// Training updates of networks of pictures: Learner against a plain PyTorch loop with torchvision's models as they are built, channels first; in the cases <c>-tuned</c> against one whose maps lie as it
/// is faster.
/// </summary>
static class VisionBench
{
    const int Batch = 16, Classes = 1000, Seed = 1;

    /// <param name="Model">timm's and torchvision's name.</param>
    /// <param name="Size">Pixels of a side.</param>
    /// <param name="Precision">Of both sides.</param>
    /// <param name="Tuned">The peer tries both layouts of maps and takes the faster.</param>
    sealed record Case(string Model, int Size, Precision Precision, bool Tuned)
    {
        public string Name { get; } = FormattableString.Invariant($"{Model.Replace('_', '-')}-{Size}-{Text(Precision)}{(Tuned ? "-tuned" : "")}");

        /// <summary>Of a round.</summary>
        public int Updates => Size == 128 ? 8 : 4;
    }

    static readonly Case[] cases =
    [
        .. from tuned in new[] { false, true }
           from model in new[] { "resnet50", "convnext_tiny" }
           from size in new[] { 128, 224 }
           from precision in new[] { Precision.Fp32, Precision.Bf16 }
           select new Case(model, size, precision, tuned),
    ];

    public static Benchmark All { get; } = new("vision-train", "training updates of ResNet-50 and ConvNeXt-tiny, 16 pictures each (forward, backward, clipping, AdamW); peer: a plain PyTorch loop with torchvision, tuned: its maps lie as it is faster", "images/s", true, [.. cases.Select(one => one.Name)], Run);

    static Outcome Run(string name, int rounds)
    {
        var one = cases.First(item => item.Name == name);
        Memory.Trim();
        Machine.ForgetResidentPeak();
        using var model = ModelFolder.NewPictures(Catalog.Named(one.Model, [.. Enumerable.Range(0, Classes).Select(i => FormattableString.Invariant($"{i}"))]), Seed);
        var pictures = Pictures(one);
        string? skipped = null;
        using var peer = Start(one, ref skipped);
        var (our, their, failed, surroundings) = Rounds.Alternate(rounds, () => Ours(model, one, pictures), peer, peer => Theirs(peer, one), name);
        var facts = new Dictionary<string, string> { ["precision"] = Text(one.Precision), ["peer's layout"] = (string?)peer?.Ready["layout"] ?? "" };
        return new(name, our, their, $"plain PyTorch{(peer is null ? "" : " " + peer.Torch)}, torchvision", peer?.Conditions ?? "", skipped ?? failed, surroundings, null, facts);
    }

    /// <summary>Pictures as a decoder would give them: arrays that are there.</summary>
    static Example[] Pictures(Case one)
    {
        var random = RandomStream.Of(Seed, "pictures");
        var arrays = Enumerable.Range(0, Batch).Select(i => Enumerable.Range(0, 3 * one.Size * one.Size).Select(at => (float)random.Normal((long)i << 32 | (long)at)).ToArray()).ToArray();
        return [.. Enumerable.Range(0, Batch * one.Updates).Select(i => Example.Of(new(3, one.Size, one.Size, _ => arrays[i % Batch]), random.Below(i, Classes), i))];
    }

    static Round Ours(VisionModel model, Case one, Example[] pictures)
    {
        // What the peer does: no decay, a rate that stands, gradients clipped at 1.
        var config = new TrainConfig { Batch = Batch, Epochs = 1, LearningRate = 2e-5, Schedule = ScheduleKind.Constant, Warmup = 0, WeightDecay = 0, MaxGradientNorm = 1, Precision = one.Precision };
        var steps = new StepSums();
        new Learner(model, config, Seed).Fit(pictures, pictures[..1], new FitProgress(steps));
        return new(steps.Examples / steps.Seconds, steps.Peak, Resident: Machine.ResidentPeak());
    }

    static Round Theirs(Peer peer, Case one)
    {
        var answer = peer.Ask(new() { ["steps"] = one.Updates });
        return new((double)answer["examples"]! / (double)answer["seconds"]!, (long)answer["peak_rss_mb"]! << 20);
    }

    static Peer? Start(Case one, ref string? skipped)
    {
        try
        {
            return new("vision.py", "--model", one.Model, "--size", Number(one.Size), "--batch", Number(Batch), "--labels", Number(Classes), "--precision", Text(one.Precision), "--threads", Number(Engine.Threads), "--seed", Number(Seed), "--layout", one.Tuned ? "faster" : "plain");
        }
        catch (PeerException e)
        {
            skipped = e.Message;
            return null;
        }
    }

    static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
    static string Text(Precision precision) => precision == Precision.Bf16 ? "bf16" : "fp32";
}
