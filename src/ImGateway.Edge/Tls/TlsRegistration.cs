using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ImGateway.Edge.Tls;

static class TlsRegistration
{
    public static IServiceCollection AddTls(this IServiceCollection services, EdgeOptions options) => services
        .AddConnections(options)
        .AddSingleton(new ServerCertificateSelector(options))
        .AddSingleton<TlsMetrics>()
        .AddSingleton<HandshakeLog>()
        .AddSingleton(provider => new CertificateProof(provider.GetRequiredService<ServerCertificateSelector>(), options, provider.GetRequiredService<TimeProvider>()))
        .AddSingleton(provider => new PolicyProof(provider.GetRequiredService<ServerCertificateSelector>(), options, provider.GetRequiredService<TimeProvider>()))
        .AddSingleton<SslStreamEngine>();

    /// <summary>Makes a public listener speak TLS by the configured engine. Only public listeners have one.</summary>
    public static void UseTlsEngine(this ListenOptions listener)
    {
        var engine = listener.ApplicationServices.GetRequiredService<SslStreamEngine>();
        listener.Use(engine.Middleware);
    }
}
