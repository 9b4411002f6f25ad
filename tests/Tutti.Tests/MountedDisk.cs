using System.Diagnostics;

namespace Tutti.Tests;

/// <summary>A file system of its own, such as one that is soon full; unmounted when disposed. The test is skipped where none can be mounted.</summary>
sealed class MountedDisk : IDisposable
{
    public MountedDisk(string path, string options)
    {
        Path = Directory.CreateDirectory(path).FullName;
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.UserName == "root", "a file system is mounted for this test, which needs root on Linux");
        Assert.SkipUnless(Execute("mount", "-t", "tmpfs", "-o", options, "tmpfs", Path), "this machine does not let file systems be mounted");
    }

    public string Path { get; }

    public void Dispose() => Execute("umount", Path);

    static bool Execute(string program, params string[] args)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, args) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;                                     // there is no such program here
        }
    }
}
