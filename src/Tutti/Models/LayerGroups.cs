using System.Globalization;
using System.Text.RegularExpressions;

namespace Tutti.Models;

/// <summary>
/// The weights of an encoder by depth, from their names: group 0 what is below the layers, then the layers from the lowest on, last what is behind them (pooler
/// and head). What all layers share, such as a table of relative positions, is below them.
/// </summary>
/// <param name="prefix">Under which the encoder's weights stand.</param>
/// <param name="layers">Layers with weights of their own.</param>
/// <param name="embeddingsLast">What is below the layers is tied to the head, and counts with it.</param>
public sealed partial class LayerGroups(string prefix, int layers, bool embeddingsLast = false)
{
    Func<string, int>? stageOf;

    /// <summary>The weights of a network of stages: group 0 the stem, then the stages from the first on, last the head and what is behind the stages.</summary>
    /// <param name="stages">Their number.</param>
    /// <param name="stageOf">The group of a weight by its name; below 0 for the last.</param>
    public static LayerGroups Stages(int stages, Func<string, int> stageOf) => new("", stages) { stageOf = stageOf };

    /// <summary>Layers with weights of their own.</summary>
    public int Layers => layers;

    /// <summary>The number of groups: the layers', and two.</summary>
    public int Count => layers + 2;

    /// <summary>The group of a weight.</summary>
    public int Of(string name) => stageOf is { } own ? (own(name) is >= 0 and var stage ? Math.Min(stage, Count - 1) : Count - 1) :
        !name.StartsWith(prefix + ".", StringComparison.Ordinal) || name.StartsWith(prefix + ".pooler.", StringComparison.Ordinal) ? Count - 1
        : Layer().Match(name) is { Success: true } match ? 1 + int.Parse(match.Groups["layer"].ValueSpan, CultureInfo.InvariantCulture)
        : name.Contains(".final_norm.", StringComparison.Ordinal) ? layers : embeddingsLast ? Count - 1 : 0;

    /// <summary>What a group is, for people.</summary>
    public string NameOf(int group) => group == 0 ? stageOf is null ? "embeddings" : "stem" : group == Count - 1 ? "head" : FormattableString.Invariant($"{(stageOf is null ? "layer" : "stage")} {group}");

    /// <summary>What a weight's learning rate is multiplied by: 1 for the head, decay for the last layer, its square for the one before, and so on down.</summary>
    public double Factor(string name, double decay) => Math.Pow(decay, Count - 1 - Of(name));

    /// <summary>A weight as patterns may call it: with the encoder's prefix, and without; also without the "module." of an encoder that another one wraps.</summary>
    internal IEnumerable<string> NamesOf(string name)
    {
        const string Wrapped = "module.";
        if (!name.StartsWith(prefix + ".", StringComparison.Ordinal)) return [name];
        var bare = name[(prefix.Length + 1)..];
        return bare.StartsWith(Wrapped, StringComparison.Ordinal) ? [name, bare, bare[Wrapped.Length..]] : [name, bare];
    }

    /// <summary>Freezes the weights whose names match a pattern, in which * stands for any text.</summary>
    /// <exception cref="ConfigException">A pattern names no weight, or nothing is left to train.</exception>
    internal static void Freeze(Network model, IReadOnlyList<string>? patterns)
    {
        if (patterns is null) return;
        for (var i = 0; i < patterns.Count; i++)
        {
            var form = new Regex($@"^{Regex.Escape(patterns[i]).Replace(@"\*", ".*", StringComparison.Ordinal)}\z", RegexOptions.CultureInvariant);
            var named = model.Params.Items.Where(item => (model.Groups?.NamesOf(item.Name) ?? [item.Name]).Any(form.IsMatch)).ToArray();
            if (named.Length == 0)
                throw new ConfigException(FormattableString.Invariant($"train.freeze.{i}"), $"'{patterns[i]}' names no weight of the model{Nearest.Hint(patterns[i], model.Params.Items.Select(item => item.Name), "")}; its weights are called {string.Join(", ", model.Params.Items.Take(3).Select(item => item.Name))} and so on");
            foreach (var item in named.Where(item => !item.Frozen)) item.Freeze();
        }
        if (model.Params.Trained.Count == 0) throw new ConfigException("train.freeze", "names every weight of the model; nothing is left to train");
    }

    [GeneratedRegex(@"\.(layer|layers|albert_layer_groups|rnns)\.(?<layer>[0-9]+)\.", RegexOptions.ExplicitCapture)]
    private static partial Regex Layer();
}
