using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Monitoring;

/// <summary>What is shipped, as it stands in the repository.</summary>
static class RepositoryFiles
{
    public static string Metrics => Repository.PathOf("docs", "metrics.md");

    public static string Prometheus => Repository.PathOf("deploy", "docker", "prometheus");

    public static string Grafana => Repository.PathOf("deploy", "docker", "grafana");
}
