using System.Text;
using Tutti.Tests.Recipes;

namespace Tutti.Tests.App;

/// <summary>Recipes and data that cannot be used: one clear error with exit code 2, and nothing left behind.</summary>
[Collection(RunCollection.Name)]
public sealed class BadDataTests : IDisposable
{
    readonly BadInput input = new();

    public void Dispose() => input.Dispose();

    [Theory]
    [InlineData("data.train=trian.csv", "trian.csv", "no such file", "did you mean 'train.csv'?")]
    [InlineData("data.train=.", "this is a folder")]
    [InlineData("data.test=absent/test.csv", "no such file", "does not exist either")]
    [InlineData("data.sample=absent.csv", "absent.csv", "no such file")]
    [InlineData("data.label=targt", "train.csv", "no column 'targt'", "did you mean 'target'?")]
    [InlineData("data.text={txt}", "no column 'txt'", "did you mean 'text'?")]
    [InlineData("data.pair={other}", "no column 'other'", "The columns are: id, keyword, location, text, target")]
    [InlineData("data.id=nr", "no column 'nr'")]
    [InlineData("data.label=id", "data.label", "names a row")]
    [InlineData("data.text={text", "data.text", "got '{text'")]
    [InlineData("data.format.delimiter=;", "train.csv", "the stated delimiter ';' gives a single column", "',' would give 5")]
    [InlineData("data.format.quote=|", "train.csv")]
    [InlineData("data.format.columns=[a, b]", "5 cells, but 2 columns are named")]
    [InlineData("data.folds={ kind: column, column: fold }", "no column 'fold'")]
    [InlineData("data.folds={ kind: grouped, column: keyword }", "rows have no group")]
    [InlineData("data.folds=97", "96 rows cannot be divided into 97 parts")]
    [InlineData("data.folds=60", "class '0' has 48 rows, too few for 60 stratified folds")]
    [InlineData("data.folds={ kind: k-fold, count: 90 }", "has none in the validation part of fold")]
    [InlineData("data.labels=[0, 2]", "the label '1' is none of the classes", "line ")]
    [InlineData("train.class-weights={ yes: 2 }", "train.class-weights.yes", "is not a class of the data", "0, 1")]
    [InlineData("train.epochs=2.5", "train.epochs: got '2.5', expected a whole number", "on the command line")]
    [InlineData("train.epocs=2", "train.epocs: unknown key; did you mean 'epochs'?")]
    [InlineData("members.0.model=absent", "absent", "the model folder does not exist")]
    [InlineData("members.0.model={ kind: roberta, layers: 1, hidden: 16, heads: 2, vocabulary: 200 }", "vocabulary.size", "expected at least 261 for bpe")]
    [InlineData("submission=oof.csv", "got 'oof.csv', which is a run's own file")]
    [InlineData("submission=../s.csv", "expected a plain file name")]
    [InlineData("blend=stck", "blend.method: got 'stck', expected mean, geometric, rank", "did you mean 'stack'?")]
    [InlineData("blend={ method: mean, per-class: true }", "blend.per-class: has no meaning with method mean")]
    [InlineData("blend={ method: auto, within: 0.01 }", "blend.within: belongs to at-most")]
    [InlineData("blend={ method: auto, at-most: 0 }", "blend.at-most", "from 1")]
    [InlineData("blend={ method: auto, thresholds: true }", "blend.thresholds: needs metric accuracy or macro-f1")]
    [InlineData("memory=lots", "memory: got 'lots', expected a number with a unit")]
    public void A_setting_that_cannot_be(string setting, params string[] naming) => input.TrainRefused([setting], naming);

