using System.Text.Json.Nodes;
using Tutti.Distributed;

namespace Tutti.Recipes;

/// <summary>What rank 0 tells the processes that train with it: the cell that comes next, or that nothing does.</summary>
/// <param name="Word">"cell", or how it ended.</param>
/// <param name="Cell">The cell's name.</param>
/// <param name="Identity">Rank 0's: of settings and data, those to predict too, which are shared out among all.</param>
sealed record CellOrders(string Word, string? Cell, JsonObject? Identity)
{
    /// <summary>Rank 0 begins a cell.</summary>
    /// <param name="test">A hash of the rows to predict, or null.</param>
    public static void Give(Ranks ranks, Cell cell, string? test) => ranks.Order(new JsonObject { ["word"] = "cell", ["cell"] = cell.Name, ["identity"] = IdentityOf(cell, test) }.ToJsonString());

    /// <summary>Rank 0 is done with all.</summary>
    public static void End(Ranks ranks, string word) => ranks.Order(new JsonObject { ["word"] = word }.ToJsonString());

    /// <summary>Waits for the next.</summary>
    public static CellOrders Next(Ranks ranks)
    {
        var order = JsonNode.Parse(ranks.NextOrder(CancellationToken.None))!;
        return new((string)order["word"]!, (string?)order["cell"], order["identity"]?.AsObject());
    }

    /// <summary>Refuses a cell that is another one here than in rank 0.</summary>
    /// <exception cref="ConfigException">Names what differs.</exception>
    public static void CheckSame(Ranks ranks, Cell cell, string? test, CellOrders order)
    {
        var identity = IdentityOf(cell, test);
        if (order.Identity is { } first && !JsonNode.DeepEquals(first, identity))
            throw new ConfigException("tutti train", FormattableString.Invariant($"rank {ranks.Rank} has another recipe or other data than rank 0: {string.Join("; ", SettingsDifference.Of(first, identity))}\nGive all processes the same files."));
    }

    static JsonObject IdentityOf(Cell cell, string? test)
    {
        var identity = cell.Identity.DeepClone().AsObject();
        identity["data.test"] = test;
        return identity;
    }
}
