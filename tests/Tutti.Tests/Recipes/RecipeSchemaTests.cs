using System.Text.Json.Nodes;
using Tutti.Recipes;

namespace Tutti.Tests.Recipes;

/// <summary>The published lists of keys are those of the records. With TUTTI_WRITE_SCHEMA=1 these tests write the files instead.</summary>
public class RecipeSchemaTests
{
    const string TableStart = "<!-- keys: written by the tests with TUTTI_WRITE_SCHEMA=1 -->\n";
    const string TableEnd = "<!-- end of keys -->";

    static readonly bool write = Environment.GetEnvironmentVariable("TUTTI_WRITE_SCHEMA") == "1";

    static string Docs(string name) => Path.Combine(Shared.Root, "docs", name);

    [Fact]
    public void The_published_schema_is_that_of_the_records()
    {
        if (write) File.WriteAllText(Docs("recipe.schema.json"), RecipeSchema.Text());
        Assert.Equal(RecipeSchema.Text(), File.ReadAllText(Docs("recipe.schema.json")));
    }

    [Fact]
    public void The_table_of_keys_in_the_documentation_is_that_of_the_records()
    {
        var text = File.ReadAllText(Docs("recipe.md"));
        var (start, end) = (text.IndexOf(TableStart, StringComparison.Ordinal) + TableStart.Length, text.IndexOf(TableEnd, StringComparison.Ordinal));
        if (write) File.WriteAllText(Docs("recipe.md"), text = $"{text[..start]}{RecipeKeys.Table()}{text[end..]}");
        Assert.Contains(TableStart + RecipeKeys.Table() + TableEnd, text, StringComparison.Ordinal);
    }

    [Fact]
    public void Those_of_task_ratings_are_published_too()
    {
        var (schema, table) = (RecipeSchema.Text(typeof(RatingsRecipe), "Tutti recipe of task ratings"), RecipeKeys.Table(RecipeKeys.Of(typeof(RatingsRecipe))));
        var text = File.ReadAllText(Docs("ratings.md"));
        var (start, end) = (text.IndexOf(TableStart, StringComparison.Ordinal) + TableStart.Length, text.IndexOf(TableEnd, StringComparison.Ordinal));
        if (write)
        {
            File.WriteAllText(Docs("ratings.schema.json"), schema);
            File.WriteAllText(Docs("ratings.md"), text = $"{text[..start]}{table}{text[end..]}");
        }
        Assert.Equal(schema, File.ReadAllText(Docs("ratings.schema.json")));
        Assert.Contains(TableStart + table + TableEnd, text, StringComparison.Ordinal);
        Assert.All(RecipeKeys.Of(typeof(RatingsRecipe)), key => Assert.True(key.Description.Length > 5, key.Path));
        Assert.All(text.Split("```yaml\n").Skip(1).Select(part => part[..part.IndexOf("```", StringComparison.Ordinal)]), example => RatingsRecipe.Parse(example, "/recipes"));
    }

    [Fact]
    public void The_examples_in_the_documentation_load()
    {
        var examples = File.ReadAllText(Docs("recipe.md")).Split("```yaml\n").Skip(1).Select(part => part[..part.IndexOf("```", StringComparison.Ordinal)]).ToArray();
        Assert.NotEmpty(examples);
        Assert.All(examples, example => Recipe.Parse(example, "/recipes"));
    }

    [Fact]
    public void Every_task_but_those_of_pictures_needs_a_text()
    {
        var schema = JsonNode.Parse(RecipeSchema.Text())!;
        Assert.Equal(["train"], schema["properties"]!["data"]!["required"]!.AsArray().Select(key => (string)key!));
        Assert.Equal(["image-classification", "image-multi-target"], schema["if"]!["properties"]!["task"]!["enum"]!.AsArray().Select(task => (string)task!));
        Assert.Equal("text", (string)schema["else"]!["properties"]!["data"]!["required"]![0]!);
    }

    [Fact]
    public void Every_key_has_a_meaning() => Assert.All(RecipeKeys.All, key => Assert.True(key.Description.Length > 5, key.Path));

    [Fact]
    public void The_schema_knows_every_key_and_no_others()
    {
        var schema = JsonNode.Parse(RecipeSchema.Text())!;
        foreach (var key in RecipeKeys.All)
        {
            var node = schema;
            foreach (var part in key.Path.Split('.'))
            {
                node = Meant(schema, node);
                node = Meant(schema, node["anyOf"]?[0] ?? node);
                if (part != "N") Assert.False((bool)node["additionalProperties"]!, key.Path);
                node = part == "N" ? node["items"]! : node["properties"]![part];
                Assert.True(node is not null, key.Path);
            }
            Assert.True(key.Path.EndsWith(".N", StringComparison.Ordinal) || node["description"] is not null, $"{key.Path} has no description");
        }
    }

    /// <summary>What a reference to a part of the schema that stood before stands for.</summary>
    static JsonNode Meant(JsonNode schema, JsonNode node) =>
        node["$ref"] is { } place ? ((string)place!).Split('/').Skip(1).Aggregate(schema, (at, key) => at is JsonArray list ? list[int.Parse(key, System.Globalization.CultureInfo.InvariantCulture)]! : at[key]!) : node;

    [Fact]
    public void The_schema_carries_choices_ranges_defaults_and_required_keys()
    {
        var schema = JsonNode.Parse(RecipeSchema.Text())!;
        var train = schema["properties"]!["train"]!["properties"]!;
        Assert.Equal(["data", "members"], schema["required"]!.AsArray().Select(key => (string)key!));
        Assert.Equal(["constant", "linear", "cosine", "one-cycle", "slanted-triangular", "flat-cosine", "cosine-restarts", "polynomial", "inverse-sqrt", "sgdr"], train["schedule"]!["enum"]!.AsArray().Select(name => (string)name!));
        Assert.Equal((1, 32), ((int)train["batch"]!["minimum"]!, (int)train["batch"]!["default"]!));
        Assert.Equal((0, 2e-5), ((double)train["learning-rate"]!["exclusiveMinimum"]!, (double)train["learning-rate"]!["default"]!));
        Assert.Equal("integer", (string)train["batch"]!["type"]!);
    }
}
