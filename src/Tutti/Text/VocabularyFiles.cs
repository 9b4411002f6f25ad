namespace Tutti.Text;

/// <summary>vocab.txt, vocab.json and merges.txt.</summary>
static class VocabularyFiles
{
    /// <summary>One token a line; the id is the line's number from 0.</summary>
    public static Dictionary<string, int> ReadList(string file)
    {
        var lines = TextLines.Read(file);
        if (lines.Length == 0) throw new DataException(file, "the file is empty, expected one token per line");
        var vocabulary = new Dictionary<string, int>(lines.Length);
        for (var id = 0; id < lines.Length; id++)
            if (!vocabulary.TryAdd(lines[id], id))
                throw new DataException(file, $"token '{lines[id]}' stands in line {vocabulary[lines[id]] + 1} already; each token needs one id", id + 1);
        return vocabulary;
    }

    /// <summary>A JSON object from token to id.</summary>
    public static Dictionary<string, int> ReadMap(string file) => ReadMap(JsonPart.Read(file));

    public static Dictionary<string, int> ReadMap(JsonPart map)
    {
        var vocabulary = new Dictionary<string, int>();
        var owners = new Dictionary<int, string>();
        foreach (var (token, value) in map.Members)
        {
            var id = Id(value);
            if (!vocabulary.TryAdd(token, id)) throw new DataException(map.File, $"token '{token}' occurs twice");
            if (!owners.TryAdd(id, token)) throw new DataException(map.File, $"id {id} belongs to '{owners[id]}' and to '{token}'");
        }
        return vocabulary.Count > 0 ? vocabulary : throw new DataException(map.File, "the vocabulary is empty");
    }

    /// <summary>An id as a file has it.</summary>
    public static int Id(JsonPart value) => value.Number is >= 0 and < MostIds ? value.Number : throw value.Error($"an id from 0 to {MostIds - 1}");

    /// <summary>More than any vocabulary has, and few enough to reckon with.</summary>
    const int MostIds = 1 << 28;

    /// <summary>Two tokens a line, separated by a blank, the first merge first; a first line that starts with "#version" is skipped.</summary>
    public static (string Left, string Right)[] ReadMerges(string file, IReadOnlyDictionary<string, int> vocabulary)
    {
        var lines = TextLines.Read(file);
        var merges = new List<(string, string)>(lines.Length);
        for (var row = 1; row <= lines.Length; row++)
        {
            var line = lines[row - 1];
            if (row == 1 && line.StartsWith("#version", StringComparison.Ordinal) || line.Length == 0 && row == lines.Length) continue;
            var parts = line.Split(' ');
            if (FaultOf(parts, vocabulary) is { } fault) throw new DataException(file, fault, row);
            merges.Add((parts[0], parts[1]));
        }
        return [.. merges];
    }

    /// <summary>What is wrong with a merge, or null.</summary>
    /// <param name="prefix">What pieces inside a word begin with; the merged piece has it once.</param>
    public static string? FaultOf(string[] parts, IReadOnlyDictionary<string, int> vocabulary, string? prefix = null)
    {
        var text = string.Join(' ', parts);
        if (parts is not [{ Length: > 0 } left, { Length: > 0 } right]) return $"the merge is '{text}', expected two tokens separated by one blank";
        var missing = new[] { left, right, Bpe.Joined(left, right, prefix) }.FirstOrDefault(token => !vocabulary.ContainsKey(token));
        return missing is null ? null : $"the merge '{text}' needs the token '{missing}', which the vocabulary lacks";
    }
}
