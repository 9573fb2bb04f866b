using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Operations.Reload;

/// <summary>What the process began with.</summary>
/// <param name="File">Where it is read again; null: nowhere.</param>
sealed record StartConfiguration(IConfiguration Configuration, ConfigurationFile? File);
