using Tutti.Predictions;
using Tutti.Reports;

namespace Tutti.Tests.Reports;

public sealed class SubmissionTests
{
    static readonly PredictionSet Set = new(["1", "2", "3"], ["no", "yes"], [0.9, 0.1, 0.25, 0.75, 0.5, 0.5]);

    [Fact]
    public void Without_a_sample_the_columns_are_id_and_label() =>
        Assert.Equal("id,target\n1,no\n2,yes\n3,no\n", Written(null));

    [Fact]
    public void A_sample_gives_columns_and_order() =>
        Assert.Equal("PassengerId,Survived\n3,no\n1,no\n2,yes\n", Written("PassengerId,Survived\n3,0\n1,0\n2,0\n"));

    [Fact]
    public void The_id_column_may_stand_anywhere_if_it_has_the_name() =>
        Assert.Equal("label,id\nyes,2\nno,1\nno,3\n", Written("label,id\n0,2\n0,1\n0,3\n"));

    [Fact]
    public void Columns_named_as_the_classes_get_their_probabilities() =>
        Assert.Equal("id,yes,no\n1,0.1,0.9\n2,0.75,0.25\n3,0.5,0.5\n", Written("id,yes,no\n1,0,0\n2,0,0\n3,0,0\n"));

    [Fact]
    public void The_separator_of_the_sample_is_kept() =>
        Assert.Equal("id;target\n2;yes\n1;no\n3;no\n", Written("id;target\n2;0\n1;0\n3;0\n"));

    [Theory]
    [InlineData("id,target\n1,0\n2,0\n3,0\n4,0\n5,0\n", "2 of its 5 ids have no prediction: '4', '5'; 0 of 3 predictions are not asked for;")]
    [InlineData("id,target\n1,0\n", "0 of its 1 ids have no prediction; 2 of 3 predictions are not asked for: '2', '3'")]
    [InlineData("id,target\n1,0\n2,0\n2,0\n3,0\n3,0\n", "2 ids are there more than once: '2', '3'")]
    [InlineData("id,a,b\n1,0,0\n2,0,0\n3,0,0\n", "has the columns 'a', 'b' beside the id 'id'; expected one, for the predicted class, or one for each of the 2 classes: 'no', 'yes'")]
    [InlineData("id\n1\n2\n3\n", "has the column 'id' only")]
    [InlineData("", "is empty")]
    public void What_does_not_match_is_counted_and_shown(string sample, string message)
    {
        using var temp = Shared.Temp();
        var error = Assert.Throws<DataException>(() => Submission.Write(temp.File("s.csv"), Set, "id", "target", temp.Write("sample.csv", sample)));
        Assert.Contains(message, error.Message);
        Assert.False(File.Exists(temp.File("s.csv")));
    }

    const string Labels = "id,target\n", Both = "id,no,yes\n", Sample = "id,target\n2,0\n1,0\n3,0\n", Probabilities = "id,no,yes\n1,0,0\n2,0,0\n3,0,0\n";

    [Theory]
    [InlineData(Labels + "2,no\n1,no\n", Sample, "1 of 3 ids are missing: '3'; 0 are not asked for")]
    [InlineData(Labels + "2,no\n1,no\n3,no\n4,no\n", Sample, "0 of 3 ids are missing; 1 are not asked for: '4'")]
    [InlineData(Labels + "2,no\n1,no\n3,no\n2,no\n", Sample, "line 5, column 'id': the id '2' is there twice, first in line 2")]
    [InlineData(Labels + "1,no\n2,no\n3,no\n", Sample, "line 2, column 'id': the id '1' stands where '2' is asked for: all are there, in another order")]
    [InlineData(Labels + "2,no\n,no\n3,no\n", Sample, "line 3, column 'id': the id is empty")]
    [InlineData("target,id\nno,2\nno,1\nno,3\n", Sample, "has the columns 'target', 'id'; expected 'id', 'target', in this order")]
    [InlineData(Labels + "2,no\n1,maybe\n3,no\n", Sample, "line 3, column 'target': got 'maybe', expected one of the 2 classes: 'no', 'yes'")]
    [InlineData(Labels + "1,no\n2,no\n3,\n", null, "line 4, column 'target': the cell is empty")]
    [InlineData(Both + "1,0.5,0.5\n2,1.5,-0.5\n3,0,1\n", Probabilities, "line 3, column 'no': got '1.5', expected a probability from 0 to 1")]
    [InlineData(Both + "1,0.5,0.5\n2,NaN,0.5\n3,0,1\n", Probabilities, "line 3, column 'no': got 'NaN', expected a probability from 0 to 1")]
    [InlineData(Both + "1,0.5,0.5\n2,0.5,0.4\n3,0,1\n", Probabilities, "line 3: the probabilities sum to 0.9, expected 1")]
    [InlineData(Both + "1,0.5,0.5\n2,0.5,\n3,0,1\n", Probabilities, "line 3, column 'yes': the cell is empty")]
    public void A_file_is_checked_as_it_stands_on_the_disk(string file, string? sample, string message)
    {
        using var temp = Shared.Temp();
        var error = Assert.Throws<DataException>(() => Submission.CheckFile(temp.Write("s.csv", file), Set, "id", "target", sample is null ? null : temp.Write("sample.csv", sample)));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_written_passes_its_own_check()
    {
        using var temp = Shared.Temp();
        foreach (var sample in new[] { Sample, Probabilities, "id;target\n2;0\n1;0\n3;0\n" })
        {
            Submission.Write(temp.File("s.csv"), Set, "id", "target", temp.Write("sample.csv", sample));
            Submission.CheckFile(temp.File("s.csv"), Set, "id", "target", temp.File("sample.csv"));
        }
    }

    static string Written(string? sample)
    {
        using var temp = Shared.Temp();
        Submission.Write(temp.File("s.csv"), Set, "id", "target", sample is null ? null : temp.Write("sample.csv", sample));
        return File.ReadAllText(temp.File("s.csv"));
    }
}
