using Tutti.Distributed;
using Tutti.Models;
using Tutti.Nn;
using Tutti.Torch;
using Tutti.Training.Optimizers;

namespace Tutti.Training;

/// <summary>
/// The optimizer's state divided over processes (the first stage of ZeRO, Rajbhandari et al. 2020): each has the moments of its part of the weights, updates those, and gives them to the others. Tables whose
/// gradients come by rows stay with everybody: of them an update touches a few rows, and giving the whole table away would cost more than all the rest.
/// </summary>
sealed class ShardedState
{
    readonly Ranks ranks;
    readonly Parameter[] trained;
    readonly int[] owners;                                     // of each weight; -1: everybody
    readonly Parameter[][] parts;                              // of every process

    public ShardedState(Ranks ranks, Network model)
    {
        (this.ranks, trained) = (ranks, [.. model.Params.Trained]);
        owners = Owners([.. trained.Select(item => item.ByRows ? -1 : item.Stored.Count)], ranks.Count);
        parts = [.. Enumerable.Range(0, ranks.Count).Select(rank => trained.Where((_, i) => owners[i] == rank).ToArray())];
    }

    /// <summary>Weights that this process's optimizer has.</summary>
    public Parameter[] Mine => [.. trained.Where((_, i) => owners[i] < 0 || owners[i] == ranks.Rank)];

    /// <summary>Who has each weight: from the largest to the smallest, the process that has the least so far; in the order of the weights where they are alike.</summary>
    /// <param name="sizes">-1 for those that everybody has.</param>
    public static int[] Owners(long[] sizes, int ranks)
    {
        var (owners, has) = (new int[sizes.Length], new long[ranks]);
        foreach (var i in Enumerable.Range(0, sizes.Length).OrderByDescending(i => sizes[i]).ThenBy(i => i))
        {
            owners[i] = sizes[i] < 0 ? -1 : Array.IndexOf(has, has.Min());
            if (sizes[i] >= 0) has[owners[i]] += sizes[i];
        }
        return owners;
    }

    /// <summary>Every process's new weights, in all: one message each.</summary>
    public void GiveWeights()
    {
        using var mode = Modes.NoGrad();
        for (var rank = 0; rank < parts.Length; rank++)
        {
            if (parts[rank].Length == 0) continue;
            using var scope = new Scope();
            var flat = Tensor.Cat([.. parts[rank].Select(item => item.Stored.View(-1))]).Contiguous();
            ranks.Give(flat, rank);
            if (rank == ranks.Rank) continue;
            var at = 0L;
            foreach (var item in parts[rank])
            {
                item.Stored.CopyFrom(flat.Narrow(0, at, item.Stored.Count).View(item.Stored.Shape));
                at += item.Stored.Count;
            }
        }
    }

    /// <summary>The whole state. All processes take part; what others have is only there until the scope ends.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> Gather(AdamW optimizer)
    {
        var mine = optimizer.State.ToDictionary(pair => pair.Key, pair => pair.Value);
        List<KeyValuePair<string, Tensor>> all = [];
        for (var i = 0; i < trained.Length; i++)
            foreach (var name in (string[])[$"m {trained[i].Name}", $"v {trained[i].Name}"])
            {
                var tensor = mine.TryGetValue(name, out var own) ? own : Tensor.Empty(trained[i].Stored.Shape, trained[i].Stored.DType, trained[i].Stored.Device);
                if (owners[i] >= 0) ranks.Give(tensor, owners[i]);
                if (ranks.IsFirst) all.Add(new(name, tensor));
                else if (own is null) tensor.Dispose();
            }
        return all;
    }
}
