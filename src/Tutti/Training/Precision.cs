using Tutti.Models;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>The number format of the forward and backward pass; weights and optimizer state are always fp32.</summary>
public enum Precision
{
    /// <summary>Bf16 where it is quicker and known to be safe, else Fp32.</summary>
    Auto,
    Fp32,
    Bf16,
}

/// <summary>What a precision means for a model on its device.</summary>
static class PrecisionChoice
{
    /// <summary>Small models gain little from bf16, and are quick anyway.</summary>
    const long Large = 10_000_000;

    /// <summary>The type that autocast computes in, or null for that of the weights.</summary>
    public static DType? Autocast(this Precision precision, Network model) => precision.Autocast(
        precision == Precision.Auto ? model.Params.Items.Sum(item => item.Stored.Count) : 0, model.Params.Device, model.Params.DType, Engine.MultipliesBf16);

    /// <param name="weights">Of the model.</param>
    /// <param name="device">Where it computes. What a GPU gains is not known here: auto is Fp32 there.</param>
    /// <param name="dtype">Of its weights.</param>
    /// <param name="native">Whether the processor multiplies bf16.</param>
    public static DType? Autocast(this Precision precision, long weights, Device device, DType dtype, bool native) => precision switch
    {
        Precision.Bf16 => DType.BFloat16,
        Precision.Auto when weights >= Large && device.IsCpu && dtype == DType.Float32 && native => DType.BFloat16,
        _ => null,
    };
}
