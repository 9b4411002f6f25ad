using System.Text;
using Tutti.Recipes;

namespace Tutti.Tests.Recipes;

public class RecipeFileTests
{
    static string Fault(string yaml) => Assert.Throws<ConfigException>(() => Recipe.Parse(yaml, "/recipes")).Message;

    /// <summary>The message about a recipe that is right but for these lines, which start on line 3.</summary>
    static string With(string lines) => Fault(RecipeTests.Small + "\n" + lines);

    /// <summary>The message about a data section with one more line, which is line 5.</summary>
    static string Data(string line) => Fault($"members: [ {{ model: m }} ]\ndata:\n  train: a.csv\n  label: l\n  {line}\n{(line.StartsWith("text", StringComparison.Ordinal) ? "" : "  text: '{t}'\n")}");

    [Theory]
    [InlineData("trian: {}", "trian: unknown key; did you mean 'train'? (recipe, line 3)")]
    [InlineData("train:\n  epochs: 3\n  learning_rate: 1", "train.learning_rate: unknown key; did you mean 'learning-rate'? (recipe, line 5)")]
    [InlineData("train: { learningRate: 1 }", "train.learningRate: unknown key; did you mean 'learning-rate'? (recipe, line 3)")]
    [InlineData("epochs: 3", "epochs: unknown key here; did you mean 'train.epochs'? (recipe, line 3)")]
    [InlineData("train: { elephant: 3 }", "train.elephant: unknown key; known here: batch, epochs, ")]
    public void An_unknown_key_names_its_line_and_the_nearest_known_one(string lines, string expected) => Assert.StartsWith(expected, With(lines), StringComparison.Ordinal);

    [Theory]
    [InlineData("train: { batch: many }", "train.batch: got 'many', expected a whole number (recipe, line 3)")]
    [InlineData("train: { batch: 1.5 }", "train.batch: got '1.5', expected a whole number (")]
    [InlineData("train: { batch: \"32\" }", "train.batch: got the text \"32\", expected a whole number (")]
    [InlineData("train: { batch: 1_000 }", "train.batch: got '1_000', expected a whole number; write 1000 (")]
    [InlineData("train: { batch: 99999999999 }", "train.batch: got '99999999999', expected a whole number of at most nine digits (")]
    [InlineData("train:\n  batch:\n    - 3", "train.batch: got a list, expected a whole number (recipe, line 4)")]
    [InlineData("train: { batch: }", "train.batch: got nothing, expected a whole number (")]
    [InlineData("train: { learning-rate: fast }", "train.learning-rate: got 'fast', expected a number (")]
    [InlineData("train: { learning-rate: .nan }", "train.learning-rate: got '.nan', expected a number (")]
    [InlineData("train: { learning-rate: 1e999 }", "train.learning-rate: got '1e999', expected a number (")]
    [InlineData("train: { warmup: 6% }", "train.warmup: got '6%', expected a number; write 0.06 (")]
    [InlineData("train: 3", "train: got '3', expected key: value lines (")]
    [InlineData("train: [ batch ]", "train: got a list, expected key: value lines (")]
    [InlineData("submission: [ a ]", "submission: got a list, expected key: value lines, or the file alone (")]
    [InlineData("memory: lots", "memory: got 'lots', expected a number with a unit, such as 14 GB, 8 GiB or 512 MB (")]
    [InlineData("memory: 14", "memory: got '14', expected a number with a unit")]
    [InlineData("checkpoint: { every: 10 fortnights }", "checkpoint.every: got '10 fortnights', expected a number with a unit (s, min or h), such as 30 s, 10 min or 1.5 h (recipe, line 3)")]
    [InlineData("checkpoint:\n  disk: 1 GB\n  every: 10", "checkpoint.every: got '10', expected a number with a unit (s, min or h), such as 30 s, 10 min or 1.5 h (recipe, line 5)")]
    [InlineData("checkpoint: { every: }", "checkpoint.every: got nothing, expected a number with a unit (s, min or h)")]
    [InlineData("checkpoint: { disk: 10 min }", "checkpoint.disk: got '10 min', expected a number with a unit, such as 14 GB")]
    [InlineData("checkpoint: 10 min", "checkpoint: got '10 min', expected key: value lines (")]
    [InlineData("train: { class-weights: heavy }", "train.class-weights: got 'heavy', expected none or balanced")]
    [InlineData("train: { class-weights: { a: b } }", "train.class-weights.a: got 'b', expected a number (")]
    public void A_wrong_type_says_what_was_got_and_expected(string lines, string expected) => Assert.StartsWith(expected, With(lines), StringComparison.Ordinal);

