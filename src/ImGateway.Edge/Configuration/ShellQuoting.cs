namespace ImGateway.Edge.Configuration;

/// <summary>Quotes text as one word of a POSIX shell, for commands that users paste.</summary>
static class ShellQuoting
{
    public static string Quote(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '-' or '_' or ':' or ',' or '=') ? text : $"'{text.Replace("'", "'\\''")}'";
}
