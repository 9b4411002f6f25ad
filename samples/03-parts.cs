#:project ../src/Tutti/Tutti.csproj
// The parts, without a recipe: own rows, own tokenizer, own model, own use of the learner.
// Run it from the repository's root: dotnet run samples/03-parts.cs
using System.Text.Json.Nodes;
using Tutti.Evaluation;
using Tutti.Models;
using Tutti.Predictions;
using Tutti.Tables;
using Tutti.Text;
using Tutti.Training;

// Rows, classes, and a fifth of the rows held out.
var table = Table.Read("samples/disaster/train.csv");
var template = TextTemplate.Parse("{keyword} | {location} | {text}");
var labels = LabelMap.From(table, "target");
var folds = Folds.Make(table, new FoldSettings { Kind = FoldKind.Holdout, Validation = 0.2, Seed = 7 }, "target");

// A vocabulary learnt from the training rows, and every row as token ids.
var texts = TextData.Texts(table, template);
var tokenizer = WordPieceTrainer.Train(folds.Train(0).Select(row => texts[row]), vocabularySize: 2000);
var data = TextData.From(table, template, tokenizer, maxLength: 96, labels.IndicesOf(table, "target"));
var (train, valid) = (data.Rows(folds.Train(0)), data.Rows(folds.Valid(0)));

// A model by the keys of its config.json; ModelFolder.Load reads a published one instead.
using var model = ModelFolder.New(new ModelConfig(new JsonObject
{
    ["model_type"] = "bert", ["vocab_size"] = tokenizer.VocabularySize, ["pad_token_id"] = tokenizer.PadId,
    ["hidden_size"] = 64, ["num_hidden_layers"] = 1, ["num_attention_heads"] = 4, ["intermediate_size"] = 256, ["max_position_embeddings"] = 96,
}, "03-parts.cs").WithLabels(labels.Names), seed: 1);

var config = new TrainConfig { Batch = 16, Epochs = 6, LearningRate = 1e-3, Warmup = 0.1 };
var fit = new Learner(model, config, seed: 1).Fit(train, valid);
Console.WriteLine($"{fit.Updates} updates, {fit.Tokens / fit.Seconds:F0} tokens/s, the best after update {fit.Best.Update}");

// Scores with intervals, on rows that the model never saw.
var ids = table.Ids("id");
var held = new PredictionSet([.. valid.Select(example => ids[example.Row])], labels.Names,
    Predictor.Probabilities(model, valid), [.. valid.Select(example => example.Label)]);
foreach (var (name, score) in EvaluationSummary.Of(held).Scores.Select(line => (line.Name, line.Score))) Console.WriteLine($"{name}: {score}");

// A folder that transformers reads too.
var folder = args.Length > 0 ? args[0] : "runs/03-parts";
ModelFolder.Save(model, folder);
tokenizer.Save(folder);
