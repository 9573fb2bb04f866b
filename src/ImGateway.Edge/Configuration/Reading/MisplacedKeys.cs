using System.Reflection;
using Microsoft.Extensions.Configuration.EnvironmentVariables;

namespace ImGateway.Edge.Configuration.Reading;

/// <summary>Finds keys of the section <c>Edge</c> that were written beside it, where they have no effect.</summary>
static class MisplacedKeys
{
    const string Edge = "Edge";

    static readonly string[] Keys =
    [
        .. typeof(EdgeOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite)
            .Select(property => ConfigurationKey.Join(Edge, property.Name)),
    ];

    public static void Check(IConfiguration configuration, ProblemCollector problems)
    {
        var files = (configuration as IConfigurationRoot)?.Providers.Where(provider => provider is not EnvironmentVariablesConfigurationProvider).ToList() ?? [];
        foreach (var section in configuration.GetChildren().Where(section => !section.Key.Equals(Edge, StringComparison.OrdinalIgnoreCase)))
        {
            var own = Array.Find(Keys, key => key[(Edge.Length + 1)..].Equals(section.Key, StringComparison.OrdinalIgnoreCase));
            // A variable named TLS may belong to any program; Tls__Policy is meant for the edge.
            var meant = files.Exists(provider => provider.GetChildKeys([], parentPath: null).Contains(section.Key, StringComparer.OrdinalIgnoreCase))
                ? own ?? NearestKey.Among(section.Key, [Edge, .. Keys])
                : section.GetChildren().Any() ? own : null;
            if (meant is not null) problems.Unknown(section.Path, meant, "");
        }
    }
}
