using Spectre.Console;
using Tutti.Hub;
using Tutti.Torch;

namespace Tutti.App;

/// <summary>Shows downloads: in a terminal a bar for the file that comes, and a line for what is worth keeping; plain lines elsewhere.</summary>
sealed class DownloadWatch(ProgressContext? bars, Action<string> line) : IProgress<HubNews>
{
    const int LongestName = 36;

    ProgressTask? bar;
    string file = "";

    public void Report(HubNews value)
    {
        switch (value)
        {
            case HubPlanNews news:
                line(FormattableString.Invariant($"{news.Name}: {news.Files} files, {MemoryStats.Text(news.Bytes)}; {(news.Missing == 0 ? "all in the cache" : $"{MemoryStats.Text(news.Missing)} to fetch")}"));
                break;
            case HubBytesNews news when bars is not null:
                Move(news);
                break;
            case HubFileNews news:
                bar?.StopTask();
                (bar, file) = (null, "");
                line($"{news.File}: {MemoryStats.Text(news.Size)}, verified");
                break;
            case HubNoteNews news:
                line(news.Text);
                break;
        }
    }

    void Move(HubBytesNews news)
    {
        if (bar is null || file != news.File) (bar, file) = (bars!.AddTask(news.File, maxValue: Math.Max(1, news.Size)), news.File);
        // Lines of a bar must not break.
        var name = news.File.Length > LongestName ? "…" + news.File[^LongestName..] : news.File;
        bar.Description = Markup.Escape(FormattableString.Invariant($"{name}  {MemoryStats.Text(news.Done)} of {MemoryStats.Text(news.Size)}"));
        bar.Value = news.Done;
    }
}
