namespace ImGateway.Edge.Configuration;

/// <summary>Text as one word of a POSIX shell, for commands that are to be pasted.</summary>
static class ShellWord
{
    public static string Of(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '-' or '_' or ':' or ',' or '=') ? text : $"'{text.Replace("'", "'\\''")}'";
}
