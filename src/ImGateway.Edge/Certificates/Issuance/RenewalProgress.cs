using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>What a renewal is at: for the log, and for whoever waits for it. In order, unlike <see cref="Progress{T}"/>.</summary>
sealed partial class RenewalProgress(HostName host, IProgress<string>? other, ILogger logger) : IProgress<string>
{
    public void Report(string value)
    {
        Step(host, value);
        other?.Report($"{host}: {value}");
    }

    [LoggerMessage(49, LogLevel.Information, "{Host}: {Step}")]
    partial void Step(HostName host, string step);
}
