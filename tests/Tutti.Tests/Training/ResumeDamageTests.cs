using System.Security.Cryptography;
using System.Text;
using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Training;

/// <summary>Two points, 10 and 20, each with best weights of its own; the newer one is harmed in every way.</summary>
public sealed class ResumeDamageTests : EngineTest, IDisposable
{
    const string Manifest = "point-00000004.json", Tensors = "point-00000004.safetensors", BestWeights = "best-00000003.safetensors";

    readonly SomePoints points = new();

    public ResumeDamageTests() : base(threads: 1)
    {
        var folder = new ResumeFolder(points.Path);
        SomePoints.Save(folder, 10, best: true);
        SomePoints.Save(folder, 20, best: true);
    }

    void IDisposable.Dispose()
    {
        points.Dispose();
        Dispose();
    }

    [Fact]
    public void A_sound_folder_is_opened_without_a_note()
    {
        Assert.Equal(20, points.Found(out var notes));
        Assert.Empty(notes);
        Assert.Contains(BestWeights, points.Names);
    }

    [Fact]
    public void A_flipped_bit_in_any_byte_is_found_and_the_point_before_is_used()
    {
        var random = RandomStream.Of(5, "flips");
        var flips = 0;
        foreach (var name in (string[])[Manifest, Tensors, BestWeights])
        {
            var sound = File.ReadAllBytes(points.At(name));
            for (var at = 0; at < sound.Length; at++, flips++)
            {
                byte[] harmed = [.. sound];
                harmed[at] ^= (byte)(1 << random.Below(flips, 8));
                File.WriteAllBytes(points.At(name), harmed);
                PassedOver(name, "is damaged");
            }
            File.WriteAllBytes(points.At(name), sound);
        }
        Assert.True(flips > 500, $"only {flips} bytes");
        Assert.Equal(20, points.Found(out _));
    }

    [Fact]
    public void A_file_that_is_cut_or_has_more_bytes_or_none_is_found()
    {
        foreach (var name in (string[])[Manifest, Tensors, BestWeights])
        {
            var sound = File.ReadAllBytes(points.At(name));
            foreach (var length in (int[])[0, 1, 8, 63, 68, 69, sound.Length / 2, sound.Length - 1])
            {
                File.WriteAllBytes(points.At(name), sound[..length]);
                PassedOver(name, name == Manifest ? "is damaged" : $"has {length} bytes, {sound.Length} were written");
            }
            File.WriteAllBytes(points.At(name), [.. sound, (byte)'\n']);
            PassedOver(name, name == Manifest ? "is damaged" : $"has {sound.Length + 1} bytes");
            File.Delete(points.At(name));
            PassedOver(name, "is missing");
            File.WriteAllBytes(points.At(name), sound);
        }
    }

    [Fact]
    public void When_no_point_is_sound_each_is_named_and_the_cell_begins_again()
    {
        File.Delete(points.At(Manifest));
        File.Delete(points.At("best-00000001.safetensors"));
        Assert.Null(points.Found(out var notes));
        Assert.Equal([$"{points.At(Manifest)}: is missing: the point was not written to its end; there is no sound point before it, so the cell begins again",
            $"{points.At("best-00000001.safetensors")}: is missing; there is no sound point before it, so the cell begins again"], notes);
    }

    [Fact]
    public void What_was_passed_over_is_gone_after_the_next_point()
    {
        File.WriteAllText(points.At(Tensors), "x");
        var folder = new ResumeFolder(points.Path);
        folder.Open(_ => { })!.Dispose();
        SomePoints.Save(folder, 21);
        Assert.Equal(["best-00000001.safetensors", "point-00000002.json", "point-00000002.safetensors", "point-00000005.json", "point-00000005.safetensors"], points.Names);
        Assert.Equal(21, points.Found(out var notes));
        Assert.Empty(notes);
    }

