using Tutti.Models;
using Tutti.Text;

namespace Tutti.Recipes;

/// <summary>A tokenizer that a recipe names: a folder, or a list of words as fastai keeps it.</summary>
static class ReadyTokenizer
{
    /// <param name="path">A folder; or a file with the words by id, pickled, as a JSON list or one a line, which is read as English.</param>
    /// <exception cref="DataException">It cannot be used.</exception>
    public static Tokenizer Load(string path)
    {
        if (!File.Exists(path)) return Tokenizer.Load(path);
        return UlmfitTokenizer.Of(FastaiModel.Words(path), where: path);
    }
}
