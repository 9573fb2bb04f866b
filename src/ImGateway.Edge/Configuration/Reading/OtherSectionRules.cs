namespace ImGateway.Edge.Configuration.Reading;

/// <summary>Rules for sections outside of <c>Edge</c> that would change, or seem to change, the edge's behaviour.</summary>
static class OtherSectionRules
{
    const string Cluster = "gateway";

    static readonly string[] ForwardedHeaders =
        ["ASPNETCORE_FORWARDEDHEADERS_ENABLED", "DOTNET_FORWARDEDHEADERS_ENABLED", "FORWARDEDHEADERS_ENABLED"];

    // The edge matches paths and hosts itself, on the raw request, before YARP sees it.
    static readonly string[] OwnMatches = ["Path", "Hosts", "Methods", "Headers", "QueryParameters"];

    static readonly string[] Policies = ["AuthorizationPolicy", "CorsPolicy", "RateLimiterPolicy", "OutputCachePolicy", "TimeoutPolicy"];

    public static void Check(IConfiguration configuration, EdgeOptions options, ProblemCollector problems)
    {
        foreach (var variable in ForwardedHeaders)
        {
            if (!"true".Equals(configuration[variable], StringComparison.OrdinalIgnoreCase)) continue;
            problems.Invalid(variable, "makes ASP.NET Core trust forwarded headers of any client", "unset it, and list the proxies in Edge:TrustedProxies");
        }

        foreach (var section in configuration.GetSection("Kestrel").GetChildren())
        {
            if (section.Key.Equals("Endpoints", StringComparison.OrdinalIgnoreCase)) problems.Invalid(section.Path, "is not used", "bind with Edge:Listen");
            if (section.Key.Equals("Certificates", StringComparison.OrdinalIgnoreCase)) problems.Invalid(section.Path, "is not used", "use Edge:Certificates");
        }

        foreach (var section in configuration.GetSection("ReverseProxy").GetChildren())
        {
            if (section.Key.Equals("Routes", StringComparison.OrdinalIgnoreCase)) CheckRoutes(section, options, problems);
            else if (section.Key.Equals("Clusters", StringComparison.OrdinalIgnoreCase)) CheckClusters(section, problems);
            else problems.Unknown(section.Path, NearestKey.Of(section.Path, ["ReverseProxy:Routes", "ReverseProxy:Clusters"]), "known here are Routes, Clusters");
        }
    }

    static void CheckRoutes(IConfigurationSection routes, EdgeOptions options, ProblemCollector problems)
    {
        var ids = options.Routes.Select(RouteRules.IdOf).ToArray();
        foreach (var route in routes.GetChildren())
        {
            if (!ids.Contains(route.Key, StringComparer.OrdinalIgnoreCase))
            {
                problems.Invalid(route.Path, "is no route of Edge:Routes", $"choose among {string.Join(", ", ids)}");
                continue;
            }

            foreach (var match in OwnMatches.Select(name => route.GetSection($"Match:{name}")).Where(match => match.Exists()))
            {
                problems.Invalid(match.Path, "is the edge's to decide", "remove it, and use Edge:Routes and Edge:Hosts");
            }

            foreach (var policy in Policies.Where(policy => route[policy] is not null))
            {
                problems.Invalid($"{route.Path}:{policy}", "names a policy, and the edge has none", "remove it");
            }

            if (route["ClusterId"] is { } cluster && !cluster.Equals(Cluster, StringComparison.OrdinalIgnoreCase))
            {
                problems.Invalid($"{route.Path}:ClusterId", $"{SingleLine.Quote(cluster)} is no cluster of the edge", $"write {Cluster} or remove it");
            }
        }
    }

    static void CheckClusters(IConfigurationSection clusters, ProblemCollector problems)
    {
        foreach (var cluster in clusters.GetChildren().Where(cluster => !cluster.Key.Equals(Cluster, StringComparison.OrdinalIgnoreCase)))
        {
            problems.Invalid(cluster.Path, "is no cluster of the edge", $"configure {Cluster}, the one there is");
        }
    }
}
