namespace Tutti.Text;

/// <summary>Reads the "post_processor" of a tokenizer.json.</summary>
static class JsonProcessors
{
    public static SpecialTemplate Read(JsonPart part, Dictionary<string, int> ids)
    {
        switch (part["type"].Text)
        {
            case "BertProcessing" or "RobertaProcessing":
                var (cls, sep) = (Named("cls"), Named("sep"));
                return TokenizerKind.Around(cls.Token, cls.Id, sep.Token, sep.Id, twoBetween: part["type"].Text == "RobertaProcessing");
            case "TemplateProcessing":
                return new(Parts(part, part["single"], ids), Parts(part, part["pair"], ids));
            case "ByteLevel":                                       // concerns offsets only
                return SpecialTemplate.Bare;
            case "Sequence":
                var steps = part["processors"].Items.Where(step => step["type"].Text != "ByteLevel").ToArray();
                return steps.Length switch
                {
                    0 => SpecialTemplate.Bare,
                    1 => Read(steps[0], ids),
                    _ => throw part["processors"].Error("one processor beside ByteLevel"),
                };
            default:
                throw TokenizerJson.Unsupported(part, "BertProcessing, RobertaProcessing, TemplateProcessing, ByteLevel or Sequence");
        }

        (string Token, int Id) Named(string name)
        {
            var items = part[name].Items.ToArray();
            return items.Length == 2 ? (items[0].Text, KnownId(items[1], items[0].Text, ids)) : throw part[name].Error("a token and its id");
        }
    }

    static SpecialTemplate.Part[] Parts(JsonPart template, JsonPart list, Dictionary<string, int> ids)
    {
        var parts = new List<SpecialTemplate.Part>();
        foreach (var item in list.Items)
        {
            var inner = item.Find("Sequence") ?? item["SpecialToken"];
            var type = inner.Find("type_id")?.Number ?? 0;
            if (type is < 0 or > byte.MaxValue) throw inner["type_id"].Error("a type from 0 to 255");
            var name = inner["id"].Text;
            if (item.Find("Sequence") is not null)
            {
                if (name is not ("A" or "B")) throw inner["id"].Error("A or B");
                parts.Add(new(null, -1, name == "B", (byte)type));
                continue;
            }
            var special = template["special_tokens"][name];
            foreach (var (id, token) in special["ids"].Items.Zip(special["tokens"].Items))
                parts.Add(SpecialTemplate.Special(token.Text, KnownId(id, token.Text, ids), (byte)type));
        }
        return [.. parts];
    }

    static int KnownId(JsonPart id, string token, Dictionary<string, int> ids) => ids.TryGetValue(token, out var known) && known == id.Number ? known
        : throw new DataException(id.File, $"'{id.Place}': the special token '{token}' with id {id.Number} is missing from the vocabulary");
}
