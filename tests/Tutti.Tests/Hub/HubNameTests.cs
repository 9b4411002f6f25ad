using Tutti.Hub;

namespace Tutti.Tests.Hub;

public sealed class HubNameTests
{
    [Theory]
    [InlineData("google-bert/bert-base-german-cased", "google-bert", "bert-base-german-cased", "main", false)]
    [InlineData("a/b@v1.0", "a", "b", "v1.0", false)]
    [InlineData("a/b@refs/pr/7", "a", "b", "refs/pr/7", false)]
    [InlineData("datasets/stanfordnlp/imdb", "stanfordnlp", "imdb", "main", true)]
    [InlineData("datasets/stanfordnlp/imdb@script", "stanfordnlp", "imdb", "script", true)]
    public void A_name_is_read_and_written(string text, string owner, string name, string revision, bool isDataSet)
    {
        var read = HubName.Parse(text);
        Assert.Equal((owner, name, revision, isDataSet), (read.Owner, read.Name, read.Revision, read.IsDataSet));
        Assert.Equal(text, read.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("roberta-base")]
    [InlineData("./model")]
    [InlineData("../model")]
    [InlineData("/model")]
    [InlineData("models/")]
    [InlineData("a/b/c")]
    [InlineData("a\\b")]
    [InlineData("a/..")]
    [InlineData("a/b..c")]
    [InlineData("a/b--c")]                                     // would be another's folder in the cache
    [InlineData("a/.b")]
    [InlineData("a/b c")]
    [InlineData("a/b?x=1")]
    [InlineData("a/b@")]
    [InlineData("a/b@../../x")]
    [InlineData("a/b@/x")]
    [InlineData("a/b@x//y")]
    [InlineData("a/b@x\ny")]
    [InlineData("datasets/imdb")]
    [InlineData("C:/x")]
    public void What_is_no_name_is_refused(string text)
    {
        Assert.Null(HubName.TryParse(text));
        Assert.Contains("expected owner/name", Assert.Throws<ConfigException>(() => HubName.Parse(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_whole_commit_is_known_as_one()
    {
        Assert.True(HubName.Parse($"a/b@{new string('0', 40)}").IsCommit);
        Assert.False(HubName.Parse($"a/b@{new string('0', 39)}").IsCommit);
        Assert.False(HubName.Parse("a/b").IsCommit);
    }
}
