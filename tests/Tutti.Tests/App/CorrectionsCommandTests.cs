using System.Text.Json.Nodes;
using Tutti.Recipes;
using Tutti.Tables;
using Tutti.Tests.Recipes;

namespace Tutti.Tests.App;

/// <summary><c>tutti labels</c>: the queue that is filled in, and <c>--apply</c>, which makes a corrected copy and its audit of it.</summary>
[Collection(RunCollection.Name)]
public sealed class CorrectionsCommandTests
{
    [Fact]
    public void The_queue_has_what_a_person_needs_and_the_cells_to_fill_in()
    {
        using var run = new MadeRun();
        var outcome = CommandLine.Run("labels", "--run", run.Folder.Root, "--out", run.In("queue.csv"));
        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        Assert.Equal("""
            id,given,suggested,quality,votes,members,label,who,when,why,text
            f,spam,ham,0.05,ham 1,one-s1-f0 ham 0.950,,,,,sixth
            d,ham,spam,0.050000000000000044,spam 1,one-s1-f0 spam 0.950,,,,,fourth

            """, File.ReadAllText(run.In("queue.csv")));
        Assert.Contains("fourth", outcome.Out, StringComparison.Ordinal);
        Assert.Contains($"then: tutti labels --run {run.Folder.Root} --apply {run.In("queue.csv")}", outcome.Out, StringComparison.Ordinal);
        Assert.Contains($"next: tutti labels --run {run.Folder.Root} --out queue.csv", CommandLine.Run("labels", "--run", run.Folder.Root).Out, StringComparison.Ordinal);
        var issue = JsonNode.Parse(CommandLine.Run("labels", "--run", run.Folder.Root, "--json").Out)!["queue"]![0]!;
        Assert.Equal(("sixth", "one-s1-f0", "ham", 0.05), ((string)issue["text"]!, (string)issue["members"]![0]!["cell"]!, (string)issue["members"]![0]!["prediction"]!, (double)issue["members"]![0]!["probabilities"]![1]!));
    }

    [Fact]
    public void Texts_are_left_out_and_that_is_said_where_the_training_file_is_another_one()
    {
        using var run = new MadeRun();
        File.AppendAllText(run.Train, "g,seventh,ham\n");
        var outcome = CommandLine.Run("labels", "--run", run.Folder.Root, "--out", run.In("queue.csv"));
        Assert.Equal(0, outcome.Code);
        Assert.Contains("texts are left out", outcome.Error, StringComparison.Ordinal);
        Assert.StartsWith("id,given,suggested,quality,votes,members,label,who,when,why\n", File.ReadAllText(run.In("queue.csv")), StringComparison.Ordinal);
    }

