using Tutti.Torch;

namespace Tutti.Tests.Torch;

public sealed class ModesTests : EngineTest
{
    static Tensor Some => Tensor.From([1f, 2, 3, 4], 2, 2);
    static DType Product => Some.MatMul(Some).DType;
    static bool Records => (Tensor.Zeros([1]).RequireGrad() * 2).RequiresGrad;

    [Fact]
    public void Autocast_computes_products_in_its_type_until_it_ends()
    {
        Assert.Equal(DType.Float32, Product);
        using (Modes.Autocast(Device.Cpu, DType.BFloat16)) Assert.Equal(DType.BFloat16, Product);
        Assert.Equal(DType.Float32, Product);
    }

    [Fact]
    public void Nested_modes_give_back_what_was_before()
    {
        using (Modes.Autocast(Device.Cpu, DType.BFloat16))
        {
            using (Modes.Autocast(Device.Cpu, null))
            {
                Assert.Equal(DType.Float32, Product);
                using (Modes.Autocast(Device.Cpu, DType.BFloat16)) Assert.Equal(DType.BFloat16, Product);
                Assert.Equal(DType.Float32, Product);
            }
            Assert.Equal(DType.BFloat16, Product);
        }
        Assert.Equal(DType.Float32, Product);
    }

    [Fact]
    public void No_grad_nests_too()
    {
        Assert.True(Records);
        using (Modes.NoGrad())
        {
            using (Modes.NoGrad()) Assert.False(Records);
            Assert.False(Records);
        }
        Assert.True(Records);
    }

    [Fact]
    public void An_exception_inside_gives_the_mode_back()
    {
        Assert.Throws<TorchException>(() =>
        {
            using var cast = Modes.Autocast(Device.Cpu, DType.BFloat16);
            using var none = Modes.NoGrad();
            Some.MatMul(Tensor.Zeros([3, 3]));
        });
        Assert.Equal(DType.Float32, Product);
        Assert.True(Records);
    }

    [Fact]
    public void Disposing_a_mode_twice_does_nothing_more()
    {
        var outer = Modes.Autocast(Device.Cpu, DType.BFloat16);
        var inner = Modes.Autocast(Device.Cpu, null);
        inner.Dispose();
        outer.Dispose();
        inner.Dispose();
        Assert.Equal(DType.Float32, Product);
    }

    [Fact]
    public void Casts_of_weights_are_kept_until_they_are_cleared()
    {
        var weight = Tensor.Zeros([256, 256]).RequireGrad();
        var ones = Tensor.Zeros([1, 256]) + 1;
        using var mode = Modes.Autocast(Device.Cpu, DType.BFloat16);
        Assert.Equal(0, ones.MatMul(weight).To(DType.Float32).Sum().Item());
        using (Modes.NoGrad()) weight.Fill(1);
        Assert.Equal(0, ones.MatMul(weight).To(DType.Float32).Sum().Item());       // the cast from before
        Modes.ClearAutocast();
        Assert.Equal(256 * 256, ones.MatMul(weight).To(DType.Float32).Sum().Item());
        Modes.ClearAutocast();
    }
}

public sealed class EngineTests : EngineTest
{
    [Fact]
    public void TF32_is_switched_and_given_back()
    {
        var before = Modes.Tf32(false);
        Assert.False(Modes.Tf32(true));
        Assert.True(Modes.Tf32(false));
        using (Modes.Tf32(Device.Cuda(), true))
        {
            using (Modes.Tf32(Device.Cuda(), false)) Assert.False(Modes.Tf32(false));
            Assert.True(Modes.Tf32(true));
        }
        Assert.False(Modes.Tf32(false));
        using (Modes.Tf32(Device.Cpu, true)) Assert.False(Modes.Tf32(false));       // another device leaves the switch alone
        Modes.Tf32(before);
    }

    static float[] Draw() => new Op("aten::rand").Call((long[])[64]).ToArray<float>();

    [Fact]
    public void The_same_seed_gives_the_same_numbers()
    {
        Engine.Seed(7);
        var first = Draw();
        Assert.NotEqual(first, Draw());
        Engine.Seed(7);
        Assert.Equal(first, Draw());
        Engine.Seed(8);
        Assert.NotEqual(first, Draw());
    }

    [Fact]
    public void A_saved_generator_goes_on_where_it_was()
    {
        Engine.Seed(9);
        Draw();
        var state = Engine.GeneratorState(Device.Cpu);
        var next = Draw();
        Engine.Seed(1);
        Engine.RestoreGenerator(Device.Cpu, state);
        Assert.Equal(next, Draw());
        Assert.Throws<TorchException>(() => Engine.RestoreGenerator(Device.Cpu, state.AsSpan(0, 10)));
    }

    [Fact]
    public void The_engine_describes_itself()
    {
        Assert.Matches(@"^\d+\.\d+", Engine.Version);
        Assert.True(Engine.Threads >= 1);
        Assert.Contains("ATen", Engine.Info, StringComparison.Ordinal);
        Assert.NotEmpty(Diagnosis.All().Select(line => line.Name));
    }
}
