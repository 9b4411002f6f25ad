namespace Tutti.Hub;

/// <summary>Words of a server in our messages: without control characters, which terminals obey, and not long.</summary>
static class Printable
{
    const int Longest = 120;

    public static string Of(string text)
    {
        var clean = string.Concat(text.Take(Longest).Select(letter => char.IsControl(letter) || char.IsSurrogate(letter) || char.GetUnicodeCategory(letter) == System.Globalization.UnicodeCategory.Format ? '?' : letter));
        return text.Length > Longest ? clean + "..." : clean;
    }
}