    [Theory]
    [InlineData("train: { schedule: linaer }", "train.schedule: got 'linaer', expected constant, linear, cosine, one-cycle, slanted-triangular, flat-cosine, cosine-restarts, polynomial, inverse-sqrt or sgdr; did you mean 'linear'? (recipe, line 3)")]
    [InlineData("train: { precision: bf61 }", "train.precision: got 'bf61', expected auto, fp32 or bf16; did you mean 'bf16'? (")]
    [InlineData("train: { precision: 1 }", "train.precision: got '1', expected auto, fp32 or bf16 (")]
    [InlineData("task: image-clasification", "task: got 'image-clasification', expected text-classification, image-classification, multi-label, text-regression, multi-target, image-multi-target, language-model or ulmfit; did you mean 'image-classification'? (")]
    [InlineData("blend: men", "blend.method: got 'men', expected mean, geometric, rank, hill-climb, stack, logistic, best or auto; did you mean 'mean'? (")]
    [InlineData("blend: { method: stack, metric: f1 }", "blend.metric: got 'f1', expected log-loss, accuracy or macro-f1")]
    public void A_wrong_choice_names_the_allowed_ones(string lines, string expected) => Assert.StartsWith(expected, With(lines), StringComparison.Ordinal);

    [Theory]
    [InlineData("yes", "; write true (")]
    [InlineData("Off", "; write false (")]
    [InlineData("maybe", "got 'maybe', expected true or false (")]
    [InlineData("\"true\"", "got the text \"true\", expected true or false, without quotes (")]
    public void Truth_values_are_true_and_false(string written, string expected)
        => Assert.Contains(expected, Data($"format: {{ header: {written} }}"), StringComparison.Ordinal);

    [Theory]
    [InlineData("batch: 0", "train.batch: got 0, expected a whole number from 1 (recipe, line 4)")]
    [InlineData("epochs: -1", "train.epochs: got -1, expected a whole number from 1 (")]
    [InlineData("learning-rate: 0", "train.learning-rate: got 0, expected a number above 0 (")]
    [InlineData("learning-rate: 1e-999", "train.learning-rate: got 0, expected a number above 0 (")]
    [InlineData("warmup: -0.1", "train.warmup: got -0.1, expected a number from 0 (")]
    [InlineData("warmup: 10.5", "train.warmup: got 10.5, expected a fraction below 1 or a whole number of updates (")]
    [InlineData("beta2: 1", "train.beta2: got 1, expected a number from 0, below 1 (")]
    [InlineData("label-smoothing: 1.5", "train.label-smoothing: got 1.5, expected a number from 0, below 1 (")]
    [InlineData("dropout: 1", "train.dropout: got 1, expected a number from 0, below 1 (")]
    [InlineData("max-length: 2", "train.max-length: got 2, expected a whole number from 3 (")]
    [InlineData("class-weights: { a.b: 0 }", "train.class-weights.a.b: got 0, expected a number above 0 (recipe, line 4)")]
    public void A_number_out_of_range_is_a_fault(string line, string expected) => Assert.StartsWith(expected, With("train:\n  " + line), StringComparison.Ordinal);