    [Fact]
    public void Corrections_make_a_copy_and_an_audit_and_leave_the_original()
    {
        using var run = new MadeRun();
        var corrections = run.Write("corrections.csv", """
            id,given,suggested,quality,label,who,when,why,note
            d,ham,spam,0.05,spam,Ada,2026-11-21,it sells something,!
            f,spam,ham,0.05,spam,Ada,2026-11-21T10:30:00Z,"it is spam, yes",
            b,spam,ham,0.8,drop,Ben,2026-11-22,no text,
            e,ham,spam,0.8,,,,,

            """);
        var outcome = CommandLine.Run("labels", "--run", run.Folder.Root, "--apply", corrections);
        Assert.Equal(0, outcome.Code);
        Assert.Contains("1 labels changed, 1 rows left out, 1 labels confirmed, 1 rows not looked at", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("columns not read: note", outcome.Error, StringComparison.Ordinal);
        Assert.Contains($"next: tutti train {run.Folder.Recipe} --set data.train={run.In("train.corrected.csv")} --run {run.Folder.Root}-corrected", outcome.Out, StringComparison.Ordinal);
        Assert.Equal(MadeRun.Rows, File.ReadAllText(run.Train));
        Assert.Equal("key,text,label\na,first,ham\nc,third,spam\nd,fourth,spam\ne,fifth,ham\nf,sixth,spam\n", File.ReadAllText(run.In("train.corrected.csv")));

        var lines = File.ReadAllLines(run.In("train.corrected.csv.audit.jsonl")).Select(line => JsonNode.Parse(line)!).ToArray();
        Assert.Equal(4, lines.Length);
        Assert.Equal(("run", "train.csv", Table.Read(run.Train).ContentHash, Table.Read(run.In("train.corrected.csv")).ContentHash, "corrections.csv", Table.Read(corrections).ContentHash),
            ((string)lines[0]["run"]!, (string)lines[0]["source"]!, (string?)lines[0]["sourceSha256"], (string?)lines[0]["correctedSha256"], (string)lines[0]["corrections"]!, (string?)lines[0]["correctionsSha256"]));
        Assert.Equal(("changed", "d", 5, 1, "ham", "spam", "Ada", "2026-11-21", "it sells something"), ((string)lines[1]["kind"]!, (string)lines[1]["id"]!, (int)lines[1]["line"]!, (int)lines[1]["fold"]!,
            (string)lines[1]["old"]!, (string)lines[1]["new"]!, (string)lines[1]["who"]!, (string)lines[1]["when"]!, (string)lines[1]["why"]!));
        Assert.Equal((1 - 0.95, 0.95), ((double)lines[1]["oldProbability"]!, (double)lines[1]["newProbability"]!));
        Assert.Equal(("confirmed", "f", "spam", "spam"), ((string)lines[2]["kind"]!, (string)lines[2]["id"]!, (string)lines[2]["old"]!, (string)lines[2]["new"]!));
        Assert.Equal(("dropped", "b", "spam", null), ((string)lines[3]["kind"]!, (string)lines[3]["id"]!, (string)lines[3]["old"]!, (string?)lines[3]["new"]));

        Assert.Equal(0, CommandLine.Run("labels", "--run", run.Folder.Root, "--apply", corrections).Code);       // the copy may be made again
        File.AppendAllText(run.In("train.corrected.csv"), "g,by hand,ham\n");
        CommandLine.Run("labels", "--run", run.Folder.Root, "--apply", corrections).IsWrongInput("train.corrected.csv", "is there already", "was not made from");
    }

    [Theory]
    [InlineData("line 2, column 'id': there is no row 'x' in", "x,ham,spam,Ada,2026-11-21,why\n")]
    [InlineData("line 3, column 'label': row 'd' is 'ham' here and 'spam' in line 2", "d,,spam,Ada,2026-11-21,why\nd,,ham,Ada,2026-11-21,why\n")]
    [InlineData("line 2, column 'label': got 'spem', expected one of the classes ham, spam, or drop to leave the row out; did you mean 'spam'?", "d,ham,spem,Ada,2026-11-21,why\n")]
    [InlineData("line 2, column 'given': row 'd' is said to have been 'spam', and", "d,spam,spam,Ada,2026-11-21,why\n")]
    [InlineData("line 2, column 'who': the cell is empty", "d,ham,spam,,2026-11-21,why\n")]
    [InlineData("line 2, column 'when': the cell is empty", "d,ham,spam,Ada,,why\n")]
    [InlineData("line 2, column 'why': the cell is empty", "d,ham,spam,Ada,2026-11-21, \n")]
    [InlineData("line 2, column 'when': got '11/21/26', expected a date such as 2026-11-21", "d,ham,spam,Ada,11/21/26,why\n")]
    [InlineData("column 'label': column 'label' is empty in all 1 rows", "d,ham,,,,\n")]
    [InlineData("no row would be 'spam' any more", "b,spam,ham,Ada,2026-11-21,why\nc,spam,ham,Ada,2026-11-21,why\nf,spam,drop,Ada,2026-11-21,why\n")]
    public void Corrections_that_do_not_fit_are_named_with_their_line_and_nothing_is_written(string message, string rows)
    {
        using var run = new MadeRun();
        CommandLine.Run("labels", "--run", run.Folder.Root, "--apply", run.Write("corrections.csv", MadeRun.Head + rows)).IsWrongInput(message, "corrections.csv");
        Assert.Empty(run.Others);
        Assert.Equal(MadeRun.Rows, File.ReadAllText(run.Train));
    }

    [Theory]
    [InlineData("id")]
    [InlineData("label")]
    [InlineData("who")]
    [InlineData("when")]
    [InlineData("why")]
    public void A_missing_column_is_named(string column)
    {
        using var run = new MadeRun();
        CommandLine.Run("labels", "--run", run.Folder.Root, "--apply", run.Write("corrections.csv", MadeRun.Head.Replace(column, "other", StringComparison.Ordinal) + "d,ham,spam,Ada,2026-11-21,why\n"))
            .IsWrongInput($"there is no column '{column}'", "expected id, label, who, when and why", "corrections.csv, line 1");
        Assert.Empty(run.Others);
    }

    [Fact]
    public void A_training_file_that_is_not_the_runs_any_more_is_not_corrected()
    {
        using var run = new MadeRun();
        File.AppendAllText(run.Train, "g,seventh,ham\n");
        Apply(run).IsWrongInput("train.csv: is not the file that", "its SHA-256 is", "Put that file back");
        Assert.Empty(run.Others);
    }

    [Theory]
    [InlineData("train.csv", "the file of the original")]
    [InlineData("corrections.csv", "the file of the corrections")]
    [InlineData("link.csv", "the file of the original")]
    [InlineData("notes.csv", "is there already and was not made from")]
    public void The_copy_replaces_nothing_else(string output, string message)
    {
        using var run = new MadeRun();
        File.CreateSymbolicLink(run.In("link.csv"), run.Train);
        run.Write("notes.csv", "mine");
        Apply(run, "--out", run.In(output)).IsWrongInput("--out", message);
        Assert.Equal((MadeRun.Rows, "mine"), (File.ReadAllText(run.Train), File.ReadAllText(run.In("notes.csv"))));
        Assert.False(File.Exists(run.In(output) + ".audit.jsonl"));
    }

    [Fact]
    public void Rows_that_are_only_held_out_keep_their_labels_unless_asked()
    {
        using var run = new MadeRun("id: key, validation: 0.5", "0,0,-1,0,-1,-1");
        var corrections = run.Write("corrections.csv", MadeRun.Head + "d,ham,spam,Ada,2026-11-21,why\nf,spam,ham,Ada,2026-11-21,why\n");
        var outcome = CommandLine.Run("labels", "--run", run.Folder.Root, "--apply", corrections);
        Assert.Equal(0, outcome.Code);
        Assert.Contains("1 rows that are only held out, never trained on, keep their labels", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(MadeRun.Rows.Replace("f,sixth,spam", "f,sixth,ham", StringComparison.Ordinal), File.ReadAllText(run.In("train.corrected.csv")));
        Assert.Equal(["heldBack", "changed"], CorrectionAudit.Read(run.In("train.corrected.csv.audit.jsonl")).Rows.Select(row => row.Kind == CorrectionKind.HeldBack ? "heldBack" : "changed"));

        outcome = CommandLine.Run("labels", "--run", run.Folder.Root, "--apply", corrections, "--apply-test", "--json");
        Assert.Equal((2, 0), ((int)JsonNode.Parse(outcome.Out)!["changed"]!, (int)JsonNode.Parse(outcome.Out)!["heldBack"]!));
        Assert.Contains("d,fourth,spam", File.ReadAllText(run.In("train.corrected.csv")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_row_of_the_test_file_is_said_to_be_one_and_rows_without_names_are_not_left_out()
    {
        using var run = new MadeRun("id: key, folds: { count: 2 }, test: test.csv");
        run.Write("test.csv", "key,text\nt,x\n");
        CommandLine.Run("labels", "--run", run.Folder.Root, "--apply", run.Write("corrections.csv", MadeRun.Head + "t,,spam,Ada,2026-11-21,why\n")).IsWrongInput("there is no row 't'", "never repaired", "test.csv");
        using var numbered = new MadeRun("folds: { count: 2 }");
        CommandLine.Run("labels", "--run", numbered.Folder.Root, "--apply", numbered.Write("corrections.csv", MadeRun.Head + "3,,drop,Ada,2026-11-21,why\n")).IsWrongInput("rows without an id column are called by their number", "line 2");
        Assert.Equal(0, CommandLine.Run("labels", "--run", numbered.Folder.Root, "--apply", numbered.Write("corrections.csv", MadeRun.Head + "3,ham,spam,Ada,2026-11-21,why\n")).Code);
    }

    [Fact]
    public void A_file_without_a_run_is_corrected_too()
    {
        using var run = new MadeRun();
        var corrections = run.Write("corrections.csv", MadeRun.Head + "d,ham,spam,Ada,2026-11-21,why\n");
        var outcome = CommandLine.Run("labels", "--apply", corrections, "--data", run.Train, "--label", "label", "--id", "key", "--out", run.In("new.csv"));
        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        Assert.Equal(MadeRun.Rows.Replace("d,fourth,ham", "d,fourth,spam", StringComparison.Ordinal), File.ReadAllText(run.In("new.csv")));
        var audit = CorrectionAudit.Read(run.In("new.csv.audit.jsonl"));
        Assert.Equal((null, null, null), (audit.Run, audit.Rows[0].Fold, audit.Rows[0].OldProbability));
        CommandLine.Run("labels", "--apply", corrections, "--data", run.Train, "--label", "lable").IsWrongInput("there is no column 'lable'");
        CommandLine.Run("labels", "--apply", corrections).IsWrongInput("expected --run DIR, or --data FILE");
        CommandLine.Run("labels", "--run", run.Folder.Root, "--apply-test").IsWrongInput("--apply-test: belongs to --apply");
        CommandLine.Run("labels", "--probs", run.Train, "--apply", corrections).IsWrongInput("--probs: has no part in --apply");
    }

    [Fact]
    public void A_second_round_is_numbered()
    {
        using var run = new MadeRun();
        var corrections = run.Write("corrections.csv", MadeRun.Head + "d,ham,spam,Ada,2026-11-21,why\n");
        File.Copy(run.Train, run.In("train.corrected.csv"));
        Assert.Equal(0, CommandLine.Run("labels", "--apply", corrections, "--data", run.In("train.corrected.csv"), "--id", "key").Code);
        File.Copy(run.Train, run.In("other.corrected-2.csv"));
        Assert.Equal(0, CommandLine.Run("labels", "--apply", corrections, "--data", run.In("other.corrected-2.csv"), "--id", "key").Code);
        Assert.True(File.Exists(run.In("train.corrected-2.csv")) && File.Exists(run.In("other.corrected-3.csv")));
    }

    static Outcome Apply(MadeRun run, params string[] more) =>
        CommandLine.Run(["labels", "--run", run.Folder.Root, "--apply", run.Write("corrections.csv", MadeRun.Head + "d,ham,spam,Ada,2026-11-21,why\n"), .. more]);
}
