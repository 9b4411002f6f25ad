using FsCheck;
using FsCheck.Fluent;
using Tutti.Predictions;
using Tutti.Tests.Ensembling;

namespace Tutti.Tests.Predictions;

public sealed class PredictionFileTests
{
    [Fact]
    public void The_file_is_readable_by_eye()
    {
        using var temp = Shared.Temp();
        PredictionFile.Write(temp.File("p.csv"), new(["7", "a,b"], ["no", "yes"], [0.1, 0.9, 0.75, 0.25], [1, -1], [0, -1]));
        Assert.Equal("id,fold,label,prediction,p_no,p_yes\n7,0,yes,yes,0.1,0.9\n\"a,b\",,,no,0.75,0.25\n", File.ReadAllText(temp.File("p.csv")));
        PredictionFile.Write(temp.File("q.csv"), new(["7"], ["no", "yes"], [0.5, 0.5]));
        Assert.Equal("id,prediction,p_no,p_yes\n7,no,0.5,0.5\n", File.ReadAllText(temp.File("q.csv")));
    }

    [Fact]
    public void Probabilities_read_back_bit_by_bit()
    {
        using var temp = Shared.Temp();
        Prop.ForAll<int, byte>((seed, rows) =>
        {
            var set = Some.Predictions(seed, rows + 1, 4);
            PredictionFile.Write(temp.File("p.csv"), set);
            return Same(set, PredictionFile.Read(temp.File("p.csv")));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Ids_and_classes_of_any_text_read_back()
    {
        using var temp = Shared.Temp();
        // Class names have no blanks around them (LabelMap trims labels); ids are what the cell says.
        string[] texts = ["a,b", "\"quoted\"", "two\nlines", "two\r\nlines", "two words", "007", "ü€😀", "p_x", "'", ";", "a\tb", "#", "=1+1"];
        var set = new PredictionSet([.. texts.Select(text => $" {text}\t")], texts, [.. Enumerable.Range(0, texts.Length * texts.Length).Select(i => i / texts.Length == i % texts.Length
            ? 1.0 : 0)],
            [.. Enumerable.Range(0, texts.Length)]);
        PredictionFile.Write(temp.File("p.csv"), set);
        Assert.True(Same(set, PredictionFile.Read(temp.File("p.csv"))));
    }

    [Fact]
    public void A_file_made_elsewhere_needs_ids_and_probabilities_only()
    {
        using var temp = Shared.Temp();
        var set = PredictionFile.Read(temp.Write("p.csv", "\uFEFFp_no,id,p_yes\r\n0.3333,1,0.6667\r\n\r\n1e-3,2,0.999\r\n"));
        Assert.Equal(["1", "2"], set.Ids);
        Assert.Equal([0.3333, 0.6667, 0.001, 0.999], set.Probabilities);
        Assert.Null(set.Labels);
        Assert.Null(set.Folds);
    }

    [Theory]
    [InlineData("", 0, "is empty")]
    [InlineData("id,p_x\na,1\n", 1, "at least two classes")]
    [InlineData("name,p_x,p_y\na,0.5,0.5\n", 1, "no column 'id'")]
    [InlineData("id,p_x,p_y\n", 0, "no rows")]
    [InlineData("id,p_x,p_x\n", 1, "names 'p_x' 2 times")]
    [InlineData("id,score,p_x,p_y\na,1,0.5,0.5\n", 1, "column 'score'")]
    [InlineData("id,p_x,p_y\na,0.5,0.5\nb,0.5\n", 3, "has 2 cells, the header has 3")]
    [InlineData("id,p_x,p_y\na,0.5,0.5,1\n", 2, "has 4 cells, the header has 3")]
    [InlineData("id,p_x,p_y\na,0.5,half\n", 2, "'half' is not a number")]
    [InlineData("id,p_x,p_y\na,0.5,\n", 2, "'' is not a number")]
    [InlineData("id,p_x,p_y\na,NaN,0.5\n", 2, "not a finite number")]
    [InlineData("id,p_x,p_y\na,0.5,Infinity\n", 2, "not a finite number")]
    [InlineData("id,p_x,p_y\na,0.5,0.5002\n", 2, "probabilities sum to")]
    [InlineData("id,p_x,p_y\na,1.5,-0.5\n", 2, "not between 0 and 1")]
    [InlineData("id,label,p_x,p_y\na,z,0.5,0.5\n", 2, "column 'label': 'z' is not one of the 2 classes")]
    [InlineData("id,fold,p_x,p_y\na,-1,0.5,0.5\n", 2, "column 'fold': '-1' is not a fold number")]
    [InlineData("id,prediction,p_x,p_y\na,y,0.9,0.1\n", 2, "column 'prediction': 'y' is not the most probable class, 'x' is")]
    [InlineData("id,p_x,p_y\n,0.5,0.5\n", 2, "the id is empty")]
    [InlineData("id,p_x,p_y\n\"a\nb\",0.5,0.5\nc,0.5,0.5\n\nc,0.5,0.5\n", 6, "the id 'c' is there twice, first in line 4")]
    [InlineData("id,p_x,p_y\n\"a,0.5,0.5\n", 2, "never closed")]
    [InlineData("id,p_x,p_y\n\"a\"b,0.5,0.5\n", 2, "text follows the closing quote")]
    public void A_malformed_file_is_an_error_with_its_line(string text, long line, string message)
    {
        using var temp = Shared.Temp();
        var error = Assert.Throws<DataException>(() => PredictionFile.Read(temp.Write("p.csv", text)));
        Assert.Contains(message, error.Message);
        Assert.Equal(line, error.Row);
    }

    [Fact]
    public void A_missing_file_is_a_data_error() => Assert.Contains("no such file",
        Assert.Throws<DataException>(() => PredictionFile.Read("absent.csv")).Message);

    [Fact]
    public void A_tie_may_name_either_class()
    {
        using var temp = Shared.Temp();
        Assert.Equal(1, PredictionFile.Read(temp.Write("p.csv", "id,prediction,p_x,p_y\na,y,0.5,0.5\n")).Count);
    }

    static bool Same(PredictionSet a, PredictionSet b) => a.Ids.SequenceEqual(b.Ids) && a.Classes.SequenceEqual(b.Classes)
        && a.Probabilities.SequenceEqual(b.Probabilities)
        && (a.Labels ?? []).SequenceEqual(b.Labels ?? []) && (a.Folds ?? []).SequenceEqual(b.Folds ?? []);
}
