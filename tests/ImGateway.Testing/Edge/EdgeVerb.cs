namespace ImGateway.Testing;

/// <summary>A verb of the program under test as a process of its own, as an operator or a script runs it.</summary>
public static class EdgeVerb
{
    public static Task<ToolResult> RunAsync(params string[] arguments) => ExternalTool.RunAsync(Command[0], [.. Command[1..], .. arguments]);

    /// <summary>As another user of the machine. Only root can.</summary>
    public static Task<ToolResult> RunAsAsync(int user, params string[] arguments) =>
        ExternalTool.RunAsync("setpriv", [$"--reuid={user}", $"--regid={user}", "--clear-groups", .. Command, .. arguments]);

    /// <summary>With variables beside those of the tests.</summary>
    public static Task<ToolResult> RunWithAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        ExternalTool.RunAsync("env", [.. environment.Select(variable => $"{variable.Key}={variable.Value}"), .. Command, .. arguments]);

    /// <summary>On a machine that trusts the roots of this file alone.</summary>
    public static Task<ToolResult> RunTrustingAsync(string rootsFile, params string[] arguments) =>
        RunWithAsync(new Dictionary<string, string> { ["SSL_CERT_FILE"] = rootsFile, ["SSL_CERT_DIR"] = "/nonexistent" }, arguments);

    /// <summary>In a network namespace. Only root can.</summary>
    public static Task<ToolResult> RunInAsync(NetworkNamespace space, params string[] arguments) =>
        ExternalTool.RunAsync(space.Prefix[0], [.. space.Prefix.Skip(1), .. Command, .. arguments]);

    /// <summary>The program and what comes before its arguments.</summary>
    public static string[] Command => EdgeProcess.Program.EndsWith(".dll", StringComparison.Ordinal) ? ["dotnet", EdgeProcess.Program] : [EdgeProcess.Program];
}
