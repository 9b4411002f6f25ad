using System.Text.Json.Nodes;

namespace Tutti.Reports;

/// <summary>What the document of a run of pictures has beside that of texts.</summary>
static class ReportPicturesJson
{
    public static void AddTo(JsonObject document, ReportPictures pictures, IReadOnlyList<PictureLook> looks, ReportRows rows)
    {
        document["pictures"] = new JsonObject
        {
            ["side"] = ReportPictures.Side,
            ["wanted"] = pictures.Wanted,
            ["jpegs"] = ReportJson.Texts(pictures.Jpegs),
        };
        document["looks"] = new JsonArray([.. looks.Select(look => (JsonNode?)Look(look, rows))]);
    }

    static JsonObject Look(PictureLook look, ReportRows rows) => new()
    {
        ["row"] = rows.PlaceOf(look.Row),
        ["cell"] = look.Cell,
        ["method"] = look.Method,
        ["predicted"] = look.Predicted,
        ["probability"] = ReportJson.Rounded(look.Probability),
        ["frame"] = ReportJson.Numbers([look.Frame.Left, look.Frame.Top, look.Frame.Width, look.Frame.Height]),
        ["height"] = look.Height,
        ["width"] = look.Width,
        ["values"] = ReportJson.Whole(Shades(look.Values)),
    };

    /// <summary>From 0, the least, to 100, the most; all 0 where nothing differs. Of Grad-CAM the least is what has no part at all.</summary>
    internal static int[] Shades(IReadOnlyList<double> values)
    {
        var (least, most) = (values.Min(), values.Max());
        return [.. values.Select(value => most > least ? (int)Math.Round(100 * (value - least) / (most - least)) : 0)];
    }
}