    [Theory]
    [InlineData("validation: 1.5", "data.validation: got 1.5, expected a number above 0, below 1 (recipe, line 5)")]
    [InlineData("folds: 1", "data.folds.count: got 1, expected a whole number from 2 (recipe, line 5)")]
    [InlineData("folds: { kind: time }", "data.folds.kind: got 'time', which is not built yet")]
    [InlineData("folds: { kind: grouped }", "data.folds.column: is required with kind grouped (recipe, line 5)")]
    [InlineData("folds: { column: c }", "data.folds.column: has no meaning with kind stratified")]
    [InlineData("text: text", "data.text: got 'text', expected at least one {column}; did you mean \"{text}\"? (recipe, line 5)")]
    [InlineData("text: {keyword}", "data.text: got a mapping, expected a text; a text that starts with { needs quotes, such as \"{keyword}\" (recipe, line 5)")]
    [InlineData("labels: [a, b, a]", "data.labels: got 'a' twice (")]
    [InlineData("labels: a", "data.labels: got 'a', expected a list; write [a] (")]
    [InlineData("id: \"\"", "data.id: got an empty text (")]
    [InlineData("folds: { kind: group, column: c }", "data.folds.kind: got 'group', expected k-fold, stratified, grouped, column or holdout (recipe, line 5)")]
    [InlineData("folds: { kind: holdout }", "data.folds.kind: is holdout, which data.validation says: write validation: 0.2 in place of folds (")]
    [InlineData("format: { delimiter: semicolon }", "data.format.delimiter: got 'semicolon', expected one character such as ',', ';', '|' or tab (recipe, line 5)")]
    [InlineData("format: { delimiter: \"\" }", "data.format.delimiter: got '', expected one character")]
    [InlineData("format: { quote: ab }", "data.format.quote: got 'ab', expected one character, or \"\" for none (")]
    [InlineData("format: { delimiter: ;, quote: ; }", "data.format.quote: got ';', expected a character such as '\"', other than the delimiter (")]
    [InlineData("format: { encoding: utf8 }", "data.format.encoding: got 'utf8', expected a name such as utf-8, iso-8859-1, windows-1252 or utf-16; did you mean 'utf-8'? (")]
    [InlineData("format: { columns: [a, b, a] }", "data.format.columns: got 'a' 2 times, expected a name of its own for every column (")]
    [InlineData("format: { header: true, columns: [a] }", "data.format.columns: is given for files with a header; take it out, or write header: false (")]
    public void Data_settings_are_checked(string line, string expected) => Assert.StartsWith(expected, Data(line), StringComparison.Ordinal);

