using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;

namespace ImGateway.Edge.Certificates.Files;

/// <summary>Creates the <see cref="FilesSource"/> of a configuration.</summary>
sealed class FilesSources(TimeProvider time, ScheduleClock clock, ILogger<WatchedFolders> logger)
{
    public FilesSource Of(EdgeOptions options) => new(options, time, clock, logger);
}