    [Theory]
    [InlineData("id,text,target\n1,a,0\n2,\"b,1\n3,c,0\n", "line 3", "never closed")]
    [InlineData("id,text,target\n1,a,0\n2,\"b\"x,1\n3,c,0\n", "line 3", "text follows the closing quote")]
    [InlineData("id,text,target\n1,a,0\n2,b\n", "line 3", "this row has 2 cells, the header has 3")]
    [InlineData("id,text,target\n1,a,0\n2,b,1,more\n", "line 3", "this row has 4 cells, the header has 3")]
    [InlineData("", "the file is empty")]
    [InlineData("\n\n", "the file is empty (blank lines only)")]
    [InlineData("id,text,target\n", "a header", "no rows")]
    [InlineData("id,text,target,text\n1,a,0,b\n", "the header names 'text' 2 times")]
    [InlineData("id,text,target\n1,a,0\n2,b,0\n3,c,0\n4,d,0\n", "column 'target'", "only one class, '0'")]
    [InlineData("id,text,target\n1,a,0\n2,b,1\n3,c,0\n4,d,0\n", "class '1' has 1 row, too few for 2 stratified folds")]
    [InlineData("id,text,target\n1,a,0\n2,b,\n3,c,1\n4,d,0\n", "line 3", "column 'target'", "the label is empty in 1 of 4 rows")]
    [InlineData("id,text,target\n1,a,0\n2,b,1\n1,c,1\n4,d,0\n", "line 4", "column 'id'", "the id '1' is there twice, first in line 2")]
    [InlineData("id,text,target\n1,a,0\n,b,1\n3,c,1\n4,d,0\n", "line 3", "the id is empty")]
    [InlineData("id,text,target\n1,a\0b,0\n2,b,1\n", "line 2", "NUL")]
    public void Training_rows_that_cannot_be_read(string text, params string[] naming)
    {
        input.Write("train.csv", text);
        input.TrainRefused(["data.text={text}"], ["train.csv", .. naming]);
    }

    [Fact]
    public void Bytes_that_are_no_text_are_named_by_line()
    {
        input.Write("train.csv", [.. "id,text,target\n1,a,0\n2,caf"u8, 0xE9, .. ",1\n"u8]);
        input.TrainRefused(["data.text={text}"], "train.csv, line 3", "are not utf-8", "windows-1252");
    }

    [Fact]
    public void A_class_that_one_fold_lacks()
    {
        input.Write("train.csv", "text,target,part\n" + string.Concat(Enumerable.Range(0, 20).Select(i => $"word {i},{(i < 10 ? "a" : "b")},{(i < 8 ? 0 : 1)}\n")));
        input.TrainRefused(["data.text={text}", "data.id=null", "data.test=null", "data.sample=null", "submission=null", "data.folds={ kind: column, column: part }"],
            "class 'b'", "has none in the validation part of fold 0");
    }

    [Theory]
    [InlineData("id,target\n1,0\n", "1 of its 1 ids have no prediction: '1'", "30 of 30 predictions are not asked for")]
    [InlineData("id,a,b,c\n1,0,0,0\n", "expected one, for the predicted class")]
    [InlineData("id\n1\n", "has the column 'id' only")]
    [InlineData("id,target\n7,0\n7,0\n", "1 ids are there more than once: '7'")]
    public void A_sample_submission_of_another_task(string text, params string[] naming)
    {
        input.Write("sample.csv", text);
        input.TrainRefused([], ["sample.csv", .. naming]);
    }

    [Theory]
    [InlineData("tasks: x\n", "tasks: unknown key; did you mean 'task'?", "line 1")]
    [InlineData("data: { train: a.csv, text: '{t}', label: l }\ntrain:\n  learning_rate: 1\nmembers: []\n", "2 faults", "train.learning_rate: unknown key; did you mean 'learning-rate'?", "line 3")]
    [InlineData("data: [\n", "not valid YAML")]
    [InlineData("", "is empty")]
    [InlineData("just words", "expected key: value lines")]
    public void A_recipe_that_is_none(string text, params string[] naming)
    {
        input.Write("recipe.yaml", text);
        if (text.StartsWith("tasks", StringComparison.Ordinal)) text += "data: { train: train.csv, text: '{text}', label: target }\nmembers: [ { model: m } ]\n";
        input.Write("recipe.yaml", text);
        if (!text.Contains("members: []", StringComparison.Ordinal)) input.TrainRefused([], naming);
        else input.TrainRefused([], naming[1..]);
    }

    [Fact]
    public void A_recipe_that_is_not_there_or_no_text()
    {
        input.Refused(["train", input.At("none.yaml"), "--run", input.At("run")], "none.yaml", "no such file");
        input.Refused(["train", input.At("."), "--run", input.At("run")], "is a folder");
        input.Write("recipe.yaml", Encoding.Latin1.GetBytes("text: \xE9"));
        input.TrainRefused([], "is not UTF-8 text");
    }
}
