using System.Text.Json.Nodes;
using ImGateway.Acme;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Acme;

/// <summary>A CA no longer has the profile of <c>Acme:Profile</c>: there is time to correct that, but not until the certificate has expired.</summary>
public sealed class DroppedProfileTests
{
    const string Host = "gateway.test";
    const string Profile = "short";

    [Fact]
    public async Task While_there_is_time_it_is_an_error_that_names_the_profiles_that_there_are()
    {
        await using var edge = await StartAsync(TimeSpan.FromDays(90));
        edge.Ca.DropProfiles();

        var refused = await edge.RenewAsync(Host);

        Assert.False(refused.Succeeded, refused.Message);
        refused.Message.AssertSays("Edge:Acme:Profile: 127.0.0.1 ", $"'{Profile}'", "offers: none");
        Assert.Equal(1, edge.Ca.OrdersCreated);
        Assert.Equal(0, await WithoutProfileAsync(edge));
    }

    [Fact]
    public async Task Later_the_certificate_is_renewed_without_it_with_a_warning_and_a_metric()
    {
        // Due as soon as it is issued: a third of the time left for renewal is over after 15 seconds.
        await using var edge = await StartAsync(TimeSpan.FromSeconds(45), ("Acme:RenewAt", 0.9999), ca => ca.DropProfiles());

        var warning = await edge.Log.WaitForAsync(line => line.Message.Contains("without it", StringComparison.Ordinal), CaEdge.Patience);

        Assert.Equal("Warning", warning.Level);
        warning.Message.AssertSays($"{Host}: Edge:Acme:Profile: 127.0.0.1 ", $"'{Profile}'");
        await edge.Log.WaitForAsync(line => line.Message.Contains("replaced by", StringComparison.Ordinal), CaEdge.Patience);
        await edge.RenewalsEndedAsync();
        Assert.Equal(1, await WithoutProfileAsync(edge));
        Assert.Contains("renewalFailed", edge.Audit.Select(line => line.Action));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_revoked_certificate_is_replaced_without_it_at_once_and_the_next_has_it_again_where_the_CA_does(bool listed)
    {
        await using var edge = await StartAsync(TimeSpan.FromDays(90));
        if (listed) edge.Ca.Fail(CaOperation.NewOrder, CaFault.Problem("invalidProfile", 400));
        else edge.Ca.DropProfiles();

        var revoked = await edge.RevokeAsync(Host, RevocationReason.Superseded);

        Assert.True(revoked.Succeeded, revoked.Message);
        Assert.Null(edge.Ca.Certificates.Single(certificate => certificate.SerialNumber == revoked.SerialNumber).Profile);
        Assert.Equal(1, await WithoutProfileAsync(edge));
        Assert.Equal([Profile, null], edge.Audit.Where(line => line.Action == "renewed").Select(line => line.Profile));
        Assert.Contains(edge.Log.Lines, line => line.Level == "Warning" && line.Message.Contains("without it", StringComparison.Ordinal));
        if (!listed) return;

        var renewed = await edge.RenewAsync(Host);

        Assert.True(renewed.Succeeded, renewed.Message);
        Assert.Equal(Profile, edge.Ca.Certificates.Single(certificate => certificate.SerialNumber == renewed.SerialNumber).Profile);
        Assert.Equal(0, await WithoutProfileAsync(edge));
    }

    static Task<CaEdge> StartAsync(TimeSpan lifetime, (string Key, JsonNode? Value)? setting = null, Action<ScriptableCa>? then = null) =>
        StartAsync(
            new ScriptableCaOptions { RetryAfter = TimeSpan.Zero, Profiles = new Dictionary<string, CaProfile> { [Profile] = new("short", lifetime) } },
            setting is { } more ? [more] : [],
            then);

    static async Task<CaEdge> StartAsync(ScriptableCaOptions ca, (string Key, JsonNode? Value)[] settings, Action<ScriptableCa>? then)
    {
        var edge = await CaEdge.StartAsync(ca, new EdgeSetup
        {
            Hosts = [Host],
            Settings = settings.Append(("Acme:Profile", Profile)).Append(("Acme:Challenges", new JsonArray("http-01"))).ToDictionary(setting => setting.Item1, setting => setting.Item2),
        });
        then?.Invoke(edge.Ca);
        return edge;
    }

    static async Task<double> WithoutProfileAsync(CaEdge edge) => (await edge.MetricsAsync()).Sum("imgw_certificate_without_profile", ("host", Host));
}
