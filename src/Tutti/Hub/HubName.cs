using System.Text.RegularExpressions;

namespace Tutti.Hub;

/// <summary>What to get: <c>owner/name</c> of a model or <c>datasets/owner/name</c>, with <c>@revision</c> for another than <c>main</c>.</summary>
public sealed partial record HubName
{
    const string Main = "main", DataSets = "datasets/";

    HubName(string owner, string name, string revision, bool isDataSet) => (Owner, Name, Revision, IsDataSet) = (owner, name, revision, isDataSet);

    public string Owner { get; }
    public string Name { get; }

    /// <summary>A branch, a tag or a commit.</summary>
    public string Revision { get; }

    public bool IsDataSet { get; }

    /// <summary>Whether the revision is a whole commit, which never comes to mean something else.</summary>
    public bool IsCommit => ContentHash.IsCommit(Revision);

    /// <summary>The name in addresses: <c>owner/name</c> or <c>datasets/owner/name</c>.</summary>
    public string Repository => $"{(IsDataSet ? DataSets : "")}{Owner}/{Name}";

    /// <summary>Kind and name as huggingface_hub names the folders of its cache.</summary>
    internal string CacheFolder => $"{Kind}--{Owner}--{Name}";

    internal string Kind => IsDataSet ? "datasets" : "models";

    /// <exception cref="ConfigException">It is no such name.</exception>
    public static HubName Parse(string text) => TryParse(text)
        ?? throw new ConfigException(text.Length == 0 ? "''" : Printable.Of(text), "is no name on the hub; expected owner/name, owner/name@revision or datasets/owner/name, such as google-bert/bert-base-german-cased");

    /// <summary>The name, or null where the text is none.</summary>
    public static HubName? TryParse(string text)
    {
        var isDataSet = text.StartsWith(DataSets, StringComparison.Ordinal);
        var parts = (isDataSet ? text[DataSets.Length..] : text).Split('@', 2);
        var names = parts[0].Split('/');
        if (names.Length != 2 || !names.All(IsPart)) return null;
        var revision = parts.Length == 1 ? Main : parts[1];
        return IsRevision(revision) ? new(names[0], names[1], revision, isDataSet) : null;
    }

    public override string ToString() => Revision == Main ? Repository : $"{Repository}@{Revision}";

    // Neither may hold "--", which separates them in the name of the cache's folder.
    static bool IsPart(string text) => Part().IsMatch(text) && !text.Contains("--", StringComparison.Ordinal) && !text.Contains("..", StringComparison.Ordinal);

    // A file below refs/ is named by it.
    static bool IsRevision(string text) => text.Length is > 0 and <= 200 && text.Split('/').All(part => Part().IsMatch(part) && !part.Contains("..", StringComparison.Ordinal));

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9._+-]{0,95}\z")]
    private static partial Regex Part();
}
