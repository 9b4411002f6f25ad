namespace Tutti.Text;

/// <summary>English words that are cut in their own way; blanks show where.</summary>
static class EnglishWords
{
    /// <summary>Contractions without their apostrophe that are other words.</summary>
    static readonly HashSet<string> otherWords = ["ill", "its", "hell", "shell", "shed", "were", "well", "whore"];

    static readonly string[] pronouns = ["i", "you", "he", "she", "it", "we", "they"], questions = ["who", "what", "when", "where", "why", "how", "there", "that"];

    static readonly string[] negated =
    [
        "ca", "could", "do", "does", "did", "had", "may", "might", "must", "need", "ought", "sha", "should", "wo", "would", "ai", "are", "is", "was", "were", "have", "has", "dare",
    ];

    /// <summary>Abbreviations whose full stop belongs to them; initials such as u.s. are found by their shape.</summary>
    static readonly string[] abbreviations =
    [
        "a.m.", "p.m.", "e.g.", "i.e.", "v.s.", "vs.", "co.", "adm.", "bros.", "corp.", "dr.", "gen.", "gov.", "inc.", "jr.", "sr.", "ltd.", "messrs.", "mr.", "mrs.", "ms.", "mt.", "ph.d.", "prof.", "rev.",
        "sen.", "st.", "jan.", "feb.", "apr.", "aug.", "sept.", "oct.", "nov.", "dec.", "calif.",
    ];

    static readonly string[] whole =
    [
        "'s", "\u2018s", "'d", "'re", "'ll", "'em", "'nuff", "'cause", "'cos", "'coz", "'cuz", "'bout", "and/or", "w/o", "ma'am", "o'clock", "doin'", "goin'", "nothin'", "nuthin'", "ol'", "somethin'",
        "lovin'", "havin'",
    ];

    static readonly string[] halves = ["a.m.", "am", "p.m.", "pm"];

    static readonly string[] others = ["y' all", "y all", "how 'd 'y", "not 've", "not ve", "can not", "gon na", "got ta", "let 's", "c'm on", "i 'm a", "i m a"];

    public static IEnumerable<string> Exceptions => Contractions().SelectMany(cut => new[] { cut, cut.Replace("'", "", StringComparison.Ordinal) })
        .Where(cut => !otherWords.Contains(cut.Replace(" ", "", StringComparison.Ordinal)))
        .Concat(Hours()).Concat(abbreviations).Concat(whole).Concat(others);

    /// <summary>With their apostrophe.</summary>
    static IEnumerable<string> Contractions()
    {
        yield return "i 'm";
        foreach (var word in pronouns.Concat(questions))
            foreach (var end in new[] { " 'll", " 'll 've", " 'd", " 'd 've" }) yield return word + end;
        foreach (var word in questions.Concat(["i", "you", "we", "they", "could", "might", "must", "should", "would"])) yield return word + " 've";
        foreach (var word in questions.Concat(["you", "we", "they"])) yield return word + " 're";
        foreach (var word in questions.Concat(["he", "she", "it"])) yield return word + " 's";
        foreach (var word in negated) yield return word + " n't";
        foreach (var word in negated[..15]) yield return word + " n't 've";
    }

    static IEnumerable<string> Hours() => Enumerable.Range(1, 12).SelectMany(_ => halves, (hour, half) => FormattableString.Invariant($"{hour} {half}"));
}
