using System.Text.Json.Nodes;
using Tutti.Vision;

namespace Tutti.Tests.Vision;

/// <summary>What published models say of their pictures. The pixels that come of it are in PreprocessParityTests.</summary>
public sealed class PreprocessConfigTests
{
    static Preprocess HuggingFace(string json) => PreprocessConfig.HuggingFace(JsonNode.Parse(json)!.AsObject(), "preprocessor_config.json");
    static Preprocess Timm(string json) => PreprocessConfig.Timm(JsonNode.Parse(json)!.AsObject(), "config.json");

    [Fact]
    public void A_ViT_of_Hugging_Face_is_squished() => Assert.Equal(Preprocess.HuggingFaceVit(224, 224), HuggingFace("""
        { "do_normalize": true, "do_rescale": true, "do_resize": true, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "image_processor_type": "ViTImageProcessor",
          "resample": 2, "rescale_factor": 0.00392156862745098, "size": { "height": 224, "width": 224 } }
        """) with { Rounding = CropRounding.HalfToEven });

    [Theory]
    [InlineData("""{ "image_processor_type": "ConvNextImageProcessor", "crop_pct": 0.875, "resample": 3, "size": { "shortest_edge": 224 }, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225] }""", 256)]
    [InlineData("""{ "feature_extractor_type": "ConvNextFeatureExtractor", "crop_pct": 0.95, "resample": 3, "size": { "shortest_edge": 224 }, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225] }""", 235)]
    public void A_ConvNeXt_of_Hugging_Face_is_cropped(string json, int shortEdge)
    {
        var preprocess = HuggingFace(json);
        Assert.Equal((shortEdge, shortEdge * 2), preprocess.Resize.Of(100, 200));
        Assert.Equal(((224, 224), ResizeFilter.Bicubic, Normalization.ImageNet, CropRounding.Down), (preprocess.Crop, preprocess.Filter, preprocess.Normalization, preprocess.Rounding));
    }

    [Fact]
    public void A_large_ConvNeXt_of_Hugging_Face_is_squished()
    {
        var preprocess = HuggingFace("""{ "image_processor_type": "ConvNextImageProcessor", "size": { "shortest_edge": 384 } }""");
        Assert.Equal(((384, 384), null, Normalization.Halves), (preprocess.Resize.Of(100, 200), preprocess.Crop, preprocess.Normalization));
    }

    [Fact]
    public void A_short_edge_and_a_crop_are_understood()
    {
        var preprocess = HuggingFace("""{ "size": { "shortest_edge": 256 }, "do_center_crop": true, "crop_size": { "height": 200, "width": 224 }, "resample": 3 }""");
        Assert.Equal(((256, 512), (224, 200), ResizeFilter.Bicubic), (preprocess.Resize.Of(100, 200), preprocess.Crop, preprocess.Filter));
    }

    [Fact]
    public void The_settings_of_timm_are_understood()
    {
        var cfg = """{ "input_size": [3, 224, 224], "interpolation": "bicubic", "crop_pct": 0.95, "crop_mode": "center", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225] }""";
        Assert.Equal(Preprocess.Timm(224, 0.95), Timm(cfg));
        Assert.Equal((235, 470), Timm(cfg).Resize.Of(100, 200));
        Assert.Equal((246, 246), Timm("""{ "input_size": [3, 224, 224], "crop_pct": 0.91, "crop_mode": "squash" }""").Resize.Of(100, 200));
        var border = Timm("""{ "input_size": [3, 224, 224], "crop_pct": 1.0, "crop_mode": "border", "mean": [0.5, 0.25, 1.0], "std": [0.5, 0.5, 0.5] }""");
        Assert.Equal(((112, 224), new Colour(128, 64, 255)), (border.Resize.Of(100, 200), border.Padding));
        Assert.Equal((224, 224), (border.Pixels(Made.Noise(10, 20)).Width, border.Pixels(Made.Noise(10, 20)).Height));
    }

    [Theory]
    [InlineData("""{ "size": { "height": 0, "width": 224 } }""", "size.height is 0")]
    [InlineData("""{ "size": { "shortest_edge": "large" } }""", "size.shortest_edge is \"large\", expected a number")]
    [InlineData("""{ "resample": 9 }""", "resample is 9, expected 0 to 5")]
    [InlineData("""{ "do_rescale": false }""", "do_rescale is false")]
    [InlineData("""{ "image_mean": [0.5], "image_std": [1, 1, 1] }""", "mean is [0.5], expected three numbers")]
    [InlineData("""{ "image_std": [1, 0, 1] }""", "std is [1,0,1], expected three numbers, for red, green and blue, none of them 0")]
    public void What_cannot_be_done_is_refused_by_key(string json, string what) =>
        Assert.Contains("preprocessor_config.json: " + what, Assert.Throws<DataException>(() => HuggingFace(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_folder_of_either_kind_is_read_and_one_that_says_nothing_is_said_to()
    {
        using var folder = Shared.Temp();
        Assert.Null(PreprocessConfig.Of(folder.Path));
        folder.Write("config.json", """{ "architecture": "resnet18", "pretrained_cfg": { "input_size": [3, 160, 160], "crop_pct": 1 } }""");
        Assert.Equal((160, 160), PreprocessConfig.Of(folder.Path)!.Size);
        folder.Write("preprocessor_config.json", """{ "size": 96 }""");
        Assert.Equal((96, 96), PreprocessConfig.Of(folder.Path)!.Size);
        folder.Write("preprocessor_config.json", "{");
        Assert.Contains("this is no JSON", Assert.Throws<DataException>(() => PreprocessConfig.Of(folder.Path)).Message, StringComparison.Ordinal);
    }
}
