namespace ImGateway.Edge.Configuration.Reading;

/// <summary>Rules for <c>Hosts</c> and <c>Tls:DefaultHost</c>.</summary>
static class HostRules
{
    const string Hosts = "Edge:Hosts";
    const string DefaultHost = "Edge:Tls:DefaultHost";

    public static void Check(EdgeOptions options, ProblemCollector problems)
    {
        if (options.Hosts.Count == 0) problems.Missing(Hosts, "list the public names, such as [\"gateway.example.com\"]");

        var seen = new HashSet<HostName>();
        for (var i = 0; i < options.Hosts.Count; i++)
        {
            var host = options.Hosts[i];
            if (!seen.Add(host)) problems.Invalid(problems.KeyOf(options.Hosts, i, Hosts), $"'{host}' is listed twice", "remove one");
        }

        if (options.Tls.DefaultHost is not { } chosen || !problems.IsValid(Hosts)) return;
        if (chosen.IsWildcard)
        {
            problems.Invalid(DefaultHost, $"'{chosen}' is a wildcard", "write one name that it covers");
        }
        else if (!options.Hosts.Any(host => host.Matches(chosen)))
        {
            problems.Invalid(DefaultHost, $"'{chosen}' is not among {Hosts}", "add it there or choose one of them");
        }
    }
}
