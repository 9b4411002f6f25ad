namespace Tutti.Tests.App;

/// <summary>Tests that train in processes of their own, and wait for them most of the time: one after another, but beside others.</summary>
[CollectionDefinition(Name)]
public sealed class ProcessCollection : ICollectionFixture<CutRun>
{
    public const string Name = "processes";
}

/// <summary>As <see cref="ProcessCollection"/>, of several processes that train together.</summary>
[CollectionDefinition(Name)]
public sealed class RankCollection : ICollectionFixture<CutRun>
{
    public const string Name = "ranks";
}
