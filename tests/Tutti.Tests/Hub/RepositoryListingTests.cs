using System.Text;
using Tutti.Hub;

namespace Tutti.Tests.Hub;

public sealed class RepositoryListingTests
{
    const string Commit = "0123456789012345678901234567890123456789";

    static RepositoryListing Parse(string json) => RepositoryListing.Parse(Encoding.UTF8.GetBytes(json), "the list");

    static string Naming(string path) => $$"""{ "sha": "{{Commit}}", "siblings": [ { "rfilename": "config.json" }, { "rfilename": {{System.Text.Json.JsonSerializer.Serialize(path)}} } ] }""";

    [Fact]
    public void Size_and_hash_are_those_of_the_content()
    {
        var (git, sha) = (new string('b', 40), new string('c', 64));
        var listing = Parse($$"""
            { "sha": "{{Commit}}", "siblings": [
              { "rfilename": "config.json", "size": 5, "blobId": "{{git}}" },
              { "rfilename": "data/model.safetensors", "size": 7, "blobId": "{{git}}", "lfs": { "sha256": "{{sha}}", "size": 7000, "pointerSize": 134 } },
              { "rfilename": "vocab.txt" },
              { "rfilename": "odd.txt", "size": -1, "blobId": "not a hash" } ] }
            """);
        Assert.Equal(Commit, listing.Commit);
        Assert.Equal([new("config.json", 5, git), new("data/model.safetensors", 7000, sha), new("vocab.txt", null, null), new("odd.txt", null, null)], listing.Files);
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("./a")]
    [InlineData("a/.")]
    [InlineData("..\\x")]
    [InlineData("C:\\x")]
    [InlineData("C:x")]
    [InlineData("a:stream")]
    [InlineData("nul")]
    [InlineData("a/CON.txt")]
    [InlineData("com1.json")]
    [InlineData("a\0b")]
    [InlineData("a\u001b[2Jb")]
    [InlineData("dot.")]
    [InlineData("blank ")]
    [InlineData("")]
    public void A_path_that_would_leave_the_folder_or_be_no_file_is_refused(string path)
    {
        var error = Assert.Throws<HubException>(() => Parse(Naming(path)));
        Assert.Contains("refused: the server names a file", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(error.Message, char.IsControl);
    }

    [Theory]
    [InlineData("a/b/c.txt")]
    [InlineData("console.txt")]
    [InlineData("über maß.txt")]
    [InlineData(".gitattributes")]
    [InlineData("..a")]
    public void A_path_below_the_folder_is_taken(string path) => Assert.Equal(path, Parse(Naming(path)).Files[1].Path);

    [Fact]
    public void Two_files_that_one_disk_may_take_for_one_are_refused() => Assert.Contains("listed twice", Assert.Throws<HubException>(() => Parse(Naming("Config.json"))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("<html>", "no JSON")]
    [InlineData("[]", "no commit")]
    [InlineData("null", "no commit")]
    [InlineData("""{ "sha": 5, "siblings": [] }""", "no commit")]
    [InlineData("""{ "sha": "../../../../x", "siblings": [] }""", "no commit")]
    [InlineData("""{ "sha": "0123456789012345678901234567890123456789" }""", "lists no files")]
    [InlineData("""{ "sha": "0123456789012345678901234567890123456789", "siblings": [ 7 ] }""", "has no name")]
    [InlineData("""{ "sha": "0123456789012345678901234567890123456789", "siblings": [ { "rfilename": null } ] }""", "has no name")]
    public void What_is_no_list_is_said(string json, string naming) => Assert.Contains(naming, Assert.Throws<HubException>(() => Parse(json)).Message, StringComparison.Ordinal);
}
