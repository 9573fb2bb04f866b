using ImGateway.Edge.Configuration;
using Yarp.ReverseProxy.Configuration;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// YARP's configuration: what follows from Edge:Upstreams and Edge:Routes, under the user's own ReverseProxy section, which may say more
/// about cluster <c>gateway</c> and the routes, field by field.
/// </summary>
static class ProxyConfiguration
{
    public const string Section = "ReverseProxy";
    public const string Cluster = "gateway";

    /// <summary>The name of what follows a route's prefix, for transforms that mention it.</summary>
    public const string Remainder = "remainder";

    public static IConfigurationRoot Merge(EdgeOptions options, IConfiguration configuration) => new ConfigurationBuilder()
        .AddInMemoryCollection(Generate(options))
        .AddConfiguration(configuration.GetSection(Section))
        .Build();

    /// <summary>What YARP makes of it.</summary>
    /// <exception cref="UserError">It cannot be read.</exception>
    public static IProxyConfig Read(EdgeOptions options, IConfiguration configuration)
    {
        // YARP hands out its reader of sections in a container only.
        using var reader = new ServiceCollection().AddLogging().AddReverseProxy().LoadFromConfig(Merge(options, configuration)).Services.BuildServiceProvider();
        try
        {
            return reader.GetRequiredService<IProxyConfigProvider>().GetConfig();
        }
        catch (Exception e) when (IsMistake(e))
        {
            throw Mistake(e);
        }
    }

    /// <summary>Whether YARP throws this where a section is wrong.</summary>
    public static bool IsMistake(Exception e) => e is InvalidOperationException or FormatException or ArgumentException or KeyNotFoundException;

    /// <summary>YARP's reason as a line of ours.</summary>
    public static UserError Mistake(Exception e)
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
