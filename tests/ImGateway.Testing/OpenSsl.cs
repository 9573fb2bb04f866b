using System.Diagnostics;
using System.Text;

namespace ImGateway.Testing;

/// <summary>The openssl program: what it writes and accepts, .NET did not make up.</summary>
public static class OpenSsl
{
    /// <summary>Standard output and error; throws unless it exits with 0.</summary>
    public static string Run(params string[] arguments)
    {
        var (exitCode, output) = TryRun(arguments);
        return exitCode == 0 ? output : throw new InvalidOperationException($"openssl {string.Join(' ', arguments)}: {output}");
    }

    public static (int ExitCode, string Output) TryRun(params string[] arguments)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo("openssl", arguments)
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        var output = new StringBuilder();
        process.OutputDataReceived += (_, line) => Append(output, line.Data);
        process.ErrorDataReceived += (_, line) => Append(output, line.Data);
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.WaitForExit();
        return (process.ExitCode, output.ToString());
    }

    static void Append(StringBuilder output, string? line)
    {
        lock (output) output.AppendLine(line);
    }
}
