using System.Text.Json.Nodes;
using Tutti.Vision;

namespace Tutti.Tests.Vision;

/// <summary>Changes of colours and places against Pillow's bytes.</summary>
public sealed class ColoursTests
{
    static readonly JsonObject recorded = Made.Json("changes.json");

    static Picture Of(JsonNode json) => new((int)recorded["width"]!, (int)recorded["height"]!, Convert.FromBase64String((string)json["rgb"]!));

    public static TheoryData<string> Names() => [.. recorded["changes"]!.AsArray().Select(change => (string)change!["name"]!).Distinct()];

    [Theory, MemberData(nameof(Names))]
    public void A_change_has_the_bytes_that_Pillow_makes(string name)
    {
        var picture = Of(recorded);
        foreach (var change in recorded["changes"]!.AsArray().Where(change => (string)change!["name"]! == name))
        {
            var strength = (double)change!["strength"]!;
            var made = name == "Hue" ? Colours.Hue(picture, strength) : RandAugment.Apply(picture, name, strength);
            Made.Same(Of(change), made, what: FormattableString.Invariant($"{name} {strength}"));
        }
    }

    [Fact]
    public void Every_operation_of_RandAugment_is_known_and_keeps_the_size()
    {
        foreach (var name in RandAugment.Names) Assert.Equal((21, 14), RandAugment.Apply(Of(recorded), name, 4) is var made ? (made.Width, made.Height) : default);
        Assert.Contains("did you mean 'Rotate'", Assert.Throws<ArgumentException>(() => RandAugment.Apply(Of(recorded), "Rotat", 1)).Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Lighting_of_the_middle_changes_nothing_and_is_undone_by_its_opposite()
    {
        var picture = Made.Gradient(64, 48);
        Made.Same(picture, Colours.Lighting(picture, 0.5, 1));
        Made.Same(picture, Colours.Lighting(Colours.Lighting(picture, 0.4, 1), 0.6, 1), tolerance: 1);
        Assert.True(Colours.Lighting(picture, 0.6, 1)[10, 10].Green > picture[10, 10].Green);
        // sigmoid(2 logit(64 / 255)): darker than the middle becomes darker still.
        Assert.Equal(26, Colours.Lighting(Picture.Of(1, 1, new(64, 64, 64)), 0.5, 2)[0, 0].Red);
    }
}
