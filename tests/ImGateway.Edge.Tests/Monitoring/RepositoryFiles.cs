using System.Runtime.CompilerServices;

namespace ImGateway.Edge.Tests.Monitoring;

/// <summary>What is shipped, as it stands in the repository.</summary>
static class RepositoryFiles
{
    public static string Root { get; } = Find();

    public static string Metrics => Path.Combine(Root, "docs", "metrics.md");

    public static string Prometheus => Path.Combine(Root, "deploy", "docker", "prometheus");

    public static string Grafana => Path.Combine(Root, "deploy", "docker", "grafana");

    static string Find([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", ".."));
}
