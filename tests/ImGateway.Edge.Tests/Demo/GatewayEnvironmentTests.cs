using System.Net;
using ImGateway.Edge.Demo;
using Microsoft.AspNetCore.Http;

namespace ImGateway.Edge.Tests.Demo;

public sealed class GatewayEnvironmentTests
{
    [Theory]
    [InlineData("true", "172.30.0.2", "172.30.0.2", "203.0.113.9")]
    [InlineData("true", "172.30.0.0/24, 10.0.0.1", "::ffff:172.30.0.2", "203.0.113.9")]
    [InlineData("true", "10.0.0.1", "172.30.0.2", "172.30.0.2")]
    [InlineData("true", "", "172.30.0.2", "172.30.0.2")]
    [InlineData("false", "172.30.0.2", "172.30.0.2", "172.30.0.2")]
    [InlineData(null, "172.30.0.2", "172.30.0.2", "172.30.0.2")]
    public void The_named_client_is_believed_of_trusted_proxies_only(string? behindProxy, string trusted, string peer, string client)
    {
        Assert.True(GatewayEnvironment.TryRead(Variables(("BEHIND_PROXY", behindProxy), ("TRUSTED_PROXIES", trusted)), out var environment, out _));
        var context = new DefaultHttpContext { Connection = { RemoteIpAddress = IPAddress.Parse(peer) } };
        context.Request.Headers["X-Real-IP"] = "203.0.113.9";

        Assert.Equal(client, environment.ClientOf(context));
    }

    [Theory]
    [InlineData("TLS_ENABLED", "true")]
    [InlineData("TRUSTED_PROXIES", "172.30.0.2,edge")]
    public void What_cannot_be_done_is_one_line_that_names_the_variable(string variable, string value)
    {
        Assert.False(GatewayEnvironment.TryRead(Variables((variable, value)), out _, out var problem));

        Assert.StartsWith(variable + ": ", problem);
        Assert.DoesNotContain('\n', problem);
    }

    [Fact]
    public void In_production_the_demo_gateway_says_what_to_do_in_whole()
    {
        Assert.False(GatewayEnvironment.TryRead(Variables(("IMGW_PRODUCTION", "true")), out _, out var problem));

        problem.AssertSays("IMGW_PRODUCTION: ", "demo gateway", "compose.yaml", "im-gateway-service", "compose.override.yaml");
    }

    static Func<string, string?> Variables(params (string Name, string? Value)[] variables) =>
        name => variables.FirstOrDefault(variable => variable.Name == name).Value;
}
