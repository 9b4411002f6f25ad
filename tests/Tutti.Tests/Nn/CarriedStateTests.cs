using Tutti.Nn;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Nn;

/// <summary>What streams carry from update to update.</summary>
public sealed class CarriedStateTests() : EngineTest(threads: 1)
{
    static double[] Of(CarriedState state, params long[] ids) => state.Of("h", ids, 2, Device.Cpu, DType.Float64).ToArray<double>();

    static void Keep(CarriedState state, long[] ids, params double[] values) => state.Keep("h", ids, Tensor.From(values, ids.Length, 2));

    [Fact]
    public void What_an_update_leaves_is_read_by_the_next_one_only()
    {
        using var state = new CarriedState(3);
        Assert.Equal([0, 0, 0, 0], Of(state, 0, 2));
        Keep(state, [2, 0], 5, 6, 1, 2);                                           // one micro-batch, in its own order
        Keep(state, [1], 3, 4);
        Assert.Equal([0, 0, 0, 0, 0, 0], Of(state, 0, 1, 2));                      // computed again, it begins where it began
        state.Advance();
        Assert.Equal([5, 6, 1, 2, 3, 4], Of(state, 2, 0, 1));
        Keep(state, [1], 7, 8);
        Assert.Equal([3, 4], Of(state, 1));
        state.Advance();
        Assert.Equal([1, 2, 7, 8, 5, 6], Of(state, 0, 1, 2));                      // a stream that rests keeps what it has
    }

    [Fact]
    public void Streams_beyond_their_number_begin_with_zeros_and_leave_nothing()
    {
        using var state = new CarriedState(1);
        Keep(state, [0, 4], 1, 2, 3, 4);
        state.Advance();
        Assert.Equal([0, 0, 1, 2, 0, 0], Of(state, 4, 0, 1));
        Keep(state, [7], 9, 9);
        state.Advance();
        Assert.Equal([1, 2], Of(state, 0));
    }

    [Fact]
    public void A_saved_state_goes_on_with_the_same_numbers_also_in_the_middle_of_an_update()
    {
        using var state = new CarriedState(2);
        Keep(state, [0, 1], 1, 2, 3, 4);
        state.Advance();
        Keep(state, [1], 7, 8);
        using var other = new CarriedState(2);
        Keep(other, [0], 100, 100);
        foreach (var (name, values) in state.State.ToArray()) other.Restore(name, values);
        Assert.Equal(["next h", "now h"], other.State.Select(item => item.Key).Order());
        foreach (var each in new[] { state, other })
        {
            Assert.Equal([1, 2, 3, 4], Of(each, 0, 1));
            Keep(each, [0], 5, 6);
            each.Advance();
            Assert.Equal([5, 6, 7, 8], Of(each, 0, 1));
        }
        state.Reset();
        Assert.Empty(state.State);
        Assert.Equal([0, 0], Of(state, 0));
    }

    [Fact]
    public void States_take_no_gradient()
    {
        using var state = new CarriedState(1);
        var x = Tensor.From([1.0, 2], 1, 2).RequireGrad();
        state.Keep("h", [0], x * 2);
        state.Advance();
        Assert.False(state.Of("h", [0], 2, Device.Cpu, DType.Float64).RequiresGrad);
        Assert.Equal([2, 4], Of(state, 0));
    }
}
