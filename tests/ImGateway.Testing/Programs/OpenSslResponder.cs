using System.Diagnostics;

namespace ImGateway.Testing;

/// <summary><c>openssl ocsp</c> as the responder of a <see cref="TestCa"/>, so that responses come from an independent implementation.</summary>
public sealed class OpenSslResponder : IAsyncDisposable
{
    readonly Process _process;
    readonly TemporaryDirectory _directory;
    readonly LogBook _output = new();
    readonly Task _reading;

    OpenSslResponder(Process process, TemporaryDirectory directory)
    {
        (_process, _directory) = (process, directory);
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
    }

    /// <summary>A port on which nothing listens yet: the responder reads its list of certificates once, at start, and the certificates name its address.</summary>
    public static Uri FreeAddress() => new($"http://127.0.0.1:{FreePort.Next()}");

    /// <param name="ca">Signs.</param>
    /// <param name="address">As <see cref="FreeAddress"/> gave it.</param>
    /// <param name="known">Has been issued and is good; of others it knows nothing.</param>
    public static async Task<OpenSslResponder> StartAsync(TestCa ca, Uri address, IssuedCertificate known)
    {
        var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["ca.pem"], ca.Pem);
        await File.WriteAllTextAsync(directory["ca.key"], ca.KeyPem);
        await File.WriteAllTextAsync(
            directory["index.txt"], $"V\t{known.Leaf.NotAfter.ToUniversalTime():yyMMddHHmmss}Z\t\t{known.SerialNumber}\tunknown\t/CN=test\n");
        string[] arguments =
            ["ocsp", "-index", directory["index.txt"], "-port", $"{address.Port}", "-CA", directory["ca.pem"], "-rsigner", directory["ca.pem"], "-rkey", directory["ca.key"], "-ndays", "7", "-ignore_err"];
        var start = new ProcessStartInfo(ExternalTool.OpenSsl, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        var process = Process.Start(start)!;
        var responder = new OpenSslResponder(process, directory);
        await responder._output.WaitForAsync(line => line.Text.StartsWith("ACCEPT", StringComparison.Ordinal), TimeSpan.FromSeconds(20));
        return responder;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
        _directory.Dispose();
    }

    async Task ReadAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line) _output.Add(line);
    }
}
