using FsCheck;
using FsCheck.Fluent;
using Tutti.Runs;

namespace Tutti.Tests.Runs;

public sealed class RunFolderTests
{
    [Fact]
    public void The_names_are_those_that_users_rely_on()
    {
        var run = new RunFolder("r");
        string[] names = [run.Recipe, run.Events, run.Folds, run.OutOfFold, run.Test, run.Blend, run.Metrics, run.Leaderboard, run.Submission, run.Report];
        Assert.Equal(["recipe.yaml", "events.jsonl", "folds.csv", "oof.csv", "test.csv", "blend.json", "metrics.json", "leaderboard.json", "submission.csv",
            "report.html"],
            names.Select(name => Path.GetRelativePath("r", name)));
        var cell = run.Cell("roberta-base", seed: 3, fold: 1);
        Assert.Equal(Path.Combine("r", "cells", "roberta-base-s3-f1"), cell.Root);
        Assert.Equal(["checkpoint", "resume", "predictions.csv", "metrics.json"], new[] { cell.Checkpoint, cell.Resume, cell.Predictions, cell.Metrics }.Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("..")]
    [InlineData("/root")]
    [InlineData("microsoft/deberta-v3-small")]
    [InlineData("a\\..\\b")]
    [InlineData("C:x")]
    [InlineData("a\0b\n")]
    [InlineData(".hidden")]
    public void A_member_name_cannot_leave_the_folder_of_cells(string member)
    {
        var cell = new RunFolder("r").Cell(member, 1, 0).Root;
        Assert.Equal(Path.GetFullPath(Path.Combine("r", "cells")), Path.GetDirectoryName(Path.GetFullPath(cell)));
        Assert.Matches("^[A-Za-z0-9_-][A-Za-z0-9._-]*$", Path.GetFileName(cell));
    }

    [Fact]
    public void Different_members_have_different_cells() => Prop.ForAll<NonEmptyString, NonEmptyString>((a, b) =>
        a.Get == b.Get || RunFolder.SafeName(a.Get) != RunFolder.SafeName(b.Get)).QuickCheckThrowOnFailure();

    [Fact]
    public void Names_that_only_differ_in_what_paths_cannot_hold_stay_different()
    {
        Assert.NotEqual(RunFolder.SafeName("a/b"), RunFolder.SafeName("a-b"));
        Assert.NotEqual(RunFolder.SafeName("a/b"), RunFolder.SafeName("a:b"));
        Assert.Equal("a-b", RunFolder.SafeName("a-b"));
        Assert.True(RunFolder.SafeName(new string('x', 5000)).Length < 120);
    }
}
