using Tutti.Evaluation;
using Tutti.Tests.Ensembling;

namespace Tutti.Tests.Evaluation;

public sealed class TemperatureTests
{
    /// <summary>A member without noise is calibrated; made too sure or unsure by a temperature, that is what is found.</summary>
    [Theory, InlineData(0.4), InlineData(1), InlineData(2.5)]
    public void A_temperature_that_was_put_on_is_found_again(double sharpened)
    {
        var data = SimulatedMembers.Of(1, 20000, 3, 0);
        var given = Temperature.Apply(data.Members[0], 3, 1 / sharpened);
        var found = Temperature.Fit(given, data.Labels, 3);
        Assert.InRange(found / sharpened, 0.95, 1.05);
        var scaled = Temperature.Apply(given, 3, found);
        Assert.InRange(Calibration.Error(scaled, data.Labels), 0, 0.015);
        if (sharpened > 2) Assert.True(Calibration.Error(given, data.Labels) > 0.1);
        for (var row = 0; row < 100; row++) Assert.Equal(Array.IndexOf(given[(row * 3)..((row * 3) + 3)], given[(row * 3)..((row * 3) + 3)].Max()), Array.IndexOf(scaled[(row * 3)..((row * 3) + 3)], scaled[(row * 3)..((row * 3) + 3)].Max()));
    }

    [Fact]
    public void No_neighbouring_temperature_has_a_smaller_loss()
    {
        var data = SimulatedMembers.Of(2, 500, 4, 1);
        var best = Temperature.Fit(data.Members[0], data.Labels, 4);
        double Loss(double temperature) => Metrics.LogLoss(Temperature.Apply(data.Members[0], 4, temperature), data.Labels);
        Assert.All((double[])[0.98, 0.999, 1.001, 1.02], factor => Assert.True(Loss(best * factor) > Loss(best)));
    }

    [Fact]
    public void Rows_of_zeros_and_ones_stay_finite_and_ends_are_kept()
    {
        double[] sure = [1, 0, 0, 1, 1, 0];
        Assert.InRange(Temperature.Fit(sure, [0, 1, 0], 2), 0.05, 0.0501);
        Assert.InRange(Temperature.Fit(sure, [1, 0, 1], 2), 19.99, 20);
        Assert.All(Temperature.Apply(sure, 2, 3), value => Assert.True(double.IsFinite(value)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Temperature.Apply(sure, 2, 0));
        Assert.Throws<ArgumentException>(() => Temperature.Fit(sure, [0], 2));
    }
}
