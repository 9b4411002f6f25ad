using System.Globalization;
using Tutti.Torch;

namespace Tutti.Bench;

/// <summary>Starts a peer that computes with a BERT of some size on texts of given lengths.</summary>
static class BertPeer
{
    /// <param name="script">A file of bench/peers that takes the model's sizes, <c>--precision</c> and <c>--lengths</c>.</param>
    /// <param name="size">Of the model.</param>
    /// <param name="precision">fp32 or bf16.</param>
    /// <param name="lengths">Tokens of each text.</param>
    /// <param name="skipped">Why there is no peer, where none is given back.</param>
    /// <param name="more">Further arguments.</param>
    public static Peer? Start(string script, BertSize size, string precision, int[] lengths, ref string? skipped, params IEnumerable<string> more)
    {
        var file = Path.GetTempFileName();
        try
        {
            Lengths.Write(file, lengths);
            return new Peer(script,
            [
                "--layers", Text(size.Layers), "--hidden", Text(size.Hidden), "--heads", Text(size.Heads), "--intermediate", Text(size.Intermediate), "--vocabulary", Text(size.Vocabulary),
                "--precision", precision, "--lengths", file, "--threads", Text(Engine.Threads), .. more,
            ]);
        }
        catch (PeerException e)
        {
            skipped = e.Message;
            return null;
        }
        finally
        {
            File.Delete(file);                                // a peer that is ready has read it
        }
    }

    static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
