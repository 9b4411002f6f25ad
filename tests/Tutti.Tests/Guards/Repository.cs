using System.Diagnostics;
using System.Text;

namespace Tutti.Tests.Guards;

/// <summary>The repository's own files, as the guards read them.</summary>
static class Repository
{
    /// <summary>Files below some folders of the root, by paths relative to it; build outputs are left out.</summary>
    public static IReadOnlyList<string> Files(string[] folders, params string[] endings) =>
        [.. folders.Select(folder => Path.Combine(Shared.Root, folder)).Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            .Where(file => endings.Any(ending => file.EndsWith(ending, StringComparison.Ordinal)))
            .Select(Relative).Where(file => !file.Split('/').Any(part => part is "bin" or "obj" or "artifacts" or "__pycache__"))
            .Order(StringComparer.Ordinal)];

    public static string Read(string file) => File.ReadAllText(Path.Combine(Shared.Root, file));

    /// <summary>The files that git holds, or a skipped test with the reason.</summary>
    public static IReadOnlyList<string> Tracked()
    {
        var start = new ProcessStartInfo("git", ["-c", "safe.directory=*", "ls-files", "-z"])
        {
            WorkingDirectory = Shared.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var git = Process.Start(start)!;
            var error = git.StandardError.ReadToEndAsync();
            var files = git.StandardOutput.ReadToEnd().Split('\0', StringSplitOptions.RemoveEmptyEntries);
            git.WaitForExit();
            Assert.SkipUnless(git.ExitCode == 0, $"not a git checkout: {error.GetAwaiter().GetResult().Trim()}");
            return [.. files.Where(file => File.Exists(Path.Combine(Shared.Root, file)))];
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            Assert.Skip($"git cannot be started: {e.Message}");
            return [];
        }
    }

    /// <summary>
    /// Code without its comments, line for line: what stands behind <c>//</c> and between <c>/*</c> and <c>*/</c> is blanked.
    /// Texts in quotes stay, so that a // inside one is not taken for a comment.
    /// </summary>
    public static string WithoutComments(string code)
    {
        var clean = new StringBuilder(code.Length);
        for (var i = 0; i < code.Length;)
        {
            var end = code[i] switch
            {
                '/' when At("//") => Until("\n", 0),
                '/' when At("/*") => Until("*/", 2),
                '"' when At("\"\"\"") => -Until("\"\"\"", 3, i + 3),
                '"' when i > 0 && (code[i - 1] == '@' || (i > 1 && code[i - 1] == '$' && code[i - 2] == '@')) => -Verbatim(i + 1),
                '"' => -Quoted(i + 1, '"'),
                '\'' => -Quoted(i + 1, '\''),
                _ => -(i + 1),
            };
            if (end < 0) clean.Append(code, i, -end - i);
            else clean.Append('\n', code.AsSpan(i, end - i).Count('\n'));
            i = Math.Abs(end);

            bool At(string text) => code.AsSpan(i).StartsWith(text);
            int Until(string text, int plus, int from = -1) =>
                code.IndexOf(text, from < 0 ? i : from, StringComparison.Ordinal) is var found and >= 0 ? found + plus : code.Length;
        }
        return clean.ToString();

        int Quoted(int at, char quote)
        {
            while (at < code.Length && code[at] != quote && code[at] != '\n') at += code[at] == '\\' ? 2 : 1;
            return Math.Min(code.Length, at + 1);
        }

        int Verbatim(int at)
        {
            for (; at < code.Length; at++)
                if (code[at] == '"' && (at + 1 == code.Length || code[at + 1] != '"' || ++at < 0)) break;
            return Math.Min(code.Length, at + 1);
        }
    }

    static string Relative(string file) => Path.GetRelativePath(Shared.Root, file).Replace('\\', '/');
}
