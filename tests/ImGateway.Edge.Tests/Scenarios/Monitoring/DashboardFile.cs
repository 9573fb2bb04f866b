using System.Text.Json;

namespace ImGateway.Edge.Tests.Scenarios.Monitoring;

/// <summary>A query of a panel, with Grafana's variables in it.</summary>
sealed record DashboardQuery(string Panel, string Expression)
{
    public string Substitute(string job, string instance, string interval) => Expression
        .Replace("$__rate_interval", interval, StringComparison.Ordinal)
        .Replace("$job", job, StringComparison.Ordinal)
        .Replace("$instance", instance, StringComparison.Ordinal);
}

/// <summary>The dashboard as it is shipped.</summary>
sealed record DashboardFile(JsonElement Root)
{
    public IReadOnlyList<JsonElement> Panels => [.. Root.GetProperty("panels").EnumerateArray()];

    public IReadOnlyList<DashboardQuery> Queries =>
    [
        .. from panel in Panels
           where panel.TryGetProperty("targets", out _)
           from target in panel.GetProperty("targets").EnumerateArray()
           select new DashboardQuery(panel.GetProperty("title").GetString()!, target.GetProperty("expr").GetString()!),
    ];

    public static DashboardFile Read() => new(JsonDocument.Parse(File.ReadAllBytes(Path.Combine(RepositoryFiles.Grafana, "dashboard.json"))).RootElement);
}
