namespace Tutti.Text;

/// <summary>Words that are cut otherwise than the rules say: contractions, abbreviations with a full stop, emoticons. All in lower case, with ' and ’ alike.</summary>
sealed class WordExceptions
{
    static readonly Lazy<WordExceptions> english = new(() => new(EnglishWords.Exceptions, german: false)), german = new(() => new(GermanWords.Exceptions, german: true));

    /// <summary>Faces and hearts that keep together; those with letters as they are in lower case.</summary>
    const string Emoticons = """
        :) :-) :)) :-)) :))) :-))) (: (-: =) (= :] :-] [: [-: [= =] :o) (o: :} :-} 8) 8-) (-8 ;) ;-) (; (-; :( :-( :(( :-(( :((( :-((( ): )-: =( >:( :') :'-) :'( :'-( :/ :-/ =/ =| :| :-| ]= =[
        :1 :p :-p :o :-o :0 :-0 :() >:o :* :-* :3 :-3 =3 :> :-> :x :-x :d :-d ;d ;-d =d xd xdd 8d 8-d ^_^ ^__^ ^___^ >.< >.> <.< ._. ;_; -_- -__- v.v v_v o_o 0_o o_0 0_0 o.o 0.0 o.0 0.o @_@
        <3 <33 <333 </3 (^_^) (-_-) (._.) (>_<) (*_*) (¬_¬) ಠ_ಠ ಠ︵ಠ (ಠ_ಠ) ¯\(ツ)/¯ (╯°□°）╯︵┻━┻ ><(((*>
        """;

    readonly Dictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> words;
    readonly Dictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> joined;
    readonly int longest;

    WordExceptions(IEnumerable<string> cuts, bool german)
    {
        var all = new Dictionary<string, int[]>();
        foreach (var cut in cuts.Concat(Emoticons.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            .Concat(["'", "''", "\\\")", "<space>", "\\n", "\\t", "c++", .. "abcdefghijklmnopqrstuvwxyzäöü".Select(letter => $"{letter}.")]))
            foreach (var form in new[] { cut, cut.Replace('\'', '\u2019') })
                all[form.Replace(" ", "", StringComparison.Ordinal)] = [.. form.Split(' ').Select(part => part.Length)];
        words = all.GetAlternateLookup<ReadOnlySpan<char>>();
        longest = all.Keys.Max(word => word.Length);
        joined = new Dictionary<string, int[]>(all.Where(entry => HasAffix(entry.Key, german))).GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public static WordExceptions Of(WordLanguage language) => (language == WordLanguage.De ? german : english).Value;

    /// <summary>The lengths of the parts of a word that is an exception, else null.</summary>
    public int[]? Find(ReadOnlySpan<char> word) => word.Length <= longest && words.TryGetValue(word, out var parts) ? parts : null;

    static bool HasAffix(string word, bool german) =>
        WordAffixes.Prefix(word, german) > 0 || WordAffixes.Suffix(word, german) > 0 || WordAffixes.Infix(word, 0, german).Start < word.Length;

    /// <summary>Puts together what the rules cut but what is an exception, such as the face behind a word; the longest first.</summary>
    /// <param name="first">The first piece of the word; its last one is the last of all.</param>
    public void Join(TextPieces text, int first)
    {
        var pieces = text.Pieces;
        int[]? found = null;                                                // by piece: how many an exception takes from here on, -1 within one
        for (var count = Math.Min(pieces.Count - first, longest); count > 1; count--)
            for (var i = first; i + count <= pieces.Count; i++)
            {
                var (start, end) = (pieces[i].Start, pieces[i + count - 1].Start + pieces[i + count - 1].Length);
                if (end - start > longest || !joined.ContainsKey(text.Text[start..end])) continue;
                found ??= new int[pieces.Count - first];
                var taken = found.AsSpan(i - first, count);
                if (taken.IndexOfAnyExcept(0) >= 0) continue;
                taken.Fill(-1);
                taken[0] = count;
            }
        if (found is not null) Rewrite(text, first, found);
    }

    void Rewrite(TextPieces text, int first, int[] found)
    {
        var old = text.Pieces[first..];
        text.Pieces.RemoveRange(first, old.Count);
        for (var i = 0; i < old.Count; i += Math.Max(1, found[i]))
        {
            var (start, end) = (old[i].Start, old[i + Math.Max(1, found[i]) - 1]);
            if (found[i] == 0) text.AddPiece(start, start + old[i].Length);
            else foreach (var length in joined[text.Text[start..(end.Start + end.Length)]]) text.AddPiece(start, start += length);
        }
    }
}
