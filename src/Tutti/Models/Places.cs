namespace Tutti.Models;

/// <summary>The row of a position table for every token of a batch.</summary>
static class Places
{
    /// <summary>0, 1, 2 ... from the beginning of each text.</summary>
    public static long[] Counted(TokenBatch batch)
    {
        var places = new long[batch.Tokens];
        for (int i = 0, t = 0; i < batch.Count; i++)
            for (var place = 0; place < batch.Lengths[i]; place++) places[t++] = place;
        return places;
    }

    /// <summary>As RoBERTa counts: behind the padding id's row, by id and not by mask. A padding id inside a text gets the padding row and is not counted.</summary>
    public static long[] BehindPadding(TokenBatch batch, int pad)
    {
        var places = new long[batch.Tokens];
        for (int i = 0, t = 0; i < batch.Count; i++)
        {
            var counted = 0;
            for (var end = t + batch.Lengths[i]; t < end; t++) places[t] = batch.Ids[t] == pad ? pad : pad + ++counted;
        }
        return places;
    }
}
