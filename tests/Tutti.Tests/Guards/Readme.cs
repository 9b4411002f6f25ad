namespace Tutti.Tests.Guards;

/// <summary>The fenced blocks of README.md that carry a mark, an HTML comment on the line before.</summary>
/// <param name="Mark"><c>runnable</c>, or <c>file: NAME</c> for a file that the commands use.</param>
/// <param name="Line">Of the fence.</param>
sealed record ReadmeBlock(string Mark, int Line, IReadOnlyList<string> Lines)
{
    public static IReadOnlyList<ReadmeBlock> Of(string markdown)
    {
        var lines = markdown.ReplaceLineEndings("\n").Split('\n');
        List<ReadmeBlock> blocks = [];
        for (var i = 0; i + 1 < lines.Length; i++)
        {
            if (!lines[i].StartsWith("<!-- ", StringComparison.Ordinal) || !lines[i].EndsWith(" -->", StringComparison.Ordinal) || !lines[i + 1].StartsWith("```", StringComparison.Ordinal)) continue;
            var end = Array.IndexOf(lines, "```", i + 2);
            if (end < 0) throw new InvalidDataException($"README.md:{i + 2}: the block does not end");
            blocks.Add(new(lines[i][5..^4], i + 2, lines[(i + 2)..end]));
        }
        return blocks;
    }
}
