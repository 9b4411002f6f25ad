namespace Tutti.Text;

/// <summary>By whose habits texts are cut into words: English, German, or none, which cuts at blanks only (for texts that are cut already, such as WikiText).</summary>
public enum WordLanguage { En, De, None }
