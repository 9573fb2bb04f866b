using ImGateway.Edge.Configuration;
using ImGateway.Edge.Proxying.Checks;
using Yarp.ReverseProxy.Configuration;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// YARP's configuration: derived from Edge:Upstreams and Edge:Routes, and overridden by the user's ReverseProxy section, which may set more
/// fields of cluster <c>gateway</c> and the routes.
/// </summary>
static class ProxyConfiguration
{
    public const string Section = "ReverseProxy";
    public const string Cluster = "gateway";

    /// <summary>The route parameter for the path after the prefix, for transforms that use it.</summary>
    public const string Remainder = "remainder";

    public static IConfigurationRoot Merge(EdgeOptions options, IConfiguration configuration) => new ConfigurationBuilder()
        .AddInMemoryCollection(Generate(options))
        .AddConfiguration(configuration.GetSection(Section))
        .Build();

    /// <summary>Reads the configuration as YARP's model.</summary>
    /// <exception cref="UserError">The section cannot be read.</exception>
    public static IProxyConfig Read(EdgeOptions options, IConfiguration configuration)
    {
        // YARP's section reader is available only from a container.
        using var reader = new ServiceCollection().AddLogging().AddReverseProxy().LoadFromConfig(Merge(options, configuration)).Services.BuildServiceProvider();
        try
        {
            return reader.GetRequiredService<IProxyConfigProvider>().GetConfig();
        }
        catch (Exception e) when (IsConfigurationError(e))
        {
            throw ToUserError(e);
        }
    }

    /// <summary>Whether this is an exception that YARP throws for an invalid section.</summary>
    public static bool IsConfigurationError(Exception e) => e is InvalidOperationException or FormatException or ArgumentException or KeyNotFoundException;

    /// <summary>YARP's reason as one line with the key.</summary>
    public static UserError ToUserError(Exception e)
    {
        var reason = e.GetBaseException() is AggregateException { InnerExceptions: [var first, ..] } ? first : e.GetBaseException();
        return new UserError($"{Section}: {reason.Message.TrimEnd('.')}; correct the section", e);
    }

    static IEnumerable<KeyValuePair<string, string?>> Generate(EdgeOptions options)
    {
        var cluster = $"Clusters:{Cluster}";
        for (var i = 0; i < options.Upstreams.Count; i++)
        {
            yield return new($"{cluster}:Destinations:upstream-{i + 1}:Address", options.Upstreams[i].AbsoluteUri);
        }

        yield return new($"{cluster}:HttpRequest:Version", "1.1");
        yield return new($"{cluster}:HttpRequest:VersionPolicy", "RequestVersionOrLower");
        yield return new($"{cluster}:HttpRequest:ActivityTimeout", options.Upstream.IdleTimeout.ToString("c"));
        foreach (var route in options.Routes.Select(ProxyRoute.Parse))
        {
            yield return new($"Routes:{route.Id}:ClusterId", Cluster);
            yield return new($"Routes:{route.Id}:Match:Path", $"{route.Prefix}/{{**{Remainder}}}");
        }
    }
}
