
namespace Tutti.Tests;

public sealed class AtomicFileTests
{
    [Fact]
    public void A_file_is_replaced_as_a_whole_and_leaves_nothing_beside_it()
    {
        using var temp = Shared.Temp();
        var path = temp.Write("a.txt", "old and longer");
        AtomicFile.Write(path, "new");
        Assert.Equal("new", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(temp.Path));
    }

    [Fact]
    public void Until_the_end_readers_see_the_old_file()
    {
        using var temp = Shared.Temp();
        var path = temp.Write("a.txt", "old");
        AtomicFile.Write(path, stream =>
        {
            stream.Write("new"u8);
            stream.Flush();
            Assert.Equal("old", File.ReadAllText(path));
        });
        Assert.Equal("new", File.ReadAllText(path));
    }

    [Fact]
    public void A_writer_that_fails_leaves_the_old_file_and_no_temporary_one()
    {
        using var temp = Shared.Temp();
        var path = temp.Write("a.txt", "old");
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(path, stream =>
        {
            stream.Write("half"u8);
            throw new InvalidOperationException("stop");
        }));
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(temp.Path));
    }

    [Fact]
    public void Missing_folders_are_created()
    {
        using var temp = Shared.Temp();
        AtomicFile.Write(Path.Combine(temp.Path, "cells", "bert-s1-f0", "metrics.json"), "{}");
        Assert.Equal("{}", File.ReadAllText(Path.Combine(temp.Path, "cells", "bert-s1-f0", "metrics.json")));
    }

    [Fact]
    public void A_full_disk_is_said_in_one_line()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "this system has no /dev/full");
        using var temp = Shared.Temp();
        var error = Assert.Throws<ConfigException>(() => AtomicFile.Write(temp.File("a.txt"), _ =>
        {
            using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            full.Write("x"u8);
        }));
        Assert.Contains(temp.File("a.txt"), error.Message);
        Assert.Contains("the disk is full; free some space", error.Message);
        Assert.Empty(Directory.GetFileSystemEntries(temp.Path));
    }

    [Fact]
    public void A_folder_without_permission_is_said_with_the_next_step()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess, "permissions do not bind this user");
        if (OperatingSystem.IsWindows()) return;
        using var temp = Shared.Temp();
        var folder = Directory.CreateDirectory(temp.File("locked"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var error = Assert.Throws<ConfigException>(() => AtomicFile.Write(Path.Combine(folder.FullName, "a.txt"), "x"));
        Assert.Contains("no permission", error.Message);
    }

    [Fact]
    public void A_parent_that_is_a_file_or_a_target_that_is_a_folder_is_a_config_error()
    {
        using var temp = Shared.Temp();
        var file = temp.Write("file", "x");
        Assert.Contains(file, Assert.Throws<ConfigException>(() => AtomicFile.Write(Path.Combine(file, "a.txt"), "x")).Message);
        Directory.CreateDirectory(temp.File("folder"));
        Assert.Throws<ConfigException>(() => AtomicFile.Write(temp.File("folder"), "x"));
        Assert.Equal(2, Directory.GetFileSystemEntries(temp.Path).Length);
    }

    [Fact]
    public void A_device_is_written_and_not_replaced()
    {
        Assert.SkipUnless(File.Exists("/dev/null"), "this system has no /dev/null");
        AtomicFile.Write("/dev/null", "nothing to see");
        Assert.Equal(0, new FileInfo("/dev/null").Length);
        Assert.Equal("", File.ReadAllText("/dev/null"));
    }

    [Fact]
    public void What_a_killed_process_left_half_written_is_removed_and_nothing_else()
    {
        using var temp = Shared.Temp();
        Directory.CreateDirectory(temp.File("below"));
        string[] others = ["a.tmp", ".a.tmp", ".a.json.tmp", ".a.json.ABCDEFGH.xyz.tmp", ".a.json.abcdefgh.xyz.tmp.txt", "a.json"];
        foreach (var name in (string[])[.. others, ".a.json.abcdefgh.xyz.tmp", "below/.b.csv.01234567.abc.tmp"]) temp.Write(name, "x");
        // The name is the one that a write gives.
        string? during = null;
        AtomicFile.Write(temp.File("c.json"), _ => during = Path.GetFileName(Assert.Single(Directory.GetFiles(temp.Path, ".c.json.*"))));
        temp.Write(during!, "x");
        AtomicFile.RemoveUnfinished(temp.Path, below: false);
        Assert.Equal([.. others.Append("c.json").Order(StringComparer.Ordinal)], Directory.GetFiles(temp.Path).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
        Assert.Single(Directory.GetFiles(temp.File("below")));
        AtomicFile.RemoveUnfinished(temp.Path, below: true);
        Assert.Empty(Directory.GetFiles(temp.File("below")));
        AtomicFile.RemoveUnfinished(temp.File("absent"), below: true);
    }
}