    [Fact]
    public void A_manifest_under_a_newer_name_is_no_newer_point()
    {
        File.Copy(points.At("point-00000002.json"), points.At("point-00000009.json"));
        Assert.Equal(20, points.Found(out var notes));
        Assert.Contains("names the file 'point-00000002.safetensors', expected 'point-00000009.safetensors'", Assert.Single(notes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"version\": 1", "\"version\": 2", "has format version 2, expected 1; it was written by another version of Tutti")]
    [InlineData("\"version\": 1,", "", "has format version , expected 1")]
    [InlineData("\"version\": 1", "\"version\": \"1\"", "is no manifest of a point")]
    [InlineData("\"file\": \"point-00000004.safetensors\"", "\"file\": \"../outside.safetensors\"", "names the file '../outside.safetensors', expected 'point-00000004.safetensors'")]
    [InlineData("\"file\": \"point-00000004.safetensors\"", "\"file\": \"{outside}\"", "names the file")]
    [InlineData("\"file\": \"point-00000004.safetensors\"", "\"file\": \"point-00000002.safetensors\"", "names the file 'point-00000002.safetensors'")]
    [InlineData("\"file\": \"best-00000003.safetensors\"", "\"file\": \"../outside.safetensors\"", "names the file '../outside.safetensors'")]
    [InlineData("\"file\": \"best-00000003.safetensors\"", "\"file\": \"{outside}\"", "names the file")]
    [InlineData("\"file\": \"best-00000003.safetensors\"", "\"file\": \"point-00000002.safetensors\"", "names the file 'point-00000002.safetensors'")]
    [InlineData("\"file\": \"best-00000003.safetensors\"", "\"file\": \"best-3.safetensors\"", "names the file 'best-3.safetensors'")]
    [InlineData("\"file\": \"best-00000003.safetensors\"", "\"file\": \"\"", "names the file ''")]
    [InlineData("\"file\": \"best-00000003.safetensors\"", "\"file\": null", "is no manifest of a point")]
    [InlineData("\"update\": 20,", "", "is no manifest of a point")]
    [InlineData("\"update\": 20", "\"update\": 1e99", "is no manifest of a point")]
    [InlineData("\"update\": 20", "\"update\": 20, \"update\": 20", "is no manifest of a point")]
    [InlineData("\"state\": {", "\"stage\": {", "is no manifest of a point")]
    [InlineData("{", "[", "is no manifest of a point")]
    public void A_manifest_that_is_whole_but_wrong_is_passed_over(string what, string by, string reason)
    {
        // Where a manifest would lead, everything is as it says.
        var outside = Path.GetFullPath(points.At("../outside.safetensors"));
        File.Copy(points.At(what.Contains("best", StringComparison.Ordinal) ? BestWeights : Tensors), outside);
        Forge(what, by.Replace("{outside}", outside, StringComparison.Ordinal));
        PassedOver(Manifest, reason);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]\n")]
    [InlineData("null\n")]
    public void Anything_else_with_a_right_hash_is_passed_over(string text)
    {
        Sign(text);
        PassedOver(Manifest, "is ");
    }

    /// <summary>Changes the manifest and makes its hash true again, as docs/file-formats.md describes it.</summary>
    void Forge(string what, string by)
    {
        var text = File.ReadAllText(points.At(Manifest));
        var at = text.IndexOf(what, StringComparison.Ordinal);
        Assert.True(at >= 0, text);
        Sign((text[..at] + by + text[(at + what.Length)..])[..^68]);
    }

    void Sign(string content) => File.WriteAllText(points.At(Manifest), content + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content))) + "\"\n}\n");

    [Fact]
    public void A_manifest_signed_again_without_a_change_is_sound()
    {
        var before = File.ReadAllText(points.At(Manifest));
        Forge("\"version\": 1", "\"version\": 1");
        Assert.Equal(before, File.ReadAllText(points.At(Manifest)));
        Assert.Equal(20, points.Found(out _));
    }

    void PassedOver(string file, string reason)
    {
        Assert.Equal(10, points.Found(out var notes));
        var note = Assert.Single(notes);
        Assert.StartsWith($"{points.At(file)}: ", note, StringComparison.Ordinal);
        Assert.Contains(reason, note, StringComparison.Ordinal);
        Assert.EndsWith("; the point before it is used (point-00000002.json, update 10)", note, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', note);
    }
}
