namespace Tutti;

/// <summary>A record that a recipe may also write as one value: <c>model: my-folder</c> for <c>model: { folder: my-folder }</c>.</summary>
[AttributeUsage(AttributeTargets.Class)]
sealed class ShortFormAttribute(string key) : Attribute
{
    public string Key { get; } = key;
}