    [Theory]
    [InlineData("[]", "members: got an empty list, expected at least one member (recipe, line 2)")]
    [InlineData("bert", "members: got 'bert', expected a list (")]
    [InlineData("[ { model: a, seeds: 1 } ]", "members.0.seeds: got '1', expected a list; write [1] (")]
    [InlineData("[ { model: a, seeds: [1, 2, 1] } ]", "members.0.seeds: got 1 twice; the same seed trains the same model (")]
    [InlineData("[ { model: a, seeds: [-1] } ]", "members.0.seeds: got -1, expected whole numbers from 0 (")]
    [InlineData("[ { model: a, name: X }, { model: b, name: x } ]", "members.1.name: got 'X' again, expected a name that no other member has")]
    [InlineData("[ { model: a, name: a/b } ]", "members.0.name: got 'a/b', expected 1 to 64 of")]
    [InlineData("[ { seeds: [1] } ]", "members.0.model: is required: Folder of a Hugging Face model")]
    [InlineData("[ { model: a, train: { epochs: } } ]", "members.0.train.epochs: got nothing, expected a value; take the key out to keep the common one (")]
    [InlineData("[ { model: a, train: { epochs: 0 } } ]", "members.0.train.epochs: got 0, expected a whole number from 1 (")]
    [InlineData("[ { model: { } } ]", "members.0.model: is empty; expected the folder of a model, or kind, layers, hidden, heads and vocabulary (")]
    [InlineData("[ { model: { folder: a, layers: 2 } } ]", "members.0.model.folder: is given together with the description of a new encoder")]
    [InlineData("[ { model: { kind: gpt, layers: 2, hidden: 8, heads: 2, vocabulary: 9 } } ]", "members.0.model.kind: got 'gpt', expected bert, roberta, electra, distilbert, deberta-v2, albert, mpnet, modernbert or awd-lstm")]
    [InlineData("[ { model: { kind: awd-lstm, layers: 2, hidden: 8, heads: 2, vocabulary: 90 } } ]", "members.0.model.heads: is of encoders with attention; kind: awd-lstm has none (")]
    [InlineData("[ { model: { kind: bert, layers: 2, hidden: 8, heads: 2, vocabulary: 9, embedding: 4 } } ]", "members.0.model.embedding: is for kind: awd-lstm alone (")]
    [InlineData("[ { model: { kind: bert, layers: 2, hidden: 9, heads: 2, vocabulary: 9 } } ]", "members.0.model.hidden: got 9, expected a multiple of heads (2) (")]
    [InlineData("[ { model: { kind: bert, layers: 2, hidden: 8, heads: 2 } } ]", "members.0.model.vocabulary: is required for a model that is trained from nothing (or tokenizer) (")]
    [InlineData("[ { model: { kind: bert, hidden: 8, heads: 2, vocabulary: 9 } } ]", "members.0.model.layers: is required for a model that is trained from nothing (")]
    [InlineData("[ { model: { kind: bert, layers: 2, hidden: 8, heads: 2, vocabulary: { kind: bpe, size: 260 } } } ]", "members.0.model.vocabulary.size: got 260, expected at least 261 for bpe: the special tokens and the 256 bytes (")]
    [InlineData("[ { model: { kind: roberta, layers: 2, hidden: 8, heads: 2, vocabulary: { kind: wordpiece, size: 300 } } } ]", "members.0.model.vocabulary.kind: got wordpiece for kind: roberta, expected bpe, unigram, words or subwords (")]
    [InlineData("[ { model: { kind: bert, layers: 2, hidden: 8, heads: 2, vocabulary: { kind: char, size: 300 } } } ]", "members.0.model.vocabulary.kind: got 'char', expected wordpiece, bpe, unigram, words or subwords")]
    [InlineData("[ { model: { kind: bert, layers: 2, hidden: 8, heads: 2, vocabulary: { kind: words, size: 9 } } } ]", "members.0.model.vocabulary.size: got 9, expected at least 10 for words: the special tokens and one more (")]
    [InlineData("[ { model: { kind: bert, layers: 2, hidden: 8, heads: 2, vocabulary: { kind: words, size: 99, min-frequency: 0 } } } ]", "members.0.model.vocabulary.min-frequency: got 0, expected at least 1 (")]
    [InlineData("[ { model: { kind: bert, layers: 2, hidden: 8, heads: 2, vocabulary: { kind: subwords, size: 99, language: de } } } ]", "members.0.model.vocabulary.language: is for kind: words, got kind: subwords (")]
    [InlineData("[ { model: { kind: bert, layers: 2, hidden: 8, heads: 2, vocabulary: { kind: words, size: 99, language: fr } } } ]", "members.0.model.vocabulary.language: got 'fr', expected en, de or none")]
    [InlineData("[ { model: { kind: bert, layers: 2, hidden: 8, heads: 2, vocabulary: { kind: bpe } } } ]", "members.0.model.vocabulary.size: is required: The most tokens")]
    public void Members_are_checked(string members, string expected)
        => Assert.StartsWith(expected, Fault($"data: {{ train: a.csv, text: '{{t}}', label: l }}\nmembers: {members}"), StringComparison.Ordinal);

    [Fact]
    public void Folds_and_validation_exclude_each_other() => Assert.StartsWith(
        "data.validation: is given together with folds; keep one of them",
        Data("folds: 5\n  validation: 0.2"), StringComparison.Ordinal);

