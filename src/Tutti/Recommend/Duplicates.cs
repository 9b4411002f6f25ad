namespace Tutti.Recommend;

/// <summary>What becomes of a user's further ratings of the same item.</summary>
public enum Duplicates
{
    /// <summary>They are refused, with the lines named.</summary>
    Error,

    /// <summary>The first row of the file counts.</summary>
    First,

    /// <summary>The last row of the file counts.</summary>
    Last,

    /// <summary>Their mean counts, in the place of the first, at the time of the latest.</summary>
    Mean,
}
