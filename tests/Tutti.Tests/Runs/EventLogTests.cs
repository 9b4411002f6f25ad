using System.Text;
using System.Text.Json;
using Tutti.Runs;

namespace Tutti.Tests.Runs;

public sealed class EventLogTests
{
    sealed class Clock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2024, 5, 6, 7, 8, 9, 10, TimeSpan.Zero);
    }

    [Fact]
    public void An_event_is_one_json_line_with_time_and_kind_first()
    {
        using var temp = Shared.Temp();
        using (var log = new EventLog(temp.File("events.jsonl"), new Clock())) log.Write("epoch", ("number", 2), ("loss", 0.25), ("name", "a\nb \"c\" ü"),
            ("best", null));
        Assert.Equal("""{"time":"2024-05-06T07:08:09.010Z","kind":"epoch","number":2,"loss":0.25,"name":"a\nb \u0022c\u0022 ü","best":null}""" + "\n",
            File.ReadAllText(temp.File("events.jsonl")));
    }

    [Fact]
    public void Events_read_back_while_the_writer_is_open_and_a_second_log_appends()
    {
        using var temp = Shared.Temp();
        var path = temp.File("events.jsonl");
        using (var log = new EventLog(path, new Clock()))
        {
            log.Write("start", ("seed", 7));
            Assert.Equal(7, Assert.Single(EventLog.Read(path)).Fields["seed"]!.GetValue<int>());
        }
        using (var log = new EventLog(path, new Clock())) log.Write("end");
        var events = EventLog.Read(path);
        Assert.Equal(["start", "end"], events.Select(e => e.Kind));
        Assert.Equal(new Clock().GetUtcNow(), events[0].Time);
        Assert.Empty(events[1].Fields);
    }

    [Fact]
    public void A_loss_that_is_no_number_is_written_as_text()
    {
        using var temp = Shared.Temp();
        using (var log = new EventLog(temp.File("e"))) log.Write("step", ("loss", double.NaN), ("norm", float.PositiveInfinity));
        using var line = JsonDocument.Parse(File.ReadAllText(temp.File("e")));
        Assert.Equal("NaN", line.RootElement.GetProperty("loss").GetString());
        Assert.Equal("Infinity", line.RootElement.GetProperty("norm").GetString());
    }

    [Fact]
    public void Wherever_a_crash_cuts_the_file_reading_and_appending_go_on()
    {
        using var temp = Shared.Temp();
        var path = temp.File("events.jsonl");
        using (var log = new EventLog(path, new Clock()))
        {
            log.Write("first", ("text", "ü€"));
            log.Write("second", ("value", 12));
        }
        var whole = File.ReadAllBytes(path);
        var second = Array.IndexOf(whole, (byte)'\n') + 1;
        for (var cut = 0; cut <= whole.Length; cut++)
        {
            File.WriteAllBytes(path, whole[..cut]);
            // Complete is: all of the line, with or without its line break.
            var complete = (cut >= second - 1 ? 1 : 0) + (cut >= whole.Length - 1 ? 1 : 0);
            Assert.Equal(complete, EventLog.Read(path).Count);
            using (var log = new EventLog(path, new Clock())) log.Write("third");
            var events = EventLog.Read(path);
            Assert.Equal(complete + 1, events.Count);
            Assert.Equal("third", events[^1].Kind);
            Assert.All(File.ReadAllLines(path), line => JsonDocument.Parse(line).Dispose());
        }
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[1]")]
    [InlineData("{\"kind\":\"x\"}")]
    [InlineData("{\"time\":\"yesterday\",\"kind\":\"x\"}")]
    [InlineData("{\"time\":\"2024-05-06T07:08:09Z\",\"kind\":\"x\",\"kind\":\"y\"}")]
    public void A_broken_line_in_the_middle_is_an_error_with_its_number(string broken)
    {
        using var temp = Shared.Temp();
        const string Good = "{\"time\":\"2024-05-06T07:08:09Z\",\"kind\":\"x\"}\n";
        var path = temp.Write("events.jsonl", Good + broken + "\n" + Good);
        Assert.Equal(2, Assert.Throws<DataException>(() => EventLog.Read(path)).Row);
    }

    [Fact]
    public void A_missing_file_is_a_data_error_and_a_missing_folder_is_created()
    {
        using var temp = Shared.Temp();
        Assert.Throws<DataException>(() => EventLog.Read(temp.File("absent")));
        using (var log = new EventLog(Path.Combine(temp.Path, "run", "events.jsonl"))) log.Write("start");
        Assert.Single(EventLog.Read(Path.Combine(temp.Path, "run", "events.jsonl")));
    }

    [Fact]
    public async Task Lines_of_several_writers_of_the_same_file_do_not_mix_and_none_is_lost()
    {
        using var temp = Shared.Temp();
        using EventLog first = new(temp.File("e")), second = new(temp.File("e"));
        await Task.WhenAll(new[] { first, second }.Index().Select(writer => Task.Run(() =>
        {
            for (var i = 0; i < 200; i++) writer.Item.Write("step", ("writer", writer.Index), ("number", i), ("text", new string('x', i)));
        }, TestContext.Current.CancellationToken)));
        var events = EventLog.Read(temp.File("e"));
        Assert.All([0, 1], writer => Assert.Equal(Enumerable.Range(0, 200), events.Where(e => (int)e.Fields["writer"]! == writer).Select(e => (int)e.Fields["number"]!)));
    }

    [Fact]
    public void Half_a_line_that_another_writer_left_is_cut_off_by_the_next_one()
    {
        using var temp = Shared.Temp();
        using var log = new EventLog(temp.File("e"));
        log.Write("first");
        File.AppendAllText(temp.File("e"), "{\"time\":\"2024");
        log.Write("second");
        Assert.Equal(["first", "second"], EventLog.Read(temp.File("e")).Select(e => e.Kind));
        Assert.Equal(2, File.ReadAllLines(temp.File("e")).Length);
    }

    [Fact]
    public async Task Lines_of_several_threads_do_not_mix()
    {
        using var temp = Shared.Temp();
        using (var log = new EventLog(temp.File("e")))
            await Task.WhenAll(Enumerable.Range(0, 8).Select(t => Task.Run(() =>
            {
                for (var i = 0; i < 100; i++) log.Write("step", ("thread", t), ("text", new string('x', 50 * t)));
            }, TestContext.Current.CancellationToken)));
        var events = EventLog.Read(temp.File("e"));
        Assert.Equal(800, events.Count);
        Assert.Equal(100, events.Count(e => e.Fields["thread"]!.GetValue<int>() == 3));
    }

    [Fact]
    public void The_names_time_and_kind_are_taken()
    {
        using var temp = Shared.Temp();
        using (var log = new EventLog(temp.File("e"))) Assert.Throws<ArgumentException>(() => log.Write("x", ("time", 1)));
        Assert.Equal(0, Encoding.UTF8.GetByteCount(File.ReadAllText(temp.File("e"))));
    }
}
