using System.Globalization;

namespace Tutti.Tests.Launcher;

/// <summary>What <c>tutti test</c> asks of the runner and how it counts.</summary>
public sealed class TestCommandTests : IDisposable
{
    readonly Sandbox sandbox = new();

    public void Dispose() => sandbox.Dispose();

    [Theory]
    [InlineData(3, 0, 0, 0, 0, "3 passed, 0 failed, 0 skipped", 0)]
    [InlineData(3, 2, 0, 1, 1, "3 passed, 2 failed, 1 skipped", 1)]
    [InlineData(3, 0, 2, 0, 1, "3 passed, 2 failed, 0 skipped", 1)]      // errors outside any test
    [InlineData(3, 0, 0, 0, 134, "3 passed, 1 failed, 0 skipped", 134)]  // a crash after the report
    [InlineData(0, 0, 0, 4, 0, "0 passed, 0 failed, 4 skipped", 1)]      // no test ran
    public async Task The_last_line_counts_and_the_exit_code_agrees(
        int passed, int failed, int errors, int skipped, int runnerCode, string line, int code)
    {
        Runner(string.Create(CultureInfo.InvariantCulture,
            $"<assembly name=\"a\" errors=\"{errors}\" failed=\"{failed}\" not-run=\"9\" passed=\"{passed}\" skipped=\"{skipped}\" total=\"99\">"), runnerCode);
        var outcome = await sandbox.Run("test");
        Assert.Equal(line, outcome.LastLine);
        Assert.Equal(code, outcome.Code);
    }

    [Fact]
    public async Task A_run_without_a_report_is_a_failure()
    {
        var outcome = await sandbox.Run("test");
        Assert.Equal(1, outcome.Code);
        Assert.Equal("0 passed, 1 failed, 0 skipped", outcome.LastLine);
    }

    [Fact]
    public async Task Reasons_of_skipped_tests_are_counted()
    {
        Runner("""
            <assembly failed="0" passed="1" skipped="3" errors="0"><test><reason><![CDATA[no GPU > here]]></reason></test>
            <test><reason><![CDATA[no data]]></reason></test><test><reason><![CDATA[no GPU > here]]></reason></test>
            """, 0);
        var lines = (await sandbox.Run("test")).Output.Split('\n');
        Assert.Equal(["    2 x no GPU > here", "    1 x no data", "1 passed, 0 failed, 3 skipped", ""], lines[^4..]);
    }

    [Fact]
    public async Task Slow_tests_run_with_all_only()
    {
        Runner("<assembly passed=\"1\">", 0);
        Assert.Contains("./tutti test --all", (await sandbox.Run("test", "-class", "A.B")).Output);
        Assert.Contains("Tutti.Tests.dll -noLogo -class A.B -trait- Category=Slow ", sandbox.Calls[^1]);
        await sandbox.Run("test", "--all");
        Assert.DoesNotContain("Slow", sandbox.Calls[^1]);
    }

    [Fact]
    public async Task Parity_names_the_folder_of_fixtures_absolutely()
    {
        Directory.CreateDirectory(Path.Combine(sandbox.Caller, "mine"));
        Runner("<assembly passed=\"1\">", 0);
        Assert.Contains($"fixtures={sandbox.Caller}/mine\n", (await sandbox.Run("test", "--parity", "mine")).Output);
        var wrong = await sandbox.Run("test", "--parity", "absent");
        Assert.Equal(2, wrong.Code);
        Assert.Contains("'absent'", wrong.Error);
    }

    [Fact]
    public async Task Unformatted_code_is_one_failure_more()
    {
        Runner("<assembly passed=\"5\" failed=\"1\">", 1, format: "echo 'A.cs(1,1): error WHITESPACE'; exit 2");
        var outcome = await sandbox.Run("test", "--format");
        Assert.Equal("5 passed, 2 failed, 0 skipped", outcome.LastLine);
        Assert.Contains("error WHITESPACE", outcome.Output);
        Assert.Equal(1, outcome.Code);
        Assert.Equal("5 passed, 1 failed, 0 skipped", (await sandbox.Run("test")).LastLine);
    }

    /// <summary>Makes the test program a stub that writes this report and ends with this code.</summary>
    void Runner(string report, int code, string format = "true")
    {
        var calls = Path.Combine(sandbox.Tree, "../calls");
        sandbox.Stub("dotnet", $$"""
            echo "$*" >> {{calls}}
            case $1 in
                --list-sdks) echo "10.0.100 [/sdk]" ;;
                build) mkdir -p artifacts/bin/Tutti.Tests/release; touch artifacts/bin/Tutti.Tests/release/Tutti.Tests.dll ;;
                format) {{format}} ;;
                *) echo "fixtures=${TUTTI_FIXTURES:-}"
                   while [[ $1 != -xml ]]; do shift; done
                   printf '%s' '<assemblies id="x">{{report}}' > "$2"
                   exit {{code}} ;;
            esac
            """);
    }
}
