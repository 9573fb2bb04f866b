using System.Diagnostics;

namespace ImGateway.Testing;

/// <summary>What a program of others said.</summary>
public sealed record ToolResult(int ExitCode, string Output, string Error)
{
    public string All => Output + Error;
}

/// <summary>Runs the real clients that the edge is tested with.</summary>
public static class ExternalTool
{
    /// <summary>A process that it has started, and that has outlived it, may keep its outputs open.</summary>
    static readonly TimeSpan OutputLimit = TimeSpan.FromSeconds(30);

    public static string Curl => "curl";

    public static string Nmap => "nmap";

    public static string SslScan => "sslscan";

    public static string OpenSsl => "openssl";

    /// <summary>OpenSSL 3.5: <c>tools/newer-debian</c>.</summary>
    public static string NewOpenSsl => FromEnvironment("NEW_OPENSSL", "openssl");

    /// <summary>testssl.sh 3.2: <c>tools/newer-debian</c>.</summary>
    public static string TestSsl => FromEnvironment("TESTSSL", "testssl");

    /// <summary>Debian's, unpacked by <c>tests/partners/install</c>: no service comes with it.</summary>
    public static string Prometheus => FromEnvironment("PROMETHEUS", "prometheus");

    /// <summary>Debian's, unpacked as Prometheus is.</summary>
    public static string TinyProxy => FromEnvironment("TINYPROXY", "tinyproxy");

    /// <summary>BIND 9, unpacked as Prometheus is.</summary>
    public static string Named => FromEnvironment("NAMED", "named");

    public static string DnssecKeygen => FromEnvironment("DNSSEC_KEYGEN", "dnssec-keygen");

    public static string DnssecSignzone => FromEnvironment("DNSSEC_SIGNZONE", "dnssec-signzone");

    public static string PromTool => FromEnvironment("PROMTOOL", "promtool");

    /// <summary>Debian's Chromium.</summary>
    public static string Chromium => FromEnvironment("CHROMIUM", "/usr/bin/chromium");

    public static string WsCat => FromEnvironment("WSCAT", "wscat");

    /// <summary>All packages of npm that <c>tests/partners/install</c> installs, for NODE_PATH.</summary>
    public static string NodeModules => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(WsCat)!, ".."));

    /// <param name="file">Found on the path, or named by its own.</param>
    /// <param name="arguments">As the program gets them: no shell is in between.</param>
    /// <param name="input">Written to standard input, which is then closed; null leaves it open and silent, as a terminal would.</param>
    /// <param name="timeout">Default a minute.</param>
    /// <exception cref="TimeoutException">It was ended; the message holds what it wrote.</exception>
    public static async Task<ToolResult> RunAsync(string file, IEnumerable<string> arguments, string? input = "", TimeSpan? timeout = null)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        var outputs = Task.WhenAll(output, error);
        try
        {
            // One that neither reads nor ends keeps what is more than its pipe holds.
            await Task.WhenAll(WriteAsync(process, input), process.WaitForExitAsync()).WaitAsync(timeout ?? TimeSpan.FromSeconds(60));
        }
        catch (TimeoutException e)
        {
            process.Kill(entireProcessTree: true);
            await outputs.WaitAsync(OutputLimit);
            throw new TimeoutException($"{file} {string.Join(' ', start.ArgumentList)}:\n{await output}\n{await error}", e);
        }

        await outputs.WaitAsync(OutputLimit);
        return new ToolResult(process.ExitCode, await output, await error);
    }

    static async Task WriteAsync(Process process, string? input)
    {
        if (input is null) return;
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading: its exit code and output say why.
        }
    }

    static string FromEnvironment(string name, string otherwise) => Environment.GetEnvironmentVariable(name) ?? otherwise;
}
