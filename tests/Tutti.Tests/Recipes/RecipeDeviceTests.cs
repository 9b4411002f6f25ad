using Tutti.Recipes;
using Tutti.Torch;

namespace Tutti.Tests.Recipes;

public class RecipeDeviceTests
{
    [Theory]
    [InlineData("auto", 2, "cuda:0")]
    [InlineData("auto", 0, "cpu")]
    [InlineData("cpu", 2, "cpu")]
    [InlineData("cpu", 0, "cpu")]
    [InlineData("cuda", 1, "cuda:0")]
    [InlineData("cuda:0", 1, "cuda:0")]
    [InlineData("cuda:1", 2, "cuda:1")]
    public void A_choice_comes_to_a_device(string text, int gpus, string device) => Assert.Equal(device, DeviceChoice.Parse(text).Resolve(gpus, "none").ToString());

    [Theory]
    [InlineData("cuda", 0, "got 'cuda', but no GPU can be used: the cable is loose.")]
    [InlineData("cuda:1", 1, "got 'cuda:1', but there is 1 GPU, cuda:0.")]
    [InlineData("cuda:2", 2, "got 'cuda:2', but there are 2 GPUs, cuda:0 to cuda:1.")]
    public void A_GPU_that_is_not_there_is_one_error_with_the_reason(string text, int gpus, string message) =>
        Assert.Equal($"device: {message}\nSet device: auto, or cpu; tutti doctor shows what there is.",
            Assert.Throws<ConfigException>(() => DeviceChoice.Parse(text).Resolve(gpus, gpus == 0 ? "the cable is loose" : null)).Message);

    [Theory, InlineData("gpu"), InlineData("CUDA"), InlineData("cuda:"), InlineData("cuda:-1"), InlineData("cuda:100"), InlineData("0"), InlineData("")]
    public void Anything_else_is_refused(string text) => Assert.Equal($"device: got '{text}', expected auto, cpu, cuda, or one GPU of several by its number, such as cuda:1",
        Assert.Throws<ConfigException>(() => DeviceChoice.Parse(text)).Message);

    [Theory, InlineData("auto"), InlineData("cpu"), InlineData("cuda"), InlineData("cuda:1")]
    public void A_recipe_keeps_its_device_and_learns_the_same(string text)
    {
        var recipe = RecipeTests.Parse(RecipeTests.Small, $"device={text}");
        Assert.Equal(text, recipe.Device.ToString());
        Assert.Equal(recipe, Recipe.Parse(recipe.ToYaml(), recipe.Folder!));
        var other = RecipeTests.Parse(RecipeTests.Small);
        Assert.Equal(DeviceChoice.Auto, other.Device);
        Assert.Equal(other.Fingerprint(other.Members[0]), recipe.Fingerprint(recipe.Members[0]));
    }

    [Fact]
    public void A_recipe_with_another_word_is_refused_with_its_place() =>
        Assert.Contains("device: got 'gpu', expected auto, cpu, cuda", Assert.Throws<ConfigException>(() => RecipeTests.Parse(RecipeTests.Small, "device=gpu")).Message, StringComparison.Ordinal);

    [Fact]
    public void TF32_is_left_to_the_default_and_can_be_turned_off_for_one_member()
    {
        var plain = RecipeTests.Parse(RecipeTests.Small);
        Assert.Null(plain.Train.Tf32);
        Assert.DoesNotContain("tf32", RecipeJson.Text(plain.Train), StringComparison.Ordinal);     // cells of before this key are still the same cells
        Assert.False(RecipeTests.Parse(RecipeTests.Small, "members.0.train.tf32=false").Members[0].Effective(plain.Train).Tf32);
        Assert.True(RecipeTests.Parse(RecipeTests.Small, "train.tf32=true").Train.Tf32);
    }

    /// <summary>Where there is no GPU: most machines that run the tests.</summary>
    [Fact]
    public void Doctor_and_a_recipe_give_the_same_reason()
    {
        Assert.SkipWhen(Engine.CudaCount > 0, "this machine has a GPU");
        var why = Engine.WhyNoCuda!;
        Assert.Contains(Diagnosis.All(), line => line.Name == "device" && line.Value.Contains(why, StringComparison.Ordinal));
        Assert.Contains(why, Assert.Throws<ConfigException>(() => DeviceChoice.Parse("cuda").Resolve()).Message, StringComparison.Ordinal);
        Assert.Equal(Device.Cpu, DeviceChoice.Auto.Resolve());
    }
}
