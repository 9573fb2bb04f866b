using System.Diagnostics;

namespace ImGateway.Testing;

/// <summary><c>openssl ocsp</c> as the responder of a <see cref="TestCa"/>: a real partner for real responses.</summary>
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

    public string Url { get; private set; } = "";

    /// <summary>It reads its index anew where that file has changed.</summary>
    string Index => _directory["index.txt"];

    public static async Task<OpenSslResponder> StartAsync(TestCa ca)
    {
        var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["ca.pem"], ca.Pem);
        await File.WriteAllTextAsync(directory["ca.key"], ca.KeyPem);
        await File.WriteAllTextAsync(directory["index.txt"], "");
        string[] arguments =
            ["ocsp", "-index", directory["index.txt"], "-port", "0", "-CA", directory["ca.pem"], "-rsigner", directory["ca.pem"], "-rkey", directory["ca.key"], "-ndays", "7", "-ignore_err"];
        var start = new ProcessStartInfo(PartnerTool.OpenSsl, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        var process = Process.Start(start)!;
        var responder = new OpenSslResponder(process, directory);
        // ACCEPT [::]:41183 PID=20492
        var line = await responder._output.WaitForAsync(line => line.Text.StartsWith("ACCEPT", StringComparison.Ordinal), TimeSpan.FromSeconds(20));
        var address = line.Text.Split(' ')[1];
        responder.Url = $"http://127.0.0.1:{address[(address.LastIndexOf(':') + 1)..]}";
        return responder;
    }

    /// <summary>The certificate has been issued and is good.</summary>
    public Task KnowAsync(IssuedCertificate certificate) => File.AppendAllTextAsync(
        Index, $"V\t{certificate.Leaf.NotAfter.ToUniversalTime():yyMMddHHmmss}Z\t\t{certificate.SerialNumber}\tunknown\t/CN=test\n");

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
