namespace Tutti;

/// <summary>
/// The base of every error that the user can mend: wrong input or wrong use. The command line prints the message (one to three
/// lines: what, got, expected, where, next step) without a stack trace and exits with code 2.
/// </summary>
public abstract class InputException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A file holds something that cannot be used.</summary>
/// <param name="file">The file as the user named it.</param>
/// <param name="text">What is wrong, what was expected, what to do next.</param>
/// <param name="row">The 1-based line of the file where the record starts, or 0 when no single row is to blame.</param>
/// <param name="column">The column's name, or null.</param>
public sealed class DataException(string file, string text, long row = 0, string? column = null, Exception? inner = null)
    : InputException($"{file}{(row > 0 ? $", line {row}" : "")}{(column is null ? "" : $", column '{column}'")}: {text}", inner)
{
    public string File { get; } = file;
    public long Row { get; } = row;
    public string? Column { get; } = column;
}

/// <summary>A recipe, a setting or a command line says something that cannot be done.</summary>
/// <param name="path">The key as written, such as <c>train.learning-rate</c>, or the file.</param>
/// <param name="text">What is wrong, what was expected, what to do next.</param>
public sealed class ConfigException(string path, string text, Exception? inner = null) : InputException($"{path}: {text}", inner)
{
    public string Path { get; } = path;
}
