using System.Text.Json;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Configuration;
using ImGateway.Testing;
using static ImGateway.Edge.Tests.Certificates.CertificateWorld;

namespace ImGateway.Edge.Tests.Certificates;

/// <summary>Certificates that are configured and serve no host, because other ones do.</summary>
public sealed class UnusedFilesTests : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    readonly CertificateWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Of_an_RSA_and_an_ECDSA_certificate_for_one_host_ECDSA_is_served_and_the_other_is_reported()
    {
        // The other one is the newer one, and comes first.
        var (rsa, _) = Write("rsa", KeyType.RSA2048, age: 1, "gateway.example.com");
        var (ecdsa, serial) = Write("ecdsa", KeyType.P256, age: 2, "gateway.example.com");
        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup { Hosts = ["gateway.example.com"], Files = [rsa, ecdsa] });
        var line = $"{rsa.Certificate}: serves no host: gateway.example.com is served from {ecdsa.Certificate}, whose key is ECDSA; remove one of them from Edge:Certificates:Files";

        Assert.Equal(serial, await new EdgeClient(edge.Https, _world.Ca.Root.Certificate).ServedSerialAsync("gateway.example.com"));
        Assert.Equal("Warning", (await edge.WaitForLogAsync(said => said.Message == line, Patience))["@l"]);
        var validated = await EdgeVerb.RunAsync("validate", "--config", edge.ConfigFile);
        Assert.Equal((0, $"warning: {line}\n"), (validated.ExitCode, validated.Error));
        var doctor = await EdgeVerb.RunAsync("doctor", "--json", "--config", edge.ConfigFile);
        var finding = Assert.Single(JsonElement.Parse(doctor.Output).EnumerateArray(), finding => finding.GetProperty("check").GetString() == "certificate files");
        Assert.Equal("warn", finding.GetProperty("status").GetString());
        Assert.Equal(line, $"{finding.GetProperty("what")}; {finding.GetProperty("remedy")}");
    }

    [Fact]
    public void Every_reason_is_named()
    {
        var (newer, _) = Write("newer", KeyType.P256, age: 1, "gateway.example.com");
        var (older, _) = Write("older", KeyType.P256, age: 2, "gateway.example.com");
        var (wildcard, _) = Write("wildcard", KeyType.P256, age: 0, "*.example.com");
        var (wildcards, _) = Write("wildcards", KeyType.RSA2048, age: 0, "*.example.com");
        var copy = new CertificateFile { Certificate = _world["files", "copy.crt"], Key = newer.Key };
        File.Copy(newer.Certificate, copy.Certificate);

        AssertUnused([older, newer], $"{older.Certificate}: serves no host: gateway.example.com is served from {newer.Certificate}, which is newer;");
        AssertUnused([newer, copy], $"{copy.Certificate}: serves no host: gateway.example.com is served from {newer.Certificate}, which holds the same certificate;");
        AssertUnused([newer, wildcards, wildcard],
            $"{wildcards.Certificate}: serves no host: gateway.example.com is served from {newer.Certificate}, which names it without a wildcard, chat.example.com is served from {wildcard.Certificate}, whose key is ECDSA;");
        AssertUnused([newer, wildcard]);
        AssertUnused([older, Write("both", KeyType.RSA2048, age: 0, "gateway.example.com", "chat.example.com").File]);
    }

    [Fact]
    public void A_chain_that_leads_to_a_root_goes_before_one_that_does_not()
    {
        var (complete, _) = Write("complete", KeyType.RSA2048, age: 2, "gateway.example.com");
        using var issued = _world.Ca.Issue("gateway.example.com");
        var lone = issued.WriteTo(_world["files"], "lone");
        File.WriteAllText(lone.Certificate, issued.LeafPem);
        var whole = new CertificateFile { Certificate = _world["files", "whole.crt"], Key = lone.Key };
        File.WriteAllText(whole.Certificate, issued.ChainPem);

        AssertUnused([lone, complete], $"{lone.Certificate}: serves no host: gateway.example.com is served from {complete.Certificate}, whose chain leads to a root;");
        AssertUnused([lone, whole], $"{lone.Certificate}: serves no host: gateway.example.com is served from {whole.Certificate}, which holds the same certificate;");
    }

    [Fact]
    public void What_is_not_valid_yet_or_any_more_is_reported_as_that_alone()
    {
        var (valid, _) = Write("valid", KeyType.RSA2048, age: 2, "gateway.example.com", "chat.example.com");
        var (early, _) = Write("early", KeyType.P256, age: -1, "gateway.example.com", "chat.example.com");

        AssertUnused([valid, early]);
    }

    [Fact]
    public async Task The_other_one_is_served_when_the_first_has_expired()
    {
        var (rsa, other) = Write("rsa", KeyType.RSA2048, age: 1, "gateway.example.com", "chat.example.com");
        var issued = _world.Ca.Issue(["gateway.example.com", "chat.example.com"], notBefore: _world.Time.GetUtcNow().AddDays(-2), notAfter: _world.Time.GetUtcNow().AddDays(2));
        Use(rsa, issued.WriteTo(_world["files"], "ecdsa"));
        using var edge = await _world.StartAsync();
        Assert.Equal(issued.SerialNumber, edge.Serial());

        _world.Time.Advance(TimeSpan.FromDays(3));
        await edge.SettleAsync();

        Assert.Equal(other, edge.Serial());
    }

    [Fact]
    public async Task A_file_that_serves_no_host_from_now_on_is_reported_when_the_other_one_changes()
    {
        var (ecdsa, _) = Write("ecdsa", KeyType.P256, age: 1, "gateway.example.com");
        var (rsa, _) = Write("rsa", KeyType.RSA2048, age: 0, "gateway.example.com", "chat.example.com");
        Use(ecdsa, rsa);
        using var edge = await _world.StartAsync();
        Assert.DoesNotContain(_world.Log.Lines, line => line.Text.Contains("serves no host", StringComparison.Ordinal));

        var (_, serial) = Write("ecdsa", KeyType.P256, age: 1, "gateway.example.com", "chat.example.com");
        await edge.SettleAsync();

        Assert.Equal((serial, serial), (edge.Serial(), edge.Serial(Chat)));
        Assert.Single(_world.Log.Lines, line => line.Text.StartsWith($"{rsa.Certificate}: serves no host: gateway.example.com, chat.example.com are served from {ecdsa.Certificate}, whose key is ECDSA", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_is_reported_while_an_import_stands_in_its_place()
    {
        using var file = _world.WriteFile();
        using var imported = _world.Issue();
        var line = $"{_world.Options.Certificates.Files[0].Certificate}: serves no host: gateway.example.com, chat.example.com are served from what was imported or rolled back "
            + "(uid 1000), which stands until the file changes; ";
        using (var first = await _world.StartAsync())
        {
            var result = await first.ImportAsync(imported);
            Assert.StartsWith(line, Assert.Single(result.Warnings), StringComparison.Ordinal);
        }

        _world.Log.Clear();
        using var second = await _world.StartAsync();
        Assert.Single(_world.Log.Lines, said => said.Text.StartsWith(line, StringComparison.Ordinal));
    }

    [Fact]
    public void A_CA_that_is_never_asked_because_files_cover_every_host_is_reported()
    {
        var (file, _) = Write("both", KeyType.P256, age: 1, "gateway.example.com", "chat.example.com");
        var (one, _) = Write("one", KeyType.P256, age: 1, "gateway.example.com");
        _world.Options = _world.Options with { Acme = new() { Directory = "https://ca.example.com/directory", AcceptTermsOfService = true } };

        Use(file);
        _world.Options = _world.Options with { Certificates = _world.Options.Certificates with { Source = CertificateSource.Acme } };
        Assert.Single(Warnings()).AssertSays("Edge:Certificates:Source: ", "Acme", "Certificates:Files", "every host");

        _world.Options = _world.Options with { Certificates = _world.Options.Certificates with { Files = [one] } };
        Assert.Empty(Warnings());
    }

    void AssertUnused(CertificateFile[] files, params string[] beginnings)
    {
        Use(files);
        var warnings = Warnings();
        Assert.Equal(beginnings.Length, warnings.Length);
        Assert.All(warnings.Zip(beginnings), pair => Assert.StartsWith(pair.Second, pair.First, StringComparison.Ordinal));
    }

    string[] Warnings()
    {
        var configuration = new ConfigurationResult(_world.Options, [], _world.Options);
        return [.. CertificateFilesCheck.Warnings(configuration, CertificateFilesCheck.Read(configuration, TimeProvider.System), TimeProvider.System)];
    }

    void Use(params CertificateFile[] files) => _world.Options = _world.Options with { Certificates = new() { Source = CertificateSource.Files, Files = files } };

    (CertificateFile File, string Serial) Write(string name, KeyType keyType, int age, params string[] hosts)
    {
        using var issued = _world.Ca.Issue(hosts, keyType, notBefore: _world.Time.GetUtcNow().AddDays(-age));
        return (issued.WriteTo(_world["files"], name), issued.SerialNumber);
    }
}
