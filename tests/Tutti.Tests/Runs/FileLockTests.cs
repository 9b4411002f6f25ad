using Tutti.Runs;

namespace Tutti.Tests.Runs;

public sealed class FileLockTests
{
    [Fact]
    public void One_holder_at_a_time_has_it_and_the_next_gets_it_when_that_lets_go()
    {
        using var temp = Shared.Temp();
        var path = temp.File("locks/cell");
        Assert.False(FileLock.IsHeld(path));
        using (FileLock.Try(path))
        {
            Assert.Null(FileLock.Try(path));
            Assert.Null(FileLock.TryShared(path));
            Assert.True(FileLock.IsHeld(path));
        }
        Assert.False(FileLock.IsHeld(path));
        using var next = FileLock.Try(path);
        Assert.NotNull(next);
    }

    [Fact]
    public void Several_share_it_and_keep_out_who_wants_it_alone()
    {
        using var temp = Shared.Temp();
        using var made = FileLock.Try(temp.File("workers"));
        made!.Dispose();
        using (FileLock? first = FileLock.TryShared(temp.File("workers")), second = FileLock.TryShared(temp.File("workers")))
        {
            Assert.True(first is not null && second is not null);
            Assert.Null(FileLock.Try(temp.File("workers")));
        }
        Assert.False(FileLock.IsHeld(temp.File("workers")));
    }

    [Fact]
    public async Task Who_waits_says_so_once_and_gets_it()
    {
        using var temp = Shared.Temp();
        var first = FileLock.Try(temp.File("cell"))!;
        using var said = new SemaphoreSlim(0);
        var waiting = Task.Run(() => FileLock.Wait(temp.File("cell"), () => said.Release()), TestContext.Current.CancellationToken);
        await said.WaitAsync(TestContext.Current.CancellationToken);
        Assert.False(waiting.IsCompleted);
        first.Dispose();
        using var second = await waiting;
        Assert.Equal(0, said.CurrentCount);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        Assert.Throws<OperationCanceledException>(() => FileLock.Wait(temp.File("cell"), cancel: cancelled.Token));
    }

    [Fact]
    public void A_place_where_no_file_can_be_made_is_said()
    {
        using var temp = Shared.Temp();
        temp.Write("file", "");
        Assert.Contains("choose another folder", Assert.Throws<ConfigException>(() => FileLock.Try(temp.File("file/lock"))).Message, StringComparison.Ordinal);
    }
}
