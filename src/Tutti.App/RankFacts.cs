using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Distributed;
using Tutti.Recipes;
using Tutti.Torch;

namespace Tutti.App;

/// <summary>What one process of several says of itself before they train together.</summary>
sealed record RankFacts
{
    public required int Rank { get; init; }

    /// <summary>"node7, process 4711".</summary>
    public required string Where { get; init; }

    /// <summary>By which the others should reach it; empty where there is none.</summary>
    public string Address { get; init; } = "";

    /// <summary>Where it listens while the others try.</summary>
    public int Port { get; init; }

    public required string Tutti { get; init; }
    public required string Libtorch { get; init; }

    /// <summary>The instructions of its kernels.</summary>
    public required string Kernels { get; init; }

    public required string System { get; init; }

    /// <summary>The recipe with hashes of its files, or null where none was given or it cannot be read.</summary>
    public JsonObject? Recipe { get; init; }

    /// <summary>What it found wrong by itself.</summary>
    public IReadOnlyList<string> Faults { get; init; } = [];

    /// <summary>Of this process.</summary>
    /// <param name="at">Who it is.</param>
    /// <param name="recipe">The recipe's file, or null.</param>
    public static RankFacts Here(Rendezvous at, string? recipe)
    {
        var own = OwnAddress.Of(at);
        List<string> faults = own.Fault is { } fault ? [fault] : [];
        JsonObject? identity = null;
        try
        {
            identity = recipe is null ? null : RecipeIdentity.Of(Recipes.Recipe.Load(recipe));
        }
        catch (InputException e)
        {
            faults.Add(e.Message.ReplaceLineEndings(" "));
        }
        return new()
        {
            Rank = at.Rank,
            Where = FormattableString.Invariant($"{Environment.MachineName}, process {Environment.ProcessId}"),
            Address = own.Address,
            Tutti = typeof(Engine).Assembly.GetName().Version?.ToString(3) ?? "",
            Libtorch = Engine.Version,
            Kernels = Engine.Kernels,
            System = $"{RuntimeInformation.RuntimeIdentifier}, .NET {Environment.Version}",
            Recipe = identity,
            Faults = faults,
        };
    }

    public string ToText() => JsonSerializer.Serialize(this);

    public static RankFacts Parse(string text) => JsonSerializer.Deserialize<RankFacts>(text)!;
}
