using System.Globalization;
using System.Text.Json.Nodes;
using Tutti.Hub;

namespace Tutti.Tests.Hub;

/// <summary>A hub, or the way to it, that does everything wrong: the right bytes in the end, or an error that says what was wrong.</summary>
public sealed class HubFaultTests : IDisposable
{
    const int Chunk = 64 << 10, Size = 300_000;

    readonly TempFolder temp = Shared.Temp();
    readonly LoopbackHub hub = new();
    readonly HubRepository model;
    readonly QuickClock clock = new();
    readonly KeptHubNews news = new();

    public HubFaultTests() => model = hub.AddModel(Size);

    public void Dispose()
    {
        hub.Dispose();
        temp.Dispose();
    }

    HubSnapshot Get(Func<HubSettings, HubSettings>? change = null) =>
        new HubClient((change ?? (same => same))(hub.Settings(temp.File("hub")) with { Clock = clock })).Get(HubName.Parse(HubSamples.Name), news, TestContext.Current.CancellationToken);

    string[] Partials => Directory.GetFiles(temp.File("hub/models--owner--model/blobs"), "*.partial");

    void IsRight(HubSnapshot snapshot)
    {
        foreach (var file in model.Files) Assert.Equal(file.Content, File.ReadAllBytes(Path.Combine(snapshot.Folder, file.Path)));
        Assert.Empty(Partials);
    }

    /// <summary>Changes the answers with large files only.</summary>
    void OfWeights(Func<HubRequest, HubReply, HubReply> change) => hub.Alter = (request, reply) => request.Target.StartsWith("/storage/", StringComparison.Ordinal) ? change(request, reply) : reply;

