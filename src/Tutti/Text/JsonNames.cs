namespace Tutti.Text;

/// <summary>Values of tokenizer.json that are one of a few names.</summary>
static class JsonNames
{
    /// <summary>The value of a member, or another where it is absent.</summary>
    /// <exception cref="DataException">Another name.</exception>
    public static T Of<T>(JsonPart part, string name, T otherwise) where T : struct, Enum
    {
        if (part.Find(name) is not { } value) return otherwise;
        return Enum.GetNames<T>().Contains(value.Text, StringComparer.OrdinalIgnoreCase) ? Enum.Parse<T>(value.Text, ignoreCase: true)
            : throw value.Error("one of " + string.Join(", ", Enum.GetNames<T>()));
    }

    public static string Of(PrependScheme scheme) => scheme switch { PrependScheme.Always => "always", PrependScheme.First => "first", _ => "never" };

    public static string Of(WordLanguage language) => language switch { WordLanguage.En => "en", WordLanguage.De => "de", _ => "none" };
}
