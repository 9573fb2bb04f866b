using ImGateway.Edge.Configuration.Reading;

namespace ImGateway.Edge.Tests.Configuration;

public sealed class EffectiveSettingsTests
{
    [Fact]
    public void Configured_and_default_values_are_listed_and_secrets_are_masked()
    {
        var lines = EffectiveSettings.Lines(Settings.With(
            """
            {"Certificates":{"Files":[{"Certificate":"im.pfx","Password":"hunter2"}]},"Listen":{"Http":[]},"Headers":{"Custom":{"X-A":"b"}}}
            """).Options()).ToArray();

        Assert.Contains("Edge:Hosts:0 = im.example.com", lines);
        Assert.Contains("Edge:Upstreams:0 = http://gateway:8080", lines);
        Assert.Contains("Edge:Listen:Http = (none)", lines);
        Assert.Contains("Edge:Listen:Https:0 = *:443", lines);
        Assert.Contains("Edge:Tls:DefaultHost = im.example.com", lines);
        Assert.Contains("Edge:Tls:HandshakeTimeout = 00:00:10", lines);
        Assert.Contains("Edge:Certificates:MaxAge = 90.00:00:00", lines);
        Assert.Contains("Edge:Certificates:Files:0:Certificate = im.pfx", lines);
        Assert.Contains("Edge:Certificates:Files:0:Password = ***", lines);
        Assert.Contains("Edge:Headers:Custom:X-A = b", lines);
        Assert.Contains("Edge:AccessLog = true", lines);
        Assert.Contains("Edge:TrustedProxies = (none)", lines);
        Assert.DoesNotContain(lines, line => line.Contains("hunter2", StringComparison.Ordinal));
    }

    [Fact]
    public void Of_an_external_account_the_file_is_listed_and_never_its_key()
    {
        var key = Path.GetTempFileName();
        File.WriteAllText(key, "c2VjcmV0LW9mLXRoZS1DQQ");

        var lines = EffectiveSettings.Lines(Settings.With($$"""{"Acme":{"ExternalAccount":{"KeyId":"id","HmacKeyFile":"{{key}}"} } }""").Options()).ToArray();

        File.Delete(key);
        Assert.Contains($"Edge:Acme:ExternalAccount:HmacKeyFile = {key}", lines);
        Assert.Contains("Edge:Acme:Directory = letsencrypt", lines);
        Assert.Contains("Edge:Acme:Challenges:1 = tls-alpn-01", lines);
        Assert.DoesNotContain(lines, line => line.Contains("c2VjcmV0", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_listed_reads_back_as_the_same_settings()
    {
        var lines = EffectiveSettings.Lines(Settings.With("""{"Tls":{"Policy":"Modern"},"TrustedProxies":["10.0.0.0/8"]}""").Options()).ToArray();
        var pairs = lines.Select(line => line.Split(" = ", 2)).ToArray();

        var again = Settings.Read("{}", [.. pairs.Where(pair => pair[1] != "(none)").Select(pair => (pair[0], (string?)pair[1]))]);

        Assert.Equal(lines, EffectiveSettings.Lines(again.Options()));
    }
}
