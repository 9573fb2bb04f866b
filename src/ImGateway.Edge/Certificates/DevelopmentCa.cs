using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates;

/// <summary>A name-constrained CA for development.</summary>
public sealed class DevelopmentCa
{
    DevelopmentCa()
    {
    }

    public static DevelopmentCa LoadOrCreate(string directory, IReadOnlyList<HostName> hosts, TimeProvider timeProvider) =>
        throw new UserError($"{directory}: development certificates are not in this build");
}
