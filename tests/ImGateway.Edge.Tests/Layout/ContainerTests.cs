using ImGateway.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace ImGateway.Edge.Tests.Layout;

/// <summary>A service that is registered without its dependencies fails only where it is first used, which may be in a verb.</summary>
public sealed class ContainerTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Every_service_of_the_edge_can_be_created()
    {
        IServiceCollection registered = null!;
        await using var edge = await InProcessEdge.StartAsync(new EdgeSetup().WriteTo(_directory.Path), services => registered = services);
        var ours = registered.Where(service => !service.IsKeyedService && (IsOurs(service.ServiceType) || IsOurs(service.ImplementationType)) && !service.ServiceType.ContainsGenericParameters)
            .Select(service => service.ServiceType).Distinct().ToList();

        Assert.True(ours.Count > 100, $"{ours.Count} services");
        Assert.All(ours, service => Assert.DoesNotContain(null, edge.Services.GetServices(service)));
    }

    static bool IsOurs(Type? type) => type?.Assembly == typeof(EdgeApplication).Assembly;
}
