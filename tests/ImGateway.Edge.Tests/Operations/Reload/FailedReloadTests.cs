using System.Text.Json.Nodes;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Configuration.Reading;
using ImGateway.Edge.Operations.Reload;
using ImGateway.Edge.Tls;
using ImGateway.Testing;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Configuration;

namespace ImGateway.Edge.Tests.Operations.Reload;

/// <summary>A valid configuration that cannot be put in force, because of an error that nothing expects.</summary>
public sealed class FailedReloadTests : IDisposable
{
    static readonly HostName Gateway = HostName.Parse("gateway.test"), Added = HostName.Parse("added.test");

    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task The_certificates_of_before_are_served_again()
    {
        var path = new EdgeSetup { Hosts = [Gateway.Value] }.WriteTo(_directory.Path);
        var configuration = EdgeConfiguration.Load(path);
        await using var edge = await InProcessEdge.StartAsync(path, services =>
        {
            services.AddSingleton(new StartConfiguration(configuration, ConfigurationFile.Of(path)));
            // Only the test reloads.
            services.Remove(services.Single(service => service.ImplementationType == typeof(ReloadTriggers)));
        });
        var proxy = edge.Services.GetRequiredService<InMemoryConfigProvider>();
        var fails = true;
        FailOnChange();
        await AddHostAsync(path);

        var refused = await ReloadAsync();

        Assert.NotEmpty(refused.Problems);
        Assert.Equal([Gateway], edge.Services.GetRequiredService<CurrentOptions>().Value.Hosts);
        Assert.Equal([Gateway], edge.Services.GetRequiredService<CurrentCertificateOptions>().Value.Hosts);
        Assert.Equal([Gateway], edge.Services.GetRequiredService<ServerCertificateSelector>().Served.Keys);

        fails = false;
        Assert.Empty((await ReloadAsync()).Problems);
        Assert.Equal([Added, Gateway], edge.Services.GetRequiredService<ServerCertificateSelector>().Served.Keys.OrderBy(host => host.Value, StringComparer.Ordinal));

        Task<ReloadResult> ReloadAsync() => edge.Services.GetRequiredService<ConfigurationReload>().ReloadAsync("the test", TestContext.Current.CancellationToken);

        // YARP calls this while it replaces its configuration.
        void FailOnChange() => proxy.GetConfig().ChangeToken.RegisterChangeCallback(
            _ =>
            {
                FailOnChange();
                if (fails) throw new InvalidOperationException("on purpose");
            },
            state: null);
    }

    static async Task AddHostAsync(string path)
    {
        var file = JsonNode.Parse(await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken))!;
        file["Edge"]!["Hosts"] = new JsonArray(Gateway.Value, Added.Value);
        await File.WriteAllTextAsync(path, file.ToJsonString(), TestContext.Current.CancellationToken);
    }
}
