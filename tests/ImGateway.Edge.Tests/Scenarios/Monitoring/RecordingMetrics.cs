using System.Reflection;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Operations.Status;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.SslStream;
using ImGateway.Testing;
using Microsoft.Extensions.DependencyInjection;
using Prometheus;

namespace ImGateway.Edge.Tests.Scenarios.Monitoring;

/// <summary>A factory that makes real metrics and remembers them: the library's registry does not tell what it holds.</summary>
public class RecordingMetrics : DispatchProxy
{
    readonly IMetricFactory _inner = Prometheus.Metrics.WithCustomRegistry(Prometheus.Metrics.NewCustomRegistry());
    readonly List<Collector> _made = [];

    /// <summary>All that the product registers: every class of its that takes a factory, made once.</summary>
    public static IReadOnlyList<Collector> OfProduct()
    {
        var factory = Create<IMetricFactory, RecordingMetrics>();
        var services = new ServiceCollection()
            .AddSingleton(factory)
            .AddSingleton(new CurrentOptions(new EdgeOptions()))
            .AddSingleton(TimeProvider.System)
            .AddSingleton(BuildInfo.Read())
            .AddSingleton<ITlsEngine>(new SslStreamEngine(TestProcess.Policy));
        var owners = typeof(EdgeApplication).Assembly.GetTypes()
            .Where(type => type is { IsClass: true, IsAbstract: false } && type.GetConstructors(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
                .Any(constructor => constructor.GetParameters().Any(parameter => parameter.ParameterType == typeof(IMetricFactory))))
            .ToList();
        foreach (var owner in owners) services.AddSingleton(owner);
        using var provider = services.BuildServiceProvider();
        foreach (var owner in owners) provider.GetRequiredService(owner);
        return ((RecordingMetrics)factory)._made;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        var made = targetMethod!.Invoke(_inner, args);
        if (made is Collector collector) _made.Add(collector);
        return made;
    }
}
