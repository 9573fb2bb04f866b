using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>The steps of renewals: logged, and reported to the caller that waits.</summary>
sealed partial class RenewalProgress(ILogger<RenewalProgress> logger)
{
    /// <summary>For one host. Reports in order, unlike <see cref="Progress{T}"/>.</summary>
    /// <param name="caller">The caller; null if none waits.</param>
    public IProgress<string> Of(HostName host, IProgress<string>? caller) => new HostProgress(this, host, caller);

    [LoggerMessage(1, LogLevel.Information, "{Host}: {Step}")]
    partial void Step(HostName host, string step);

    sealed class HostProgress(RenewalProgress all, HostName host, IProgress<string>? caller) : IProgress<string>
    {
        public void Report(string value)
        {
            all.Step(host, value);
            caller?.Report($"{host}: {value}");
        }
    }
}
