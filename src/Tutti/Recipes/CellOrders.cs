using System.Text.Json.Nodes;
using Tutti.Distributed;

namespace Tutti.Recipes;

/// <summary>What rank 0 tells the processes that train with it: what comes next, or that nothing does.</summary>
/// <param name="Word">One of the constants, or how it ended.</param>
/// <param name="Said">What belongs to it.</param>
sealed record CellOrders(string Word, JsonObject Said)
{
    /// <summary>A cell is trained by all; one is tried; cells are trained by one process each; the run folder is looked for; the next step of a run of several begins.</summary>
    public const string OneCell = "cell", Trial = "trial", Spread = "spread", Mark = "mark", Step = "step";

    const string Name = "name", Identities = "identities", Deal = "deal";

    /// <summary>A cell's name, a mark's or a step's.</summary>
    public string Of => (string)Said[Name]!;

    /// <summary>Rank 0 begins a cell.</summary>
    /// <param name="test">A hash of the rows to predict, or null.</param>
    public static void Give(Ranks ranks, Cell cell, string? test) => Tell(ranks, OneCell, new() { [Name] = cell.Name, [Identities] = IdentitiesOf([cell], test) });

    /// <summary>An update of a cell is measured.</summary>
    public static void Try(Ranks ranks, Cell cell, string? test) => Tell(ranks, Trial, new() { [Name] = cell.Name, [Identities] = IdentitiesOf([cell], test) });

    /// <summary>Every process trains its cells alone.</summary>
    /// <param name="deal">Of every process.</param>
    public static void Divide(Ranks ranks, Cell[][] deal, string? test) => Tell(ranks, Spread, new()
    {
        [Deal] = new JsonArray([.. deal.Select(cells => (JsonNode)new JsonArray([.. cells.Select(cell => (JsonNode)cell.Name)]))]),
        [Identities] = IdentitiesOf(deal.SelectMany(cells => cells), test),
    });

    public static void Look(Ranks ranks, string mark) => Tell(ranks, Mark, new() { [Name] = mark });

    public static void Begin(Ranks ranks, string step) => Tell(ranks, Step, new() { [Name] = step });

    /// <summary>Rank 0 is done with all.</summary>
    public static void End(Ranks ranks, string word) => Tell(ranks, word, []);

    /// <summary>Waits for the next.</summary>
    public static CellOrders Next(Ranks ranks)
    {
        var order = JsonNode.Parse(ranks.NextOrder(CancellationToken.None))!;
        return new((string)order["word"]!, order["said"]!.AsObject());
    }

    /// <summary>The cell that the order is about, as it is here.</summary>
    /// <inheritdoc cref="Known"/>
    public Cell One(Ranks ranks, Cell[] cells, string? test) => Known(ranks, cells, Of, test);

    /// <summary>This process's cells.</summary>
    /// <inheritdoc cref="Known"/>
    public Cell[] Mine(Ranks ranks, Cell[] cells, string? test) => [.. Said[Deal]![ranks.Rank]!.AsArray().Select(name => Known(ranks, cells, (string)name!, test))];

    /// <exception cref="ConfigException">The cell is not there, or is another one here than in rank 0; names what differs.</exception>
    Cell Known(Ranks ranks, Cell[] cells, string name, string? test)
    {
        var cell = Array.Find(cells, cell => cell.Name == name) ?? throw new ConfigException("tutti train", $"rank 0 trains the cell '{name}', which this process's recipe does not have; give all processes the same recipe");
        var (first, identity) = (Said[Identities]![name]!.AsObject(), IdentityOf(cell, test));
        if (!JsonNode.DeepEquals(first, identity))
            throw new ConfigException("tutti train", FormattableString.Invariant($"rank {ranks.Rank} has another recipe or other data than rank 0: {string.Join("; ", SettingsDifference.Of(first, identity))}\nGive all processes the same files."));
        return cell;
    }

    static void Tell(Ranks ranks, string word, JsonObject said) => ranks.Order(new JsonObject { ["word"] = word, ["said"] = said }.ToJsonString());

    static JsonObject IdentitiesOf(IEnumerable<Cell> cells, string? test) => new(cells.Select(cell => KeyValuePair.Create(cell.Name, (JsonNode?)IdentityOf(cell, test))));

    static JsonObject IdentityOf(Cell cell, string? test)
    {
        var identity = cell.Identity.DeepClone().AsObject();
        identity["data.test"] = test;
        return identity;
    }
}
