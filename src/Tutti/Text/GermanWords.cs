namespace Tutti.Text;

/// <summary>German words that are cut in their own way; blanks show where.</summary>
static class GermanWords
{
    /// <summary>Abbreviations, in lower case as the rules leave them; of those that are words too (so., sa., mo., do., di., mi., fr.) none.</summary>
    const string Abbreviations = """
        abb. abk. abs. abt. abzgl. adv. allg. a.d. a.m. a.z. apr. aug. b.a. b.sc. bd. betr. bf. bhf. biol. bsp. bspw. bzgl. bzw. ca. chr. cie. co. d.c. d.h. dez. dgl. dipl. dipl.-ing. dr. e.g. e.v. ebd. ehem.
        eigtl. engl. entspr. erm. etc. ev. evtl. fa. fam. feb. frl. frz. g.m.b.h. geb. gebr. gegr. gem. ggf. ggfs. ggü. h.c. hbf. hg. hr. hrn. hrsg. i.a. i.d.r. i.e. i.g. i.o. i.tr. i.v. ii. iii. iv. inc. incl. ing.
        inkl. insb. jan. jh. jhd. jr. jul. jun. jur. k.o. kath. l.a. lat. lt. m.a. m.e. m.m. m.sc. max. min. mind. mio. mr. mrd. mrs. mrz. mtl. mwst. mär. n.chr. n.y. n.y.c. nat. nov. nr. o.a. o.ä. o.g. o.k. okt. orig.
        österr. p.a. p.s. pers. phil. pkt. prof. q.e.d. r.i.p. red. rer. röm. s.o. s.u. sen. sep. sept. sog. st. std. stellv. str. tägl. tel. tsd. u.a. u.ä. u.s. u.s.a. u.s.s. u.s.w. u.u. u.v.m. univ. usf. usw. uvm. v.a. v.chr.
        v.l.n.r. vgl. vllt. vlt. vol. vs. wiss. z.b. z.bsp. z.t. z.z. z.zt. zzgl.
        """;

    static readonly string[] contractions =
        ["auf 'm", "du 's", "er 's", "hinter 'm", "ich 's", "ihr 's", "sie 's", "unter 'm", "vor 'm", "wir 's", "über 'm"];

    static readonly string[] whole = ["'s", "s'", "'n", "'ne", "'nen", "'nem", "``", "cdu/csu", "c/o", "d'", "l'"];

    public static IEnumerable<string> Exceptions => Abbreviations.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Concat(contractions).Concat(whole);
}
