using ImGateway.Edge.Configuration.Reading;

namespace ImGateway.Edge.Operations.Reload;

/// <summary>The configuration at start.</summary>
/// <param name="File">The file that reloads read; null = no reloads.</param>
sealed record StartConfiguration(IConfiguration Configuration, ConfigurationFile? File);
