namespace Tutti.Hub;

/// <summary>What a download tells whoever watches it.</summary>
public abstract record HubNews;

/// <summary>What the repository's snapshot consists of, before anything large is fetched.</summary>
/// <param name="Name">Name and commit.</param>
/// <param name="Bytes">Of all files.</param>
/// <param name="Missing">Of them still to fetch.</param>
public sealed record HubPlanNews(string Name, int Files, long Bytes, long Missing) : HubNews;

/// <summary>Bytes came.</summary>
/// <param name="Done">Of the file; fewer than before where the file begins anew.</param>
public sealed record HubBytesNews(string File, long Done, long Size) : HubNews;

/// <summary>A file is whole and verified.</summary>
public sealed record HubFileNews(string File, long Size) : HubNews;

/// <summary>Something the user should know: a wait, a new try, a file that began anew.</summary>
public sealed record HubNoteNews(string Text) : HubNews;
