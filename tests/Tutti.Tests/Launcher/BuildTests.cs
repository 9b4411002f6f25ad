namespace Tutti.Tests.Launcher;

/// <summary>When the launcher builds, and that it then stands out of the way.</summary>
public sealed class BuildTests : IDisposable
{
    readonly Sandbox sandbox = new();

    public void Dispose() => sandbox.Dispose();

    [Fact]
    public async Task A_second_start_with_unchanged_sources_does_not_build()
    {
        await sandbox.Run("doctor");
        Assert.StartsWith("build src/Tutti.App -c Release", Assert.Single(sandbox.Builds));
        await sandbox.Run("doctor");
        Assert.Single(sandbox.Builds);
    }

    [Theory]
    [InlineData("changed")]
    [InlineData("added")]
    [InlineData("removed")]
    [InlineData("the page changed")]
    [InlineData("program removed")]
    [InlineData("other libtorch")]
    public async Task A_change_is_built(string what)
    {
        var source = Path.Combine(sandbox.Tree, "src/Tutti.App/Program.cs");
        File.WriteAllText(source + ".more", "");
        await sandbox.Run("doctor");
        switch (what)
        {
            case "changed": File.SetLastWriteTimeUtc(source, File.GetLastWriteTimeUtc(source).AddSeconds(1)); break;
            case "added": File.WriteAllText(Path.Combine(sandbox.Tree, "src/New.cs"), ""); break;
            case "removed": File.Delete(source + ".more"); break;
            case "the page changed":
                Directory.CreateDirectory(Path.Combine(sandbox.Tree, "web/src"));
                File.WriteAllText(Path.Combine(sandbox.Tree, "web/src/main.ts"), "");
                break;
            case "program removed": File.Delete(Path.Combine(sandbox.Tree, "artifacts/bin/Tutti.App/release/Tutti.App.dll")); break;
            default:
                var own = Directory.CreateDirectory(Path.Combine(sandbox.Caller, "own/share/cmake/Torch"));
                File.WriteAllText(Path.Combine(own.FullName, "TorchConfig.cmake"), "");
                sandbox.Environment["LIBTORCH"] = "own";
                break;
        }
        await sandbox.Run("doctor");
        Assert.Equal(2, sandbox.Builds.Length);
    }

    [Fact]
    public async Task Packages_of_the_page_that_npm_wrote_are_no_sources()
    {
        Directory.CreateDirectory(Path.Combine(sandbox.Tree, "web/node_modules/made"));
        await sandbox.Run("doctor");
        File.WriteAllText(Path.Combine(sandbox.Tree, "web/node_modules/made/index.js"), "");
        await sandbox.Run("doctor");
        Assert.Single(sandbox.Builds);
    }

    [Fact]
    public async Task A_changed_test_does_not_build_the_program()
    {
        await sandbox.Run("doctor");
        File.WriteAllText(Path.Combine(sandbox.Tree, "tests/New.cs"), "");
        await sandbox.Run("doctor");
        Assert.Single(sandbox.Builds);
    }

    [Fact]
    public async Task After_the_tests_neither_program_nor_benchmarks_are_built_again()
    {
        await sandbox.Run("test");
        Assert.StartsWith("build Tutti.slnx", Assert.Single(sandbox.Builds));
        await sandbox.Run("doctor");
        await sandbox.Run("bench");
        Assert.Single(sandbox.Builds);
    }

    [Fact]
    public async Task Of_two_starts_at_once_one_builds()
    {
        var outcomes = await Task.WhenAll(sandbox.Run("doctor"), sandbox.Run("doctor"));
        Assert.All(outcomes, outcome => Assert.Equal(7, outcome.Code));
        Assert.Single(sandbox.Builds);
    }

    [Fact]
    public async Task A_failed_build_shows_its_errors_and_is_tried_again()
    {
        sandbox.Stub("dotnet", """
            case $1 in
                --list-sdks) echo "10.0.100 [/sdk]" ;;
                *) echo "Program.cs(1,1): error CS1002: ; expected [/x.csproj]"; echo "noise"; exit 1 ;;
            esac
            """);
        for (var start = 0; start < 2; start++)
        {
            var outcome = await sandbox.Run("doctor");
            Assert.Equal(1, outcome.Code);
            Assert.Contains("error CS1002: ; expected", outcome.Error);
            Assert.DoesNotContain("noise", outcome.Error);
        }
    }

    [Fact]
    public async Task Arguments_the_callers_folder_and_the_exit_code_pass_through()
    {
        var outcome = await sandbox.Run("train", "my recipe.yaml", "--set", "a=b");
        Assert.Equal(7, outcome.Code);
        Assert.Equal(sandbox.Caller, outcome.Output.Split('\n')[0]);
        Assert.EndsWith("Tutti.App.dll train my recipe.yaml --set a=b", sandbox.Calls[^1]);
    }

    [Fact]
    public async Task Without_a_command_the_program_is_asked_for_help()
    {
        await sandbox.Run();
        Assert.EndsWith("Tutti.App.dll --help", sandbox.Calls[^1]);
    }

    [Fact]
    public async Task It_may_be_started_through_a_link()
    {
        var link = Path.Combine(sandbox.Caller, "link");
        File.CreateSymbolicLink(link, Path.Combine(sandbox.Tree, "tutti"));
        Assert.Equal(7, (await sandbox.RunAs(link, "doctor")).Code);
        Assert.True(Directory.Exists(Path.Combine(sandbox.Tree, "artifacts")));
    }
}
