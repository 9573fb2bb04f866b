namespace ImGateway.Testing;

/// <summary>The openssl program: what it writes and accepts, .NET did not make up.</summary>
public static class OpenSsl
{
    /// <exception cref="InvalidOperationException">It did not exit with 0.</exception>
    public static async Task RunAsync(params string[] arguments)
    {
        var result = await TryRunAsync(arguments);
        if (result.ExitCode != 0) throw new InvalidOperationException($"openssl {string.Join(' ', arguments)}: {result.All}");
    }

    public static Task<ToolResult> TryRunAsync(params string[] arguments) => ExternalTool.RunAsync(ExternalTool.OpenSsl, arguments);
}
