namespace Tutti.Baselines;

/// <summary>How often each word stands in each text. The words are numbered in ordinal order, so nothing depends on how the work was divided.</summary>
/// <param name="Vocabulary">All words.</param>
/// <param name="Counts">(texts x words)</param>
sealed record WordCounts(IReadOnlyList<string> Vocabulary, SparseRows Counts)
{
    const int TextsAtOnce = 256;

    /// <summary>Counts on all cores.</summary>
    public static WordCounts Of(IReadOnlyList<string> texts)
    {
        var parts = new Part[(texts.Count + TextsAtOnce - 1) / TextsAtOnce];
        Parallel.For(0, parts.Length, i => parts[i] = Part.Of(texts, i * TextsAtOnce, Math.Min(texts.Count, (i + 1) * TextsAtOnce)));
        string[] vocabulary = [.. parts.SelectMany(part => part.Words).Distinct(StringComparer.Ordinal)];
        Array.Sort(vocabulary, StringComparer.Ordinal);
        var number = new Dictionary<string, int>(vocabulary.Length, StringComparer.Ordinal);
        foreach (var word in vocabulary) number[word] = number.Count;

        var starts = new int[texts.Count + 1];
        foreach (var (i, length) in parts.SelectMany(part => part.Lengths).Index()) starts[i + 1] = starts[i] + length;
        var (indices, values) = (new int[starts[^1]], new double[starts[^1]]);
        Parallel.For(0, parts.Length, i => parts[i].Write(number, starts, i * TextsAtOnce, indices, values));
        return new(vocabulary, new(vocabulary.Length, starts, indices, values));
    }

    /// <summary>Some texts with word numbers of their own.</summary>
    sealed record Part(List<string> Words, List<int> Lengths, List<(int Word, int Count)> Counts)
    {
        public static Part Of(IReadOnlyList<string> texts, int begin, int end)
        {
            var part = new Part([], [], []);
            var known = new Dictionary<string, int>(StringComparer.Ordinal);
            var lookup = known.GetAlternateLookup<ReadOnlySpan<char>>();
            // The place of a word's count in the text that is being read.
            List<int> placeOf = [];
            var room = new char[64];
            for (var text = begin; text < end; text++)
            {
                var first = part.Counts.Count;
                Baselines.Words.In(texts[text], ref room, word =>
                {
                    if (!lookup.TryGetValue(word, out var id))
                    {
                        id = known.Count;
                        var kept = word.ToString();
                        known[kept] = id;
                        part.Words.Add(kept);
                        placeOf.Add(-1);
                    }
                    if (placeOf[id] < first)
                    {
                        placeOf[id] = part.Counts.Count;
                        part.Counts.Add((id, 0));
                    }
                    part.Counts[placeOf[id]] = (id, part.Counts[placeOf[id]].Count + 1);
                });
                part.Lengths.Add(part.Counts.Count - first);
            }
            return part;
        }

        public void Write(Dictionary<string, int> number, int[] starts, int firstText, int[] indices, double[] values)
        {
            var of = Words.ConvertAll(word => number[word]);
            var read = 0;
            for (var text = 0; text < Lengths.Count; text++)
            {
                var (begin, length) = (starts[firstText + text], Lengths[text]);
                for (var i = 0; i < length; i++, read++) (indices[begin + i], values[begin + i]) = (of[Counts[read].Word], Counts[read].Count);
                Array.Sort(indices, values, begin, length);
            }
        }
    }
}
