using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Training;

public sealed class PrecisionTests : EngineTest
{
    [Theory]
    [InlineData(Precision.Auto, 110_000_000, true, true)]
    [InlineData(Precision.Auto, 110_000_000, false, false)]
    [InlineData(Precision.Auto, 4_000_000, true, false)]
    [InlineData(Precision.Fp32, 110_000_000, true, false)]
    [InlineData(Precision.Bf16, 4_000_000, false, true)]
    public void Auto_is_bf16_for_large_models_where_the_processor_has_it(Precision precision, long weights, bool native, bool half) =>
        Assert.Equal(half ? DType.BFloat16 : null, precision.Autocast(weights, Device.Cpu, DType.Float32, native));

    [Fact]
    public void Auto_leaves_other_types_and_devices_alone()
    {
        Assert.Null(Precision.Auto.Autocast(110_000_000, Device.Cpu, DType.Float64, native: true));
        Assert.Null(Precision.Auto.Autocast(110_000_000, Device.Meta, DType.Float32, native: true));
        using var small = SmallEncoder.Model();
        Assert.Null(new TrainConfig().Precision.Autocast(small));
    }
}
