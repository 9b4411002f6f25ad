namespace Tutti.Tests.Launcher;

/// <summary>What the launcher does about a machine that lacks something.</summary>
public sealed class MachineTests : IDisposable
{
    const string Torch = "libtorch-dev";
    static readonly string torchFile = Sandbox.SystemFiles.Single(pair => pair.Value == Torch).Key;
    readonly Sandbox sandbox = new();

    public void Dispose() => sandbox.Dispose();

    [Fact]
    public async Task Another_version_of_the_SDK_is_refused_with_what_was_found()
    {
        sandbox.Stub("dotnet", "echo '9.0.101 [/sdk]'");
        var outcome = await sandbox.Run("doctor");
        Assert.Equal(2, outcome.Code);
        Assert.Contains(".NET 10 SDK is needed", outcome.Error);
        Assert.Contains("9.0.101", outcome.Error);
        Assert.Contains("next: install", outcome.Error);
    }

    [Fact]
    public async Task Without_dotnet_the_tests_end_with_one_failure_in_the_last_line()
    {
        sandbox.Forget("dotnet");
        var outcome = await sandbox.Run("test");
        Assert.Equal(2, outcome.Code);
        Assert.Equal("0 passed, 1 failed, 0 skipped", outcome.LastLine);
    }

    [Theory]
    [InlineData("DOTNET_ROOT", "")]
    [InlineData("HOME", "/.dotnet")]
    public async Task An_SDK_outside_PATH_is_found(string variable, string below)
    {
        var place = Path.Combine(sandbox.Caller, "sdk");
        Directory.CreateDirectory(place + below);
        File.Move(Path.Combine(sandbox.Tree, "../bin/dotnet"), $"{place}{below}/dotnet");
        sandbox.Environment[variable] = place;
        Assert.Equal(7, (await sandbox.Run("doctor")).Code);
    }

    [Fact]
    public async Task Without_apt_the_message_names_what_is_needed_and_LIBTORCH()
    {
        sandbox.Uninstall(torchFile);
        var outcome = await sandbox.Run("doctor");
        Assert.Equal(2, outcome.Code);
        Assert.Contains(Torch, outcome.Error);
        Assert.Contains("LIBTORCH", outcome.Error);
        Assert.DoesNotContain("libgloo-dev", outcome.Error);
        Assert.Empty(sandbox.Calls);
    }

    [Fact]
    public async Task A_folder_without_libtorch_in_LIBTORCH_is_refused()
    {
        sandbox.Environment["LIBTORCH"] = sandbox.Caller;
        var outcome = await sandbox.Run("doctor");
        Assert.Equal(2, outcome.Code);
        Assert.Contains($"LIBTORCH={sandbox.Caller} does not hold share/cmake/Torch/TorchConfig.cmake", outcome.Error);
    }

    [Fact]
    public async Task With_LIBTORCH_no_libtorch_package_is_needed_and_its_libraries_come_first()
    {
        sandbox.Uninstall(torchFile);
        var own = Directory.CreateDirectory(Path.Combine(sandbox.Caller, "libtorch/share/cmake/Torch"));
        File.WriteAllText(Path.Combine(own.FullName, "TorchConfig.cmake"), "");
        sandbox.Environment["LIBTORCH"] = "libtorch";
        var outcome = await sandbox.Run("doctor");
        Assert.Equal(7, outcome.Code);
        Assert.Contains($"LD_LIBRARY_PATH={sandbox.Caller}/libtorch/lib:{sandbox.SystemRoot}/usr/lib/{Sandbox.Machine}-linux-gnu/openblas-openmp", outcome.Output);
    }

    [Fact]
    public async Task Idle_threads_sleep_soon_unless_the_user_says_otherwise()
    {
        Assert.Contains("GOMP_SPINCOUNT=1000", (await sandbox.Run("doctor")).Output);
        sandbox.Environment["GOMP_SPINCOUNT"] = "5";
        Assert.Contains("GOMP_SPINCOUNT=5", (await sandbox.Run("doctor")).Output);
        sandbox.Environment.Remove("GOMP_SPINCOUNT");
        sandbox.Environment["OMP_WAIT_POLICY"] = "ACTIVE";
        Assert.Contains("GOMP_SPINCOUNT=unset", (await sandbox.Run("doctor")).Output);
    }

    [Fact]
    public async Task Root_installs_exactly_what_is_missing_before_the_build()
    {
        var log = Apt(user: 0);
        foreach (var file in Sandbox.SystemFiles.Keys) sandbox.Uninstall(file);
        var outcome = await sandbox.Run("doctor");
        Assert.Equal(7, outcome.Code);
        var calls = await File.ReadAllLinesAsync(log, TestContext.Current.CancellationToken);
        Assert.Equal(2, calls.Length);
        Assert.EndsWith(" update", calls[0]);
        Assert.EndsWith(" -y --no-install-recommends libtorch-dev libdnnl-dev libgloo-dev libopenblas0-openmp", calls[1]);
        Assert.Single(sandbox.Builds);
    }

