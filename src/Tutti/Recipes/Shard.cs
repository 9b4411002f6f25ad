using System.Globalization;
using System.Text.RegularExpressions;

namespace Tutti.Recipes;

/// <summary>One machine's part of a grid: of so many machines, each of which trains every so-manieth cell.</summary>
/// <param name="Index">From 1.</param>
/// <param name="Count">Of all parts.</param>
public readonly partial record struct Shard(int Index, int Count)
{
    const string Option = "--shard";

    /// <summary>Whether this part has the cell with that number, counted from 0.</summary>
    public bool Has(int cell) => cell % Count == Index - 1;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Index}/{Count}");

    /// <summary>Reads "2/4"; or "auto" (a Slurm array's task) or "auto/4" (a Slurm array's task or a Kubernetes index, one of 4).</summary>
    /// <param name="text">As written.</param>
    /// <param name="variable">The environment.</param>
    /// <exception cref="ConfigException">It is none of these, or the environment does not say which part this is.</exception>
    public static Shard Parse(string text, Func<string, string?> variable)
    {
        var match = Form().Match(text);
        if (!match.Success) throw new ConfigException(Option, $"got '{text}', expected the part of this machine, such as 2/4 for the second of four, auto or auto/4");
        var count = match.Groups["count"] is { Success: true } given ? Number(given.Value) : (int?)null;
        var shard = match.Groups["index"] is { Success: true } index ? new Shard(Number(index.Value), count!.Value) : OfEnvironment(text, count, variable);
        if (shard.Count < 1) throw new ConfigException(Option, $"got '{text}', expected at least 1 part");
        if (shard.Index < 1 || shard.Index > shard.Count)
            throw new ConfigException(Option, string.Create(CultureInfo.InvariantCulture, $"got '{text}', which is part {shard.Index} of {shard.Count}; expected a part from 1 to {shard.Count}"));
        return shard;
    }

    static Shard OfEnvironment(string text, int? count, Func<string, string?> variable)
    {
        int? Of(string name) => int.TryParse(variable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
        if (Of("SLURM_ARRAY_TASK_ID") is { } task && (count ?? Of("SLURM_ARRAY_TASK_COUNT")) is { } tasks)
            return new(((task - (Of("SLURM_ARRAY_TASK_MIN") ?? 0)) / Math.Max(1, Of("SLURM_ARRAY_TASK_STEP") ?? 1)) + 1, tasks);
        if (Of("JOB_COMPLETION_INDEX") is { } job && count is { } jobs) return new(job + 1, jobs);
        throw new ConfigException(Option, variable("JOB_COMPLETION_INDEX") is not null && count is null
            ? $"got '{text}', but JOB_COMPLETION_INDEX does not say of how many; write auto/N, N being the job's completions"
            : $"got '{text}', but neither SLURM_ARRAY_TASK_ID (with SLURM_ARRAY_TASK_COUNT) nor JOB_COMPLETION_INDEX is set; write the part, such as 2/4");
    }

    static int Number(string digits) => int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(auto(/(?<count>[0-9]{1,6}))?|(?<index>[0-9]{1,6})/(?<count>[0-9]{1,6}))\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}
