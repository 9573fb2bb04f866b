namespace ImGateway.Testing;

/// <summary>A command out of a message, as an operator pastes it into a shell.</summary>
public static class PastedCommand
{
    static readonly string[] Introductions = [" with: ", " try: ", " by: "];

    /// <summary>The command at the end of a message.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static string In(string message) => Introductions
        .Select(introduction => message.LastIndexOf(introduction, StringComparison.Ordinal) is >= 0 and var begin ? message[(begin + introduction.Length)..] : null)
        .FirstOrDefault(command => command is not null) ?? throw new InvalidOperationException($"no command: {message}");

    /// <param name="folder">Where the shell is.</param>
    /// <param name="input">What is typed. There is no terminal, so that programs which ask for a password read it from there.</param>
    public static Task<ToolResult> RunAsync(string command, string folder, string input = "") =>
        ExternalTool.RunAsync("setsid", ["--wait", "bash", .. Arguments(command, folder)], input);

    /// <summary>Of a bash that runs the command in the folder.</summary>
    public static string[] Arguments(string command, string folder)
    {
        var imgw = string.Join(' ', EdgeVerb.Command.Select(word => $"'{word}'"));
        return ["-c", $$"""cd "$1" && imgw() { {{imgw}} "$@"; } && eval "$2" """, "bash", folder, command];
    }
}
