using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Tls;

/// <summary>A handshake with oneself, through the engine in memory, so that neither a required PROXY header nor admission can fail it.</summary>
public sealed class SelfProbe
{
    /// <summary>Null if a TLS client that asks for <paramref name="host"/> is shown <paramref name="expected"/> with its whole chain; else what is wrong.</summary>
    public Task<string?> ProbeAsync(HostName host, Credential expected, CancellationToken cancellationToken) =>
        throw new NotSupportedException();
}