    [Fact]
    public void A_submission_needs_test_rows_and_a_plain_file_name()
    {
        Assert.StartsWith("submission: needs data.test, the rows to predict (recipe, line 3)", With("submission: s.csv"), StringComparison.Ordinal);
        Assert.StartsWith("submission.file: got '../s.csv', expected a plain file name",
            Fault("data: { train: a.csv, test: b.csv, text: '{t}', label: l }\nmembers: [ { model: m } ]\nsubmission: ../s.csv"), StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_are_for_labels_that_exist() => Assert.StartsWith(
        "train.class-weights.spma: is not one of data.labels; did you mean 'spam'? (recipe, line 3)",
        Fault("data: { train: a.csv, text: '{t}', label: l, labels: [spam, ham] }\nmembers: [ { model: m } ]\ntrain: { class-weights: { spma: 2 } }"), StringComparison.Ordinal);

    [Fact]
    public void Missing_required_keys_are_all_named()
    {
        var message = Fault("blend: mean");
        Assert.StartsWith("recipe: 2 faults\n  data: is required: ", message, StringComparison.Ordinal);
        Assert.Contains("\n  members: is required: ", message, StringComparison.Ordinal);
        message = Fault("data: { id: id }\nmembers: [ { model: m } ]");
        foreach (var key in new[] { "data.train", "data.text" })
            Assert.Contains($"\n  {key}: is required: ", message, StringComparison.Ordinal);
        Assert.EndsWith("(recipe, line 1)", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Classes_need_a_column_and_masked_tokens_have_none()
    {
        const string Rest = "members: [ { model: m } ]\n";
        Assert.StartsWith("data.label: is required: ", Fault("data: { train: a.csv, text: '{t}' }\n" + Rest), StringComparison.Ordinal);
        Assert.StartsWith("data.label: has no meaning with task language-model", Fault("task: language-model\ndata: { train: a.csv, text: '{t}', label: l }\n" + Rest), StringComparison.Ordinal);
        Assert.StartsWith("data.folds: has no meaning with task language-model", Fault("task: language-model\ndata: { train: a.csv, text: '{t}', folds: 3 }\n" + Rest), StringComparison.Ordinal);
        Assert.StartsWith("train: has mask-share or whole-words", Fault("data: { train: a.csv, text: '{t}', label: l }\ntrain: { whole-words: true }\n" + Rest), StringComparison.Ordinal);
        Assert.StartsWith("train: has label-smoothing", Fault("task: language-model\ndata: { train: a.csv, text: '{t}' }\ntrain: { label-smoothing: 0.1 }\n" + Rest), StringComparison.Ordinal);
        Assert.StartsWith("members.0.model: names pooling", Fault("task: language-model\ndata: { train: a.csv, text: '{t}' }\nmembers: [ { model: { folder: m, pooling: mean } } ]\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_fault_of_the_common_settings_is_not_repeated_for_each_member() => Assert.StartsWith("train.epochs: got 0, ",
        Fault("data: { train: a.csv, text: '{t}', label: l }\ntrain: { epochs: 0 }\nmembers: [ { model: a, train: { batch: 3 } }, { model: b } ]"), StringComparison.Ordinal);

    [Fact]
    public void Up_to_five_faults_are_listed_and_the_rest_counted()
    {
        var message = With("train: { batch: 0, epochs: 0, beta1: 2, beta2: 2, epsilon: 0, warmup: -1, max-length: 0 }");
        Assert.StartsWith("recipe: 7 faults\n  train.batch: got 0, ", message, StringComparison.Ordinal);
        Assert.EndsWith("\n  and 2 more", message, StringComparison.Ordinal);
        Assert.Equal(1 + 5 + 1, message.Split('\n').Length);
    }

    [Fact]
    public void A_file_is_named_as_the_user_named_it()
    {
        using var temp = Shared.Temp();
        var path = temp.Write("r.yaml", RecipeTests.Small + "\nsede: 1");
        Assert.Equal($"sede: unknown key; did you mean 'seed'? ({path}, line 3)", Assert.Throws<ConfigException>(() => Recipe.Load(path)).Message);
    }

    [Fact]
    public void A_file_that_is_no_recipe_says_why()
    {
        using var temp = Shared.Temp();
        string Load(string path) => Assert.Throws<ConfigException>(() => Recipe.Load(path)).Message;
        Assert.Contains("no such file", Load(temp.File("absent.yaml")), StringComparison.Ordinal);
        Assert.Contains("no such file", Load(temp.File("absent/absent.yaml")), StringComparison.Ordinal);
        Assert.Contains("is a folder", Load(temp.Path), StringComparison.Ordinal);
        Assert.Contains("is empty", Load(temp.Write("empty.yaml", "")), StringComparison.Ordinal);
        Assert.Contains("is empty", Load(temp.Write("comment.yaml", "# nothing\n---\n")), StringComparison.Ordinal);
        Assert.Contains("got a list, expected key: value lines", Load(temp.Write("list.yaml", "- a\n- b\n")), StringComparison.Ordinal);
        Assert.Contains("is not UTF-8", Load(temp.Write("latin.yaml", Encoding.Latin1.GetBytes("blend: m\u00e4an"))), StringComparison.Ordinal);
        Assert.Contains("larger than 1 MiB", Load(temp.Write("big.yaml", RecipeTests.Small + "\n#" + new string('x', 1 << 20))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_just_under_one_mebibyte_with_a_byte_order_mark_is_read()
    {
        using var temp = Shared.Temp();
        var text = RecipeTests.Small + "\n#";
        var path = temp.Write("r.yaml", [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(text + new string('x', (1 << 20) - 3 - text.Length))]);
        Assert.Equal("target", Recipe.Load(path).Data.Label);
    }
}