    [Fact]
    public async Task What_reads_pictures_is_installed_where_that_may_be_done()
    {
        var log = Apt(user: 0);
        sandbox.Uninstall(Sandbox.Pictures);
        Assert.Equal(7, (await sandbox.Run("doctor")).Code);
        Assert.EndsWith(" -y --no-install-recommends libvips-dev", Assert.Single(await File.ReadAllLinesAsync(log, TestContext.Current.CancellationToken), line => line.Contains("install", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Without_what_reads_pictures_texts_are_trained_on_and_its_coming_builds_again()
    {
        var log = Apt(user: 1000);
        sandbox.Stub("sudo", "exit 1");
        sandbox.Uninstall(Sandbox.Pictures);
        Assert.Equal(7, (await sandbox.Run("doctor")).Code);
        Assert.False(File.Exists(log));
        Assert.Single(sandbox.Builds);
        Assert.Equal(7, (await sandbox.Run("doctor")).Code);
        Assert.Single(sandbox.Builds);
        sandbox.Install(Sandbox.Pictures);
        Assert.Equal(7, (await sandbox.Run("doctor")).Code);
        Assert.Equal(2, sandbox.Builds.Length);
    }

    [Fact]
    public async Task Without_rights_the_exact_command_is_printed()
    {
        var log = Apt(user: 1000);
        sandbox.Stub("sudo", "exit 1");
        sandbox.Uninstall(torchFile);
        sandbox.Forget("cmake");
        var outcome = await sandbox.Run("doctor");
        Assert.Equal(2, outcome.Code);
        Assert.Contains("sudo apt-get update && sudo apt-get install -y --no-install-recommends libtorch-dev cmake\n", outcome.Error);
        Assert.False(File.Exists(log));
    }

    [Theory]
    [InlineData("node", "nodejs")]
    [InlineData("npm", "npm")]
    public async Task What_bundles_the_page_is_asked_for(string tool, string package)
    {
        Apt(user: 1000);
        sandbox.Stub("sudo", "exit 1");
        sandbox.Forget(tool);
        var outcome = await sandbox.Run("doctor");
        Assert.Equal(2, outcome.Code);
        Assert.Contains($"--no-install-recommends {package}\n", outcome.Error);
    }

    [Theory]
    [InlineData("debian", 0, true)]
    [InlineData("ubuntu", 0, false)]
    [InlineData("debian", 1000, false)]
    public async Task Tests_bring_a_browser_where_they_may(string system, int user, bool installed)
    {
        var log = Apt(user);
        sandbox.Stub("sudo", "exit 1");
        sandbox.Install("etc/os-release");
        await File.WriteAllTextAsync(Path.Combine(sandbox.SystemRoot, "etc/os-release"), $"NAME=x\nID={system}\n", TestContext.Current.CancellationToken);
        await sandbox.Run("test");
        Assert.Equal(installed, File.Exists(log) && (await File.ReadAllTextAsync(log, TestContext.Current.CancellationToken)).Contains("--no-install-recommends chromium\n", StringComparison.Ordinal));
        await sandbox.Run("doctor");
        Assert.Equal(installed ? 2 : 0, File.Exists(log) ? (await File.ReadAllLinesAsync(log, TestContext.Current.CancellationToken)).Length : 0);
    }

    [Theory]
    [InlineData(0, true, "test")]
    [InlineData(0, true, "report", "--run", "r", "--plots", "p", "--format", "png")]
    [InlineData(0, false, "report", "--run", "r", "--plots", "p")]
    [InlineData(0, false, "doctor")]
    [InlineData(1000, false, "report", "--run", "r", "--plots", "p", "--format", "png")]
    public async Task What_draws_PNG_is_installed_where_it_is_used_and_may_be(int user, bool installed, params string[] command)
    {
        var log = Apt(user);
        sandbox.Stub("sudo", "exit 1");
        sandbox.Uninstall(Sandbox.Renderer);
        var outcome = await sandbox.Run(command);
        Assert.Equal(installed, File.Exists(log) && (await File.ReadAllTextAsync(log, TestContext.Current.CancellationToken)).Contains("--no-install-recommends librsvg2-2\n", StringComparison.Ordinal));
        if (command[0] != "test") Assert.Equal(7, outcome.Code);                            // the program ran, whatever could be installed
    }

    [Fact]
    public async Task An_installation_that_fails_shows_its_log()
    {
        Apt(user: 0);
        sandbox.Stub("apt-get", "echo 'E: Unable to locate package'; exit 100");
        sandbox.Uninstall(torchFile);
        var outcome = await sandbox.Run("doctor");
        Assert.Equal(1, outcome.Code);
        Assert.Contains("E: Unable to locate package", outcome.Error);
        Assert.Empty(sandbox.Builds);
    }

    /// <summary>A package manager that installs all it knows and logs its calls; returns the log.</summary>
    string Apt(int user)
    {
        var log = Path.Combine(sandbox.Caller, "apt");
        var install = string.Join('\n', Sandbox.SystemFiles.Keys.Select(file => $"touch {Path.Combine(sandbox.SystemRoot, file)}"));
        sandbox.Stub("id", $"echo {user}");
        sandbox.Stub("apt-get", $"echo \"$*\" >> {log}\n[[ $* != *install* ]] || {{ {install}\n }}");
        return log;
    }
}
