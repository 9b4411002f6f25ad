using System.Diagnostics;
using System.Globalization;

namespace Tutti.Tests.App;

/// <summary>The processes that a process started, as Linux tells.</summary>
static class ChildProcesses
{
    public static Process[] Of(Process parent)
    {
        List<Process> found = [];
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id)) continue;
            try
            {
                // Behind the name in brackets: state, parent.
                var stat = File.ReadAllText(Path.Combine(folder, "stat"));
                if (int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture) == parent.Id) found.Add(Process.GetProcessById(id));
            }
            catch (Exception e) when (e is IOException or ArgumentException or UnauthorizedAccessException)
            {
                // it has ended
            }
        }
        return [.. found];
    }
}
