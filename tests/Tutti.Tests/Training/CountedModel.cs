using Tutti.Models;
using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Tests.Training;

/// <summary>A model that tells when it begins a forward pass: how a test gets into the middle of an update or of an evaluation.</summary>
sealed class CountedModel(TextModel model, Action forward) : TextModel(model.Params, model.Config)
{
    public override int VocabularySize => model.VocabularySize;
    public override int MaxLength => model.MaxLength;
    protected internal override bool ReadsFirst => model.ReadsFirst;

    protected internal override LayerGroups? Groups => model.Groups;
    protected internal override TokenHead? Tokens => model.Tokens;
    public override bool Recurrent => model.Recurrent;
    public override bool Backward => model.Backward;

    protected internal override Tensor Head(Tensor hidden, Ragged ragged) => model.Head(hidden, ragged);

    protected override Tensor Encode(TokenBatch batch, Ragged ragged, Action<Tensor>? observe)
    {
        forward();
        return model.Hidden(batch, observe, out _, ragged.FirstOnly);
    }
}
