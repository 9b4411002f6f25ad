using Tutti.Torch;

namespace Tutti.Tests.Torch;

public sealed class TensorTests : EngineTest
{
    [Fact]
    public void Arrays_of_every_type_go_in_and_come_out()
    {
        Round<float>([1.5f, float.NaN, -0f], DType.Float32);
        Round<double>([1.5, double.NegativeInfinity], DType.Float64);
        Round<Half>([(Half)1.5, Half.Epsilon], DType.Float16);
        Round<long>([long.MinValue, long.MaxValue], DType.Int64);
        Round<int>([int.MinValue, 3], DType.Int32);
        Round<short>([short.MinValue, 3], DType.Int16);
        Round<byte>([0, 255], DType.UInt8);
        Round<sbyte>([-128, 127], DType.Int8);
        Round<bool>([true, false], DType.Bool);
        Assert.Throws<ArgumentException>(() => Tensor.From([1m]));

        static void Round<T>(T[] values, DType dtype) where T : unmanaged
        {
            var tensor = Tensor.From(values);
            Assert.Equal(dtype, tensor.DType);
            Assert.Equal(values, tensor.ToArray<T>());
        }
    }

    [Fact]
    public void A_view_that_is_not_contiguous_comes_out_in_its_own_order()
    {
        var x = Tensor.From([1, 2, 3, 4, 5, 6], 2, 3);
        Assert.Equal([1, 4, 2, 5, 3, 6], x.Transpose(0, 1).ToArray<int>());
        Assert.Equal([2, 3, 5, 6], x.Narrow(1, 1, 2).ToArray<int>());
        Assert.Equal([7, 7, 7, 7], Tensor.From([7], 1, 1).Expand(2, 2).ToArray<int>());
        Assert.Equal(2, x.Select(1, 1).Narrow(0, 0, 1).Item());
    }

    [Fact]
    public void Tensors_without_axes_and_without_elements_are_tensors()
    {
        var scalar = Tensor.From((ReadOnlySpan<float>)[3f], []);
        Assert.Equal((0, 1L, 3.0), (scalar.Dims, scalar.Count, scalar.Item()));
        Assert.Equal([3f], scalar.ToArray<float>());
        var empty = Tensor.From(ReadOnlySpan<float>.Empty, [2, 0, 3]);
        Assert.Equal((3, 0L), (empty.Dims, empty.Count));
        Assert.Empty(empty.ToArray<float>());
        Assert.Empty(empty.Transpose(0, 2).ToArray<float>());
        Assert.Equal("float32 (2, 0, 3)", empty.ToString());
    }

    [Fact]
    public void Item_takes_one_element_of_any_type()
    {
        Assert.Equal(1, Tensor.From([true]).Item());
        Assert.Equal(-3, Tensor.From([-3L], 1, 1).Item());
        Assert.Equal(2.5, Tensor.From([2.5f]).To(DType.BFloat16).Item());
        Assert.Throws<ArgumentException>(() => Tensor.From([1f, 2]).Item());
        Assert.Throws<ArgumentException>(() => Tensor.From(ReadOnlySpan<float>.Empty, [0]).Item());
    }

    [Fact]
    public void Wrong_types_and_shapes_are_said()
    {
        Assert.Contains("holds Float32, not Int64", Assert.Throws<ArgumentException>(() => Tensor.From([1f]).ToArray<long>()).Message, StringComparison.Ordinal);
        Assert.Contains("got 3 values for shape (2, 2)", Assert.Throws<ArgumentException>(() => Tensor.From([1f, 2, 3], 2, 2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_alias_lives_on_its_own()
    {
        var x = Tensor.From([1f]);
        var y = x.Alias();
        x.Dispose();
        Assert.Equal([1f], y.ToArray<float>());
    }

    [Fact]
    public void Gradients_add_up_until_they_are_set()
    {
        var w = Tensor.From([1f, 2]).RequireGrad();
        Assert.Null(w.Grad);
        w.Square().Sum().Backward();
        w.Square().Sum().Backward();
        Assert.Equal([4f, 8], w.Grad!.ToArray<float>());
        w.SetGrad(null);
        Assert.Null(w.Grad);
    }

    [Fact]
    public void The_norm_is_one_number_of_all_tensors_for_any_thread_count()
    {
        var random = RandomStream.Of(3, "norm");
        var values = Enumerable.Range(0, 300_000).Select(i => (float)random.Normal(i)).ToArray();
        Tensor[] parts = [Tensor.From(values), Tensor.From([3f, 4]), Tensor.From([5f, 6, 7, 8], 2, 2).Transpose(0, 1)];
        var threads = Engine.Threads;
        try
        {
            Engine.Threads = 1;
            var one = Tensor.Norm(parts);
            Engine.Threads = 2;
            Assert.Equal(one, Tensor.Norm(parts));
            Assert.Equal(Math.Sqrt(values.Sum(v => (double)v * v) + 9 + 16 + 25 + 36 + 49 + 64), one, 1e-9);
        }
        finally
        {
            Engine.Threads = threads;
        }
    }
}
