using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Acme;

/// <summary>A certificate that covers more than was ordered works for clients, and another order would cost one of few.</summary>
public sealed class ExtraNameTests
{
    const string Host = "gateway.test";

    static readonly ScriptableCaOptions Brisk = new() { RetryAfter = TimeSpan.Zero };
    static readonly EdgeSetup Setup = new() { Hosts = [Host], Settings = new Dictionary<string, JsonNode?> { ["Acme:Challenges"] = new JsonArray("http-01") } };

    [Fact]
    public async Task A_certificate_with_a_name_too_many_is_served_with_a_note()
    {
        await using var edge = await CaEdge.StartAsync(Brisk, Setup);
        edge.Ca.Fail(CaOperation.Finalize, CaFault.ExtraName);

        var renewed = await edge.RenewAsync(Host);

        Assert.True(renewed.Succeeded, renewed.Message);
        Assert.Equal(renewed.SerialNumber, await edge.ServedSerialAsync(Host));
        Assert.Equal(2, edge.Ca.OrdersCreated);
        Assert.Contains("www.gateway.test", edge.Audit.Last(line => line.Action == "renewed").Detail ?? "", StringComparison.Ordinal);
        await edge.Log.WaitForAsync(line => line.Message.Contains("was not ordered", StringComparison.Ordinal), CaEdge.Patience);
    }
}
