using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Tutti.Tests.App;

/// <summary>Signals as on Linux.</summary>
static partial class Signal
{
    public const int Interrupt = 2, Terminate = 15, Stop = 19, Continue = 18;

    public static void SkipWhereThereAreNone() => Assert.SkipUnless(OperatingSystem.IsLinux(), "signals are sent as on Linux");

    public static void Send(Process process, int signal) => Assert.Equal(0, Kill(process.Id, signal));

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
