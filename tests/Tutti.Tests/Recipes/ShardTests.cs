using Tutti.Recipes;

namespace Tutti.Tests.Recipes;

public sealed class ShardTests
{
    static Shard Parse(string text, params (string Name, string Value)[] variables) => Shard.Parse(text, variables.ToDictionary(pair => pair.Name, pair => pair.Value).GetValueOrDefault);

    [Fact]
    public void Every_cell_belongs_to_exactly_one_part()
    {
        Shard[] parts = [.. Enumerable.Range(1, 4).Select(i => Parse($"{i}/4"))];
        Assert.All(Enumerable.Range(0, 18), cell => Assert.Single(parts, part => part.Has(cell)));
        Assert.Equal([5, 5, 4, 4], parts.Select(part => Enumerable.Range(0, 18).Count(part.Has)));
    }

    [Fact]
    public void Slurm_numbers_the_tasks_of_an_array_from_any_number_in_any_step()
    {
        (string, string)[] array = [("SLURM_ARRAY_TASK_ID", "14"), ("SLURM_ARRAY_TASK_MIN", "10"), ("SLURM_ARRAY_TASK_STEP", "2"), ("SLURM_ARRAY_TASK_COUNT", "5")];
        Assert.Equal(new Shard(3, 5), Parse("auto", array));
        Assert.Equal(new Shard(3, 8), Parse("auto/8", array));
    }

    [Fact]
    public void Kubernetes_numbers_from_0_and_is_told_of_how_many() => Assert.Equal(new Shard(1, 4), Parse("auto/4", ("JOB_COMPLETION_INDEX", "0")));

    [Theory]
    [InlineData("5/4", "is part 5 of 4; expected a part from 1 to 4")]
    [InlineData("0/4", "expected a part from 1 to 4")]
    [InlineData("1/0", "expected at least 1 part")]
    [InlineData("-1/4", "such as 2/4")]
    [InlineData("2", "such as 2/4")]
    [InlineData("1/4/2", "such as 2/4")]
    [InlineData("auto", "neither SLURM_ARRAY_TASK_ID")]
    [InlineData("auto/4", "neither SLURM_ARRAY_TASK_ID")]
    public void What_is_no_part_is_refused(string text, string why)
    {
        var error = Assert.Throws<ConfigException>(() => Parse(text));
        Assert.StartsWith($"--shard: got '{text}'", error.Message, StringComparison.Ordinal);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Indices_beyond_the_count_are_refused_and_a_missing_count_is_asked_for()
    {
        Assert.Contains("part 5 of 4", Assert.Throws<ConfigException>(() => Parse("auto/4", ("JOB_COMPLETION_INDEX", "4"))).Message, StringComparison.Ordinal);
        Assert.Contains("auto/N", Assert.Throws<ConfigException>(() => Parse("auto", ("JOB_COMPLETION_INDEX", "0"))).Message, StringComparison.Ordinal);
    }
}
