using ImGateway.Edge.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

/// <summary>A copy of the program whose tls-policy.cnf was tampered with must not serve.</summary>
public sealed class PolicyFileTests(TlsFixture tls)
{
    public static TheoryData<TlsEngine, string, string> Tamperings =>
    [
        .. from engine in Enum.GetValues<TlsEngine>()
           from change in (IEnumerable<(string From, string To)>)
           [
               ("CipherString = ", "CipherString = AES128-SHA:ECDHE+AES:"),
               ("CipherString = ", "CipherString = DES-CBC3-SHA:ALL:@SECLEVEL=0:"),
               ("Ciphersuites = ", "Ciphersuites = TLS_AES_128_CCM_SHA256:"),
               // On OpenSSL 3.0 one unknown name in it voids the whole policy without a word.
               ("Options = ", "Groups = nonsense\nOptions = "),
               ("openssl_conf = imgw", "openssl_conf = other"),
           ]
           select (engine, change.From, change.To),
    ];

    [Theory, MemberData(nameof(Tamperings))]
    public async Task A_changed_policy_file_is_refused(TlsEngine engine, string from, string to)
    {
        var error = await RunChangedAsync(engine, policy =>
        {
            var text = File.ReadAllText(policy);
            Assert.Contains(from, text, StringComparison.Ordinal);
            File.WriteAllText(policy, text.Replace(from, to));
        });

        Assert.Contains("tls-policy.cnf: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_missing_policy_file_is_refused(TlsEngine engine)
    {
        var error = await RunChangedAsync(engine, File.Delete);

        Assert.Contains("tls-policy.cnf: missing", error, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task An_untouched_copy_serves(TlsEngine engine)
    {
        using var copy = CopyOfProgram(out var program);

        await using var edge = await EdgeProcess.StartAsync(tls.Setup(engine) with { Program = program });

        Assert.Equal(RawHello.Tls13, (await RawHello.ForTls13(TlsFixture.Gateway).SendAsync(edge.Https)).Version);
    }

    async Task<string> RunChangedAsync(TlsEngine engine, Action<string> change)
    {
        using var copy = CopyOfProgram(out var program);
        change(copy["tls-policy.cnf"]);

        var (exitCode, output, error) = await EdgeProcess.RunUntilExitAsync(tls.Setup(engine) with { Program = program });

        Assert.True(exitCode == 1, $"exit code {exitCode}\n{error}\n{output}");
        return error;
    }

    static TemporaryDirectory CopyOfProgram(out string program)
    {
        var copy = new TemporaryDirectory();
        var from = Path.GetDirectoryName(EdgeProcess.Program)!;
        // The program finds its folder through links, so all but the policy may be one; the host resolves a link to itself.
        foreach (var file in Directory.EnumerateFiles(from))
        {
            var to = copy[Path.GetFileName(file)];
            if (Path.GetFileName(file).StartsWith("imgw", StringComparison.Ordinal) || file.EndsWith(".cnf", StringComparison.Ordinal)) File.Copy(file, to);
            else File.CreateSymbolicLink(to, file);
        }

        program = copy[Path.GetFileName(EdgeProcess.Program)];
        return copy;
    }
}