    /// <summary>The error of a file whose bytes cannot be relied on: named, and nothing is left of it.</summary>
    void IsDiscarded(params string[] naming)
    {
        var error = Assert.Throws<HubException>(() => Get());
        Assert.StartsWith("owner/model/model.safetensors: ", error.Message, StringComparison.Ordinal);
        Assert.All([.. naming, "discarded", "run the same command again"], word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
        Assert.Empty(Partials);
        Assert.Null(new HubClient(hub.Settings(temp.File("hub"))).Find(HubName.Parse(HubSamples.Name)));
        hub.Alter = null;
        IsRight(Get());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Connections_that_break_at_random_bytes_cost_only_the_bytes_that_did_not_come(int seed)
    {
        var random = new Random(seed);
        hub.Alter = (_, reply) => random.Next(3) == 0 && reply.Body.Length > 0 ? reply with { CutAfter = random.Next(reply.Body.Length) } : reply;
        IsRight(Get(settings => settings with { Tries = 50 }));
        // What was sent and lost in a broken connection is at most what a chunk has.
        Assert.InRange(hub.Sent - model.Files.Sum(file => file.Content.Length), 0, (clock.Waits.Length + 1) * (long)Chunk);
        Assert.NotEmpty(clock.Waits);
    }

    [Fact]
    public void A_broken_connection_goes_on_at_the_byte_where_it_broke()
    {
        var broken = false;
        OfWeights((request, reply) => !broken && request.Range?.From == Chunk && (broken = true) ? reply with { CutAfter = 1000 } : reply);
        IsRight(Get());
        Assert.Contains(hub.Requests, request => request.Range == (Chunk + 1000, (2 * Chunk) + 999));
        Assert.Equal(model.Files.Sum(file => file.Content.Length), hub.Sent);
        Assert.Contains(news.Notes, note => note.Contains("broke the connection; trying again in 0.5 s", StringComparison.Ordinal));
    }

    [Fact]
    public void A_server_that_always_breaks_is_given_up_and_what_came_is_kept()
    {
        OfWeights((request, reply) => request.Range?.From >= Chunk ? reply with { CutAfter = 10 } : reply);
        var error = Assert.Throws<HubException>(() => Get());
        Assert.Contains("broke the connection, 5 times in a row. The same command goes on", error.Message, StringComparison.Ordinal);
        Assert.Equal([0.5, 1, 2, 4], clock.Waits.Select(wait => wait.TotalSeconds));
        Assert.Equal(Chunk + 50, new FileInfo(Assert.Single(Partials)).Length);
        hub.Alter = null;
        IsRight(Get());
        Assert.Contains(news.Notes, note => note.Contains($"goes on after {Chunk + 50} of {Size} bytes", StringComparison.Ordinal));
        Assert.Equal(model.Files.Sum(file => file.Content.Length), hub.Sent);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public void A_server_that_has_no_time_is_asked_again_when_it_says(int status)
    {
        var first = true;
        hub.Alter = (_, reply) => first && !(first = false) ? new HubReply(status, []).With("Retry-After", "7") : reply;
        IsRight(Get());
        Assert.Equal([7], clock.Waits.Select(wait => wait.TotalSeconds));
    }

    [Fact]
    public void Retry_after_may_be_a_moment()
    {
        var first = true;
        hub.Alter = (_, reply) => first && !(first = false) ? new HubReply(503, []).With("Retry-After", clock.GetUtcNow().AddSeconds(90).ToString("R", CultureInfo.InvariantCulture)) : reply;
        IsRight(Get());
        Assert.InRange(Assert.Single(clock.Waits).TotalSeconds, 0, 91);
    }

    [Fact]
    public void A_limit_of_hours_is_said_and_not_waited_for()
    {
        OfWeights((_, _) => new HubReply(429, []).With("Retry-After", "3600"));
        var error = Assert.Throws<HubException>(() => Get());
        Assert.Contains("asks to wait 3600 s", error.Message, StringComparison.Ordinal);
        Assert.Empty(clock.Waits);
    }

    [Fact]
    public void A_server_that_is_always_too_busy_is_given_up()
    {
        hub.Alter = (_, _) => new(503, []);
        Assert.Contains("answered 503 (ServiceUnavailable), 5 times in a row", Assert.Throws<HubException>(() => Get()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("silent")]
    [InlineData("stalls")]
    [InlineData("drips")]
    public void A_server_from_which_hardly_anything_comes_is_asked_again(string how)
    {
        var silent = false;
        OfWeights((request, reply) => !silent && request.Range?.From == Chunk && (silent = true)
            ? how switch { "silent" => reply with { Silent = true }, "stalls" => reply with { StallAfter = 5000 }, _ => reply with { DripAfter = 5000 } } : reply);
        // On a machine that is busy more requests than this one may take too long: they are tried again too.
        IsRight(Get(settings => settings with { Timeout = TimeSpan.FromSeconds(0.5), Tries = 1000 }));
        Assert.Contains(news.Notes, note => note.Contains(how == "silent" ? "did not answer within 0.5 s" : "sent hardly anything for 0.5 s", StringComparison.Ordinal));
    }

    [Fact]
    public void A_length_other_than_listed_is_said()
    {
        hub.Alter = (request, reply) => request.Target.EndsWith("/config.json", StringComparison.Ordinal) ? reply with { Body = [.. reply.Body, 1], Announced = reply.Body.Length + 1 } : reply;
        var error = Assert.Throws<HubException>(() => Get());
        Assert.Contains("owner/model/config.json: 127.0.0.1 announces 22 bytes, but the file is listed with 21", error.Message, StringComparison.Ordinal);
        Assert.Empty(Partials);
    }

    [Fact]
    public void A_range_of_another_length_than_announced_is_said()
    {
        OfWeights((request, reply) => request.Range?.From == Chunk ? reply with { Announced = reply.Body.Length - 5, Body = reply.Body[5..] } : reply);
        IsDiscarded($"announces {Chunk - 5} bytes, but a range of {Chunk}");
    }

    [Fact]
    public void More_bytes_than_the_file_has_are_said()
    {
        OfWeights((_, reply) => reply with { Body = [.. reply.Body, 1, 2, 3], Announced = null });
        IsDiscarded("sends more than the");
    }

    [Fact]
    public void Fewer_bytes_than_announced_are_asked_for_again()
    {
        var lies = 3;
        OfWeights((_, reply) => lies-- > 0 ? reply with { Body = reply.Body[..^100] } : reply);
        IsRight(Get());
    }

    [Fact]
    public void Fewer_bytes_without_a_length_are_asked_for_again()
    {
        var lies = 3;
        OfWeights((_, reply) => lies-- > 0 ? reply with { Body = reply.Body[..^100], Announced = null } : reply);
        IsRight(Get());
    }

    [Theory]
    [InlineData("bytes 0-65535/300000")]
    [InlineData("bytes 65537-131071/300000")]
    [InlineData("bytes 65536-131072/300000")]
    [InlineData("bytes 65536-131071/300001")]
    [InlineData("items 65536-131071/300000")]
    [InlineData("nonsense")]
    public void A_wrong_range_is_said(string range)
    {
        OfWeights((request, reply) => request.Range?.From == Chunk ? reply.With("Content-Range", range) : reply);
        IsDiscarded("wrong range", "expected bytes 65536-131071/300000");
    }

    [Fact]
    public void A_range_that_the_server_does_not_have_is_said()
    {
        OfWeights((request, reply) => request.Range?.From == Chunk ? new(416, []) : reply);
        IsDiscarded("has no bytes from 65536 on (416)");
    }

    [Fact]
    public void A_server_without_ranges_sends_the_file_whole_and_what_was_there_goes()
    {
        OfWeights((request, reply) => request.Range?.From > 0 ? new HubReply(200, model["model.safetensors"]) { IsContent = true } : reply);
        IsRight(Get());
        Assert.Contains(news.Notes, note => note.Contains("sends the file from its beginning, not from byte 65536 on; the 65536 bytes were discarded", StringComparison.Ordinal));
    }

    [Fact]
    public void A_server_without_ranges_that_breaks_costs_the_file_again_but_ends()
    {
        var breaks = 2;
        OfWeights((_, _) => new HubReply(200, model["model.safetensors"]) { IsContent = true, CutAfter = breaks-- > 0 ? 200_000 : null });
        IsRight(Get());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(150_000)]
    [InlineData(Size - 1)]
    public void Corrupt_bytes_are_said(int at)
    {
        OfWeights((request, reply) =>
        {
            var body = reply.Body.ToArray();
            var first = request.Range?.From ?? 0;
            if (first <= at && at < first + body.Length) body[at - first] ^= 1;
            return reply with { Body = body };
        });
        IsDiscarded("the bytes that came are others than the hub lists: their sha256 is ", $"expected {model.Files[2].Hash}");
    }

    [Fact]
    public void Corrupt_bytes_of_a_small_file_are_said_by_gits_hash()
    {
        hub.Alter = (request, reply) => request.Target.EndsWith("/vocab.txt", StringComparison.Ordinal) ? reply with { Body = HubSamples.Text("[PAD]\n[unk]\n") } : reply;
        var error = Assert.Throws<HubException>(() => Get());
        Assert.StartsWith("owner/model/vocab.txt: ", error.Message, StringComparison.Ordinal);
        Assert.Contains($"expected {model.Files[1].Hash}", error.Message, StringComparison.Ordinal);
        Assert.Empty(Partials);
    }

    [Fact]
    public void Damaged_bytes_that_an_earlier_call_left_are_replaced()
    {
        OfWeights((request, reply) => request.Range?.From >= 2 * Chunk ? reply with { CutAfter = 10 } : reply);
        Assert.Throws<HubException>(() => Get());
        hub.Alter = null;
        var partial = Assert.Single(Partials);
        var bytes = File.ReadAllBytes(partial);
        bytes[77] ^= 1;
        File.WriteAllBytes(partial, bytes);
        IsRight(Get());
        Assert.Contains(news.Notes, note => note.Contains("what an earlier call left was discarded, and the file begins anew", StringComparison.Ordinal));
    }

    [Fact]
    public void Longer_than_the_file_a_partial_file_is_no_part_of_it()
    {
        Directory.CreateDirectory(temp.File("hub/models--owner--model/blobs"));
        temp.Write($"hub/models--owner--model/blobs/{model.Files[2].Hash}.partial", new byte[Size + 1]);
        IsRight(Get());
    }

    [Fact]
    public void A_file_that_changes_at_the_hub_in_the_middle_is_said()
    {
        var storage = 0;
        hub.Alter = (request, reply) => request.Target.StartsWith("/storage/", StringComparison.Ordinal) ? ++storage == 2 ? new(403, []) : reply
            : storage > 0 && request.Target.EndsWith("/model.safetensors", StringComparison.Ordinal) ? reply.With("X-Linked-Etag", $"\"{new string('0', 64)}\"") : reply;
        IsDiscarded("it changed while it was downloaded", $"now is {new string('0', 64)}");
    }

    [Fact]
    public void A_file_that_changes_at_its_place_in_the_middle_is_said()
    {
        OfWeights((request, reply) => request.Range?.From > 0 ? reply.With("ETag", "\"other\"") : reply);
        IsDiscarded("it changed on 127.0.0.1", "\"other\"");
    }

    [Fact]
    public void A_file_that_changes_at_its_place_and_is_sent_whole_begins_anew()
    {
        var changed = false;
        OfWeights((request, reply) => request.Header("If-Range") is not null && !changed && (changed = true)
            ? new HubReply(200, model["model.safetensors"]) { IsContent = true, Headers = { ["ETag"] = "\"other\"" } } : reply);
        IsRight(Get());
        Assert.Contains(news.Notes, note => note.Contains("sends the file from its beginning", StringComparison.Ordinal));
    }

    [Fact]
    public void Another_commit_than_the_listed_one_is_said()
    {
        hub.Alter = (request, reply) => request.Target.EndsWith("/model.safetensors", StringComparison.Ordinal) ? reply.With("X-Repo-Commit", new('d', 40)) : reply;
        IsDiscarded($"at commit {new string('d', 40)}, expected {model.Commit}");
    }

    [Fact]
    public void Another_size_than_the_listed_one_is_said()
    {
        hub.Alter = (request, reply) => request.Target.EndsWith("/model.safetensors", StringComparison.Ordinal) ? reply.With("X-Linked-Size", "5") : reply;
        IsDiscarded("the hub says that it has 5 bytes, but lists it with 300000");
    }

    [Theory]
    [InlineData("ftp://127.0.0.1/x", "redirects to something that is no address")]
    [InlineData("http://user:word@127.0.0.1/x", "redirects to something that is no address")]
    [InlineData("", "redirects to something that is no address")]
    public void A_redirect_to_nowhere_is_said(string location, string naming)
    {
        hub.Alter = (request, reply) => reply.Status == 302 ? new HubReply(302, []).With("Location", location) : reply;
        Assert.Contains(naming, Assert.Throws<HubException>(() => Get()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Redirects_in_a_circle_end()
    {
        hub.Alter = (request, _) => new HubReply(302, []).With("Location", request.Target);
        Assert.Contains("more than 10 redirects", Assert.Throws<HubException>(() => Get()).Message, StringComparison.Ordinal);
        Assert.Equal(11, hub.Requests.Length);
    }

    [Theory]
    [InlineData(401, "RepoNotFound", false, "nothing of that name that everybody may see (401)", "set HF_TOKEN")]
    [InlineData(401, null, false, "nothing of that name that everybody may see (401)", "set HF_TOKEN")]
    [InlineData(404, "RepoNotFound", false, "has no such model (404)", "HF_TOKEN")]
    [InlineData(404, "RepoNotFound", true, "has no such model (404)", "check owner, name and revision")]
    [InlineData(404, "RevisionNotFound", false, "not the revision 'main'", "branch, tag or commit")]
    [InlineData(401, "GatedRepo", false, "is gated", "set HF_TOKEN to that account's token")]
    [InlineData(403, "GatedRepo", true, "is gated", "the token of HF_TOKEN is not that of an account that may")]
    [InlineData(401, null, true, "does not accept the token of HF_TOKEN (401)", "unset it")]
    [InlineData(403, null, false, "does not let us read it (403)", "set HF_TOKEN")]
    public void A_refusal_is_wrong_input_and_says_the_next_step(int status, string? code, bool token, params string[] naming)
    {
        hub.Alter = (_, _) => LoopbackHub.Refusal(status, code);
        var error = Assert.Throws<ConfigException>(() => Get(settings => settings with { Token = token ? "hf_secret" : null }));
        Assert.All(naming, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
        Assert.DoesNotContain("hf_secret", error.Message, StringComparison.Ordinal);
        Assert.Single(hub.Requests);
        Assert.Empty(Directory.GetFileSystemEntries(temp.Path));
    }

    [Fact]
    public void A_path_that_leads_out_of_the_folder_is_refused_before_anything_is_written()
    {
        hub.Alter = (_, _) => LoopbackHub.Json(new JsonObject { ["sha"] = model.Commit, ["siblings"] = new JsonArray(new JsonObject { ["rfilename"] = "config.json" }, new JsonObject { ["rfilename"] = "../../../evil.safetensors" }) });
        Assert.Contains("refused: the server names a file '../../../evil.safetensors'", Assert.Throws<HubException>(() => Get()).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(temp.Path));
    }

    [Theory]
    [InlineData("config.json", 1L << 50)]
    [InlineData("model.safetensors.index.json", 1L << 30)]
    public void A_size_that_nothing_has_is_said(string path, long size)
    {
        string[] files = ["config.json", path == "config.json" ? "model.safetensors" : path];
        hub.Alter = (_, _) => LoopbackHub.Json(new JsonObject
        {
            ["sha"] = model.Commit,
            ["siblings"] = new JsonArray([.. files.Select(name => new JsonObject { ["rfilename"] = name, ["size"] = name == path ? size : 5, ["blobId"] = new string('b', 40) })]),
        });
        Assert.Contains($"owner/model/{path}: is said to have {size} bytes", Assert.Throws<HubException>(() => Get(settings => settings with { Tries = 1 })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hub_that_is_not_there_is_said_soon()
    {
        Uri gone;
        using (var other = new LoopbackHub()) gone = other.Address;
        var error = Assert.Throws<HubException>(() => Get(settings => settings with { Endpoint = gone }));
        Assert.Contains("127.0.0.1: cannot be reached", error.Message, StringComparison.Ordinal);
        Assert.Contains("3 times in a row", error.Message, StringComparison.Ordinal);
        Assert.Contains("HF_ENDPOINT", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, clock.Waits.Length);
    }
}
