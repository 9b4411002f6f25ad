namespace Tutti.Text;

/// <summary>Which token plays which part; null where a tokenizer has none.</summary>
sealed record SpecialTokens(
    string? Unknown = null, string? Pad = null, string? Cls = null, string? Sep = null, string? Mask = null, string? Bos = null, string? Eos = null)
{
    /// <summary>The names that Hugging Face's files use.</summary>
    public static readonly IReadOnlyList<string> Roles =
        ["unk_token", "pad_token", "cls_token", "sep_token", "mask_token", "bos_token", "eos_token"];

    public string? this[string role] => role switch
    {
        "unk_token" => Unknown,
        "pad_token" => Pad,
        "cls_token" => Cls,
        "sep_token" => Sep,
        "mask_token" => Mask,
        "bos_token" => Bos,
        "eos_token" => Eos,
        _ => throw new ArgumentException($"no special token plays the part '{role}'", nameof(role)),
    };

    public SpecialTokens With(string role, string? token) => role switch
    {
        "unk_token" => this with { Unknown = token },
        "pad_token" => this with { Pad = token },
        "cls_token" => this with { Cls = token },
        "sep_token" => this with { Sep = token },
        "mask_token" => this with { Mask = token },
        "bos_token" => this with { Bos = token },
        "eos_token" => this with { Eos = token },
        _ => throw new ArgumentException($"no special token plays the part '{role}'", nameof(role)),
    };

    public IEnumerable<string> All => Roles.Select(role => this[role]).OfType<string>().Distinct();
}
